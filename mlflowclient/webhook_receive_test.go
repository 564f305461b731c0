package mlflowclient_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

const hookBody = `{"entity": "model_version_alias", "action": "created", "timestamp": "2026-11-25T18:00:00+00:00", "data": {"name": "wine", "alias": "champion", "version": "3"}}`

// signed are the headers of a call at a time.
func signed(secret, body string, at time.Time) http.Header {
	sent := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("id-1." + sent + "." + body))
	return http.Header{
		"X-Mlflow-Delivery-Id": {"id-1"}, "X-Mlflow-Timestamp": {sent},
		"X-Mlflow-Signature": {"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
}

func TestVerifyWebhook(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	d, err := mlflowclient.VerifyWebhook("s", signed("s", hookBody, now), []byte(hookBody), now.Add(5*time.Minute))
	must(t, err)
	if d.ID != "id-1" || !d.Sent.Equal(now) || d.Event != mlflowclient.EventModelVersionAliasCreated || d.Data.Name != "wine" || d.Data.Alias != "champion" || d.Data.Version != "3" || len(d.Raw) == 0 {
		t.Errorf("delivery %+v", d)
	}
	without := func(name string) http.Header {
		h := signed("s", hookBody, now)
		h.Del(name)
		return h
	}
	with := func(value string) http.Header {
		h := signed("s", hookBody, now)
		h.Set(mlflowclient.WebhookSignatureHeader, value)
		return h
	}
	good := signed("s", hookBody, now).Get(mlflowclient.WebhookSignatureHeader)
	moved := signed("s", hookBody, now)
	moved.Set(mlflowclient.WebhookTimestampHeader, strconv.FormatInt(now.Unix()+1, 10))
	for what, tt := range map[string]struct {
		header http.Header
		body   string
		secret string
		now    time.Time
		want   error
	}{
		"another secret":          {signed("x", hookBody, now), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"another body":            {signed("s", hookBody, now), hookBody + " ", "s", now, mlflowclient.ErrUnauthenticated},
		"another time":            {moved, hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"no signature":            {without(mlflowclient.WebhookSignatureHeader), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"no id":                   {without(mlflowclient.WebhookDeliveryIDHeader), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"no time":                 {without(mlflowclient.WebhookTimestampHeader), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"another version":         {with("v2" + good[2:]), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"no version":              {with(good[3:]), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"half a signature":        {with(good[:20]), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"an empty signature":      {with("v1,"), hookBody, "s", now, mlflowclient.ErrUnauthenticated},
		"too old":                 {signed("s", hookBody, now), hookBody, "s", now.Add(5*time.Minute + time.Second), mlflowclient.ErrUnauthenticated},
		"from the future":         {signed("s", hookBody, now), hookBody, "s", now.Add(-6 * time.Minute), mlflowclient.ErrUnauthenticated},
		"no secret":               {signed("", hookBody, now), hookBody, "", now, mlflowclient.ErrInvalidParameter},
		"a body that is no JSON":  {signed("s", "x", now), "x", "s", now, mlflowclient.ErrInvalidParameter},
		"a body without data":     {signed("s", `{"entity":"a","action":"b"}`, now), `{"entity":"a","action":"b"}`, "s", now, mlflowclient.ErrInvalidParameter},
		"data of another kind":    {signed("s", `{"entity":"a","action":"b","data":[]}`, now), `{"entity":"a","action":"b","data":[]}`, "s", now, mlflowclient.ErrInvalidParameter},
		"a body that is an array": {signed("s", `[]`, now), `[]`, "s", now, mlflowclient.ErrInvalidParameter},
	} {
		d, err := mlflowclient.VerifyWebhook(tt.secret, tt.header, []byte(tt.body), tt.now)
		if d != nil {
			t.Errorf("%s: delivery %+v", what, d)
		}
		denied(t, what, err, tt.want)
	}
}

func TestWebhookReceiver(t *testing.T) {
	now := time.Now()
	calls := 0
	receiver := &mlflowclient.WebhookReceiver{Secret: "s", Handle: func(_ context.Context, d *mlflowclient.WebhookDelivery) error {
		if calls++; d.Data.Name == "bad" {
			return errors.New("a reason")
		}
		return nil
	}}
	failing := strings.ReplaceAll(hookBody, "wine", "bad")
	long := strings.Repeat(" ", 1<<20) + hookBody
	for _, tt := range []struct {
		what, method, body string
		header             http.Header
		status, calls      int
	}{
		{"genuine", "POST", hookBody, signed("s", hookBody, now), 204, 1},
		{"a handler that fails", "POST", failing, signed("s", failing, now), 500, 1},
		{"a wrong secret", "POST", hookBody, signed("x", hookBody, now), 401, 0},
		{"an old call", "POST", hookBody, signed("s", hookBody, now.Add(-time.Hour)), 401, 0},
		{"no JSON", "POST", "{", signed("s", "{", now), 400, 0},
		{"a GET", "GET", hookBody, signed("s", hookBody, now), 405, 0},
		{"too long", "POST", long, signed("s", long, now), 413, 0},
	} {
		calls = 0
		req := httptest.NewRequestWithContext(t.Context(), tt.method, "/", strings.NewReader(tt.body))
		req.Header = tt.header
		w := httptest.NewRecorder()
		receiver.ServeHTTP(w, req)
		if w.Code != tt.status || calls != tt.calls || w.Body.Len() > 0 {
			t.Errorf("%s: status %d after %d calls of Handle, want %d after %d; body %q", tt.what, w.Code, calls, tt.status, tt.calls, w.Body)
		}
	}
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(hookBody))
	req.Header = signed("", hookBody, now)
	(&mlflowclient.WebhookReceiver{Handle: receiver.Handle}).ServeHTTP(w, req)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("a receiver without a secret answers %d", w.Code)
	}
}

// FuzzVerifyWebhook gives any signed body.
func FuzzVerifyWebhook(f *testing.F) {
	for _, body := range []string{hookBody, "", "{}", "null", `{"entity":1}`, `{"entity":"a","action":"b","data":{"tags":{"k":null}}}`, `{"entity":"a","action":"b","data":null}`} {
		f.Add(body)
	}
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, body string) {
		d, err := mlflowclient.VerifyWebhook("s", signed("s", body, now), []byte(body), now)
		switch {
		case (d == nil) == (err == nil):
			t.Fatalf("%q: delivery %+v, error %v", body, d, err)
		case err != nil && !errors.Is(err, mlflowclient.ErrInvalidParameter):
			t.Fatalf("%q: %v", body, err)
		case err == nil && (d.Event == "" || d.ID != "id-1"):
			t.Fatalf("%q: delivery %+v", body, d)
		}
	})
}
