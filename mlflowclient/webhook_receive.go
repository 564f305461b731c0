package mlflowclient

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook's call. The signature is "v1," and, in base64, the HMAC-SHA256 of "<delivery id>.<timestamp>.<body>"
// with the webhook's secret as the key, as mlflow/webhooks/delivery.py computes it; the timestamp is in seconds since 1970.
const (
	WebhookSignatureHeader  = "X-MLflow-Signature"
	WebhookTimestampHeader  = "X-MLflow-Timestamp"
	WebhookDeliveryIDHeader = "X-MLflow-Delivery-Id"
)

const (
	webhookTolerance = 5 * time.Minute
	maxWebhookBody   = 1 << 20
)

// WebhookDelivery is one call of a webhook.
type WebhookDelivery struct {
	// ID is new for each event; what is repeated, since it was not answered well, has the same.
	ID string
	// Sent has seconds: the signature covers it, and what is repeated has the same.
	Sent  time.Time
	Event WebhookEvent
	// Workspace is empty on a server without workspaces.
	Workspace string
	// Data is what the event is about.
	Data WebhookData
	// Raw is Data as it came, with what this package does not know.
	Raw json.RawMessage
}

// WebhookData is what an event is about; what it does not have is empty.
type WebhookData struct {
	// Name is the registered model's or prompt's.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Version, Source and RunID are those of a model version; Template is that of a prompt's.
	Version  string `json:"version"`
	Source   string `json:"source"`
	RunID    string `json:"run_id"`
	Template string `json:"template"`
	Alias    string `json:"alias"`
	// Tags are those of what was created; Key and Value are the tag that was set or deleted.
	Tags  map[string]string `json:"tags"`
	Key   string            `json:"key"`
	Value string            `json:"value"`
}

// VerifyWebhook reads a call of a webhook that has the secret. now is the receiver's clock. A signature that is missing
// or wrong, and a call that was sent more than five minutes before or after now, are ErrUnauthenticated: who listens could
// send an old call again. What is signed and cannot be understood is ErrInvalidParameter.
func VerifyWebhook(secret string, header http.Header, body []byte, now time.Time) (*WebhookDelivery, error) {
	if secret == "" {
		return nil, invalid("the webhook's secret is empty; without one its calls are not signed, and anybody could make them")
	}
	id, sent := header.Get(WebhookDeliveryIDHeader), header.Get(WebhookTimestampHeader)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + sent + "."))
	mac.Write(body)
	given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header.Get(WebhookSignatureHeader), "v1,"))
	if !strings.HasPrefix(header.Get(WebhookSignatureHeader), "v1,") || err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return nil, unauthenticated("the webhook's signature is missing or wrong")
	}
	seconds, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || id == "" {
		return nil, invalid("the webhook's call has the id %q and the timestamp %q", id, sent)
	}
	at := time.Unix(seconds, 0)
	if age := now.Sub(at); age > webhookTolerance || age < -webhookTolerance {
		return nil, unauthenticated("the webhook's call was not sent within five minutes of now")
	}
	return readDelivery(id, at, body)
}

func unauthenticated(message string) *Error {
	return &Error{Code: CodeUnauthenticated, Message: message}
}

func readDelivery(id string, sent time.Time, body []byte) (*WebhookDelivery, error) {
	var in struct {
		Entity    string          `json:"entity"`
		Action    string          `json:"action"`
		Workspace string          `json:"workspace"`
		Data      json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("the webhook's call is not what MLflow sends: %v", err)
	}
	d := &WebhookDelivery{
		ID: id, Sent: sent, Event: WebhookEvent(in.Entity + "." + in.Action), Workspace: in.Workspace, Raw: in.Data,
	}
	if in.Entity == "" || in.Action == "" || len(in.Data) == 0 || bytes.Equal(in.Data, []byte("null")) {
		return nil, invalid("the webhook's call is not what MLflow sends: it has no entity, action or data")
	}
	if err := json.Unmarshal(in.Data, &d.Data); err != nil {
		return nil, invalid("the data of the webhook's event %s are not what MLflow sends: %v", d.Event, err)
	}
	return d, nil
}

// WebhookReceiver answers the calls of webhooks that have its secret. It is an [http.Handler]; all fields are required.
type WebhookReceiver struct {
	// Secret is the webhooks' own.
	Secret string
	// Handle is called with every delivery that is genuine. When it fails, the answer is 500, and the server calls again
	// after some seconds, three times by default; so it must do no harm twice, for which WebhookDelivery.ID helps. The
	// server waits 30 seconds by default.
	Handle func(context.Context, *WebhookDelivery) error
}

// ServeHTTP answers 204 when Handle returns nil; 401 to a wrong signature or an old call, 400 and 413 to what MLflow
// does not send, 405 to anything but POST. The answers tell nothing of the reason.
func (r *WebhookReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.WriteHeader(r.serve(w, req))
}

func (r *WebhookReceiver) serve(w http.ResponseWriter, req *http.Request) int {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxWebhookBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return http.StatusRequestEntityTooLarge
		}
		return http.StatusBadRequest
	}
	delivery, err := VerifyWebhook(r.Secret, req.Header, body, time.Now())
	switch {
	case r.Secret == "":
		return http.StatusInternalServerError
	case errors.Is(err, ErrUnauthenticated):
		return http.StatusUnauthorized
	case err != nil:
		return http.StatusBadRequest
	}
	if err := r.Handle(req.Context(), delivery); err != nil {
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}
