package evidently

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mlopsgo/internal/rest"
)

// Sentinels that [errors.Is] finds in an [*Error].
var (
	// ErrNotFound: 404, there is no such project or snapshot.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: 401 or 403, the secret is missing or wrong.
	ErrForbidden = errors.New("forbidden")
	// ErrUnavailable: no answer, 408, 429 or 5xx; it may pass by itself. The service also answers so to a body that it cannot read.
	ErrUnavailable = errors.New("unavailable")
	// ErrInvalid: what was to be sent was refused before it was.
	ErrInvalid = errors.New("invalid")
)

// Error is the service's refusal of a call, or the lack of an answer (Status 0).
type Error struct {
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Method and Path say which call.
	Method, Path string
	// Message is the service's own text, or an excerpt of an answer of another kind.
	Message string
	// Untouched says that the call certainly changed nothing.
	Untouched bool
	// Err is the cause when there was no answer.
	Err error
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("evidently: %s %s: no answer: %v", e.Method, e.Path, e.Err)
	}
	text := fmt.Sprintf("evidently: %s %s: %d %s", e.Method, e.Path, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Status == http.StatusForbidden {
		text += " (set EVIDENTLY_SECRET to the service's secret)"
	}
	return text
}

// Unwrap gives the cause of a missing answer.
func (e *Error) Unwrap() error { return e.Err }

// Is finds the sentinels of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrForbidden:
		return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized
	case ErrUnavailable:
		return e.Status == 0 || rest.Transient(e.Status) || e.Status >= http.StatusInternalServerError
	}
	return false
}

// answerError reads {"status_code": 403, "detail": "Not allowed"}, or anything from a proxy.
func answerError(req *rest.Request, resp *rest.Response) *Error {
	e := &Error{Status: resp.Status, Method: req.Method, Path: req.Path, Untouched: resp.Status < http.StatusInternalServerError && !resp.Uncertain}
	var body struct {
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(resp.Body, &body); err != nil || body.Detail == "" {
		e.Message = rest.Excerpt(resp.Body)
		return e
	}
	e.Message = strings.TrimSpace(body.Detail)
	return e
}

func transportError(req *rest.Request, err error) *Error {
	e := &Error{Method: req.Method, Path: req.Path, Err: err}
	if transport, ok := errors.AsType[*rest.TransportError](err); ok {
		e.Err, e.Untouched = transport.Err, !transport.Uncertain
	}
	return e
}
