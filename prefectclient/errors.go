package prefectclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mlopsgo/internal/rest"
)

// Sentinels that [errors.Is] finds in an [*Error], by its status.
var (
	// ErrNotFound: 404, the object does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict: 409, it exists already, or parameters do not fit an enforced schema.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: 400 or 422, the server does not take the input.
	ErrInvalid = errors.New("invalid input")
	// ErrUnauthorized: 401, credentials are missing or wrong.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden: 403, for example protected objects or a CSRF token that is not taken.
	ErrForbidden = errors.New("forbidden")
	// ErrGone: 410, a lease was lost.
	ErrGone = errors.New("gone")
	// ErrLocked: 423, a concurrency limit is full; see [Error.RetryAfter].
	ErrLocked = errors.New("locked")
	// ErrUnavailable: no answer, 408, 429 or 5xx; it may pass by itself.
	ErrUnavailable = errors.New("unavailable")
)

// Error is a server's refusal of a call, or the lack of an answer (Status 0).
type Error struct {
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Method and Path say which call.
	Method, Path string
	// Message is the server's own text, or an excerpt of an answer that is not of its kind.
	Message string
	// Details says which fields are wrong, when the server does.
	Details []ErrorDetail
	// RetryAfter is how long the server asks to wait; 0 when it does not.
	RetryAfter time.Duration
	// RequestID is the id that was sent as X-Request-ID.
	RequestID string
	// Err is the cause when there was no answer.
	Err error
}

// ErrorDetail is one wrong field of a 422.
type ErrorDetail struct {
	// Type is pydantic's name of the error, for example "missing".
	Type string
	// Location is where, for example "body.name".
	Location string
	Message  string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "prefect: %s %s: ", e.Method, e.Path)
	if e.Status == 0 {
		fmt.Fprintf(&b, "no answer: %v", e.Err)
		return b.String()
	}
	fmt.Fprintf(&b, "%d", e.Status)
	if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for _, d := range e.Details {
		fmt.Fprintf(&b, "; %s: %s", d.Location, d.Message)
	}
	return b.String()
}

// Unwrap gives the cause of a missing answer.
func (e *Error) Unwrap() error { return e.Err }

// Is finds the sentinels of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrConflict:
		return e.Status == http.StatusConflict
	case ErrInvalid:
		return e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrGone:
		return e.Status == http.StatusGone
	case ErrLocked:
		return e.Status == http.StatusLocked
	case ErrUnavailable:
		return e.Status == 0 || e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests || e.Status >= 500
	}
	return false
}

// busy is Prefect's own word, with a 503, for a database that was busy or gone. The transaction was not carried out, but
// for one whose connection broke in its very end. A proxy's 503 has other words, and may hide an answer.
var busy = []byte(`"exception_message":"Service Unavailable"`)

// repeatable reports answers after which any call is sent again, as Prefect's own client does.
func (s Settings) repeatable(status int, _ http.Header, body []byte) bool {
	return status == http.StatusServiceUnavailable && bytes.Contains(body, busy) || slices.Contains(s.RetryExtraCodes, status)
}

// answerError turns a refusal into an [*Error]. Four shapes are seen: {"detail": text or list or object},
// {"exception_message": text}, the same with "exception_detail" (422), and anything from a proxy.
func answerError(method, path string, resp *rest.Response) *Error {
	e := &Error{Status: resp.Status, Method: method, Path: path, RequestID: resp.RequestID}
	e.RetryAfter = parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
	var body struct {
		Detail           json.RawMessage `json:"detail"`
		ExceptionMessage string          `json:"exception_message"`
		ExceptionDetail  json.RawMessage `json:"exception_detail"`
		Message          string          `json:"message"`
	}
	if err := json.Unmarshal(resp.Body, &body); err != nil {
		e.Message = rest.Excerpt(resp.Body)
		return e
	}
	e.Message = body.ExceptionMessage
	if e.Message == "" {
		e.Message = body.Message
	}
	for _, raw := range []json.RawMessage{body.Detail, body.ExceptionDetail} {
		e.take(raw)
	}
	if e.Message == "" && len(e.Details) == 0 {
		e.Message = rest.Excerpt(resp.Body)
	}
	return e
}

// take reads one detail: a text, a list of wrong fields, or something else, which is shown as it is.
func (e *Error) take(raw json.RawMessage) {
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		e.Message = joinText(e.Message, text)
		return
	}
	var list []struct {
		Type string `json:"type"`
		Loc  []any  `json:"loc"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && list[0].Msg != "" {
		for _, d := range list {
			parts := make([]string, len(d.Loc))
			for i, part := range d.Loc {
				parts[i] = fmt.Sprint(part)
			}
			e.Details = append(e.Details, ErrorDetail{Type: d.Type, Location: strings.Join(parts, "."), Message: d.Msg})
		}
		return
	}
	e.Message = joinText(e.Message, rest.Excerpt(raw))
}

func joinText(a, b string) string {
	if a == "" {
		return b
	}
	return a + ": " + b
}

// parseRetryAfter also takes fractions of seconds, which Prefect's concurrency limits send.
func parseRetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(header), 64); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	wait, _ := rest.RetryAfter(header, now)
	return wait
}
