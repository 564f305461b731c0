package predictsvc

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// signed signs a body as MLflow does; that the real server does so, TestTheRealServerCalls shows.
func signed(secret, body string, at time.Time) []string {
	sent := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("id-1." + sent + "." + body))
	return []string{
		mlflowclient.WebhookDeliveryIDHeader, "id-1", mlflowclient.WebhookTimestampHeader, sent,
		mlflowclient.WebhookSignatureHeader, "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}

func TestWebhookMakesTheServiceLook(t *testing.T) {
	s := newService(t, Config{
		ModelURI: "models:/wine@champion", ShadowModelURI: "models:/wine/latest", WebhookSecret: "hidden",
		Access: AccessConfig{Tokens: []string{"a-token-of-those-who-ask"}},
	})
	event := func(name string) string {
		return `{"entity":"model_version_alias","action":"created","timestamp":"x","data":{"name":"` + name + `","alias":"champion","version":"2"}}`
	}
	looked := func(f *follower) bool {
		select {
		case <-f.now:
			return true
		default:
			return false
		}
	}
	for name, test := range map[string]struct {
		body   string
		header []string
		status int
		looks  bool
		count  string
	}{
		"its model":      {event("wine"), signed("hidden", event("wine"), time.Now()), http.StatusNoContent, true, "followed"},
		"another model":  {event("win"), signed("hidden", event("win"), time.Now()), http.StatusNoContent, false, "ignored"},
		"a wrong secret": {event("wine"), signed("other", event("wine"), time.Now()), http.StatusUnauthorized, false, "refused"},
		"an old call":    {event("wine"), signed("hidden", event("wine"), time.Now().Add(-time.Hour)), http.StatusUnauthorized, false, "refused"},
		"not signed":     {event("wine"), nil, http.StatusUnauthorized, false, "refused"},
		"no event":       {"{}", signed("hidden", "{}", time.Now()), http.StatusBadRequest, false, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			before := total(t, s.metrics.webhooks.WithLabelValues(test.count))
			got := postTo(s, "/webhook", test.body, test.header...)
			if got.Code != test.status || looked(s.follower) != test.looks || looked(s.shadow.follower) != test.looks {
				t.Errorf("%d %s", got.Code, got.Body)
			}
			if counted := total(t, s.metrics.webhooks.WithLabelValues(test.count)) - before; counted != 1 {
				t.Errorf("%d counted as %s", counted, test.count)
			}
		})
	}
	if got := postTo(inProcess(t, tinyForest(5, 6), nil), "/webhook", event("wine")); got.Code != http.StatusNotFound {
		t.Errorf("without a secret: %d %s", got.Code, got.Body)
	}
	response := httptest.NewRecorder()
	s.Handler().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/webhook", http.NoBody))
	if response.Code != http.StatusUnauthorized && response.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d %s", response.Code, response.Body)
	}
}

// TestTheRealServerCalls has MLflow itself call the webhook of a service that would not look by itself for an hour.
func TestTheRealServerCalls(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address, stop := stack.StartMLflow(t, dir, []string{
		"server", "--backend-store-uri", "sqlite:///" + filepath.Join(dir, "mlflow.db"), "--artifacts-destination", filepath.Join(dir, "artifacts"),
	}, []string{
		"MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY=" + base64.URLEncoding.EncodeToString([]byte(rand.Text() + rand.Text())[:32]),
		"MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true", "MLFLOW_WEBHOOK_CACHE_TTL=0",
	})
	t.Cleanup(stop)
	client := newClient(t, address)
	registered(t, client, "wine", "champion", modelFiles(t, tinyForest(3, 4), nil))
	secret := rand.Text()
	s := serve(t, Config{Client: client, ModelURI: "models:/wine@champion", Poll: time.Hour, CacheDir: t.TempDir(), WebhookSecret: secret})
	web := httpClient(t)
	eventually(t, "a model", func() bool { code, _ := healthOf(t, web, s.url); return code == http.StatusOK })
	_, err := client.Webhooks.Create(t.Context(), mlflowclient.CreateWebhook{
		Name: "predictor", URL: s.url + webhookPath, Secret: secret,
		Events: []mlflowclient.WebhookEvent{mlflowclient.EventModelVersionAliasCreated, mlflowclient.EventModelVersionCreated},
	})
	must(t, err)
	registered(t, client, "wine", "champion", modelFiles(t, tinyForest(7, 8), nil))
	eventually(t, "the version of the call is served", func() bool { _, report := healthOf(t, web, s.url); return report.Model.Version == "2" })
}
