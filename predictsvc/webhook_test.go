package predictsvc

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// signed signs a body as MLflow does; that the real server does so is tested in package mlflowclient, and here by TestChaos.
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
	s.Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/webhook", nil))
	if response.Code != http.StatusUnauthorized && response.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d %s", response.Code, response.Body)
	}
}
