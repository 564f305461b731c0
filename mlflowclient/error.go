package mlflowclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mlopsgo/internal/rest"
)

// Sentinels for decisions: errors.Is(err, ErrNotFound) holds however deeply err is wrapped, and whether the server or
// this package refused.
var (
	// ErrNotFound: the experiment, run, tag, artifact, … does not exist.
	ErrNotFound = errors.New("mlflow: does not exist")
	// ErrAlreadyExists: the name is taken, possibly by something deleted that can be restored.
	ErrAlreadyExists = errors.New("mlflow: already exists")
	// ErrInvalidParameter: the call can never succeed as it is.
	ErrInvalidParameter = errors.New("mlflow: invalid parameter")
	// ErrInvalidState: the call does not fit the state of its object, for example because that is deleted.
	ErrInvalidState = errors.New("mlflow: invalid state")
	// ErrPermissionDenied: the user is known and may not do this.
	ErrPermissionDenied = errors.New("mlflow: permission denied")
	// ErrUnauthenticated: credentials are missing or wrong.
	ErrUnauthenticated = errors.New("mlflow: not authenticated")
	// ErrUnavailable: the server is overloaded, starting or without its database; later it may work.
	ErrUnavailable = errors.New("mlflow: temporarily unavailable")
	// ErrNotImplemented: the server does not offer the operation.
	ErrNotImplemented = errors.New("mlflow: operation not offered")
	// ErrInternal: the server failed.
	ErrInternal = errors.New("mlflow: internal server error")
	// ErrUnreachable: there was no answer.
	ErrUnreachable = errors.New("mlflow: no answer")
)

// MLflow's names of errors, as [Error.Code] holds them.
const (
	CodeAlreadyExists          = "RESOURCE_ALREADY_EXISTS"
	CodeBadRequest             = "BAD_REQUEST"
	CodeDoesNotExist           = "RESOURCE_DOES_NOT_EXIST"
	CodeEndpointNotFound       = "ENDPOINT_NOT_FOUND"
	CodeInternalError          = "INTERNAL_ERROR"
	CodeInvalidParameterValue  = "INVALID_PARAMETER_VALUE"
	CodeInvalidState           = "INVALID_STATE"
	CodeMalformedRequest       = "MALFORMED_REQUEST"
	CodeNotFound               = "NOT_FOUND"
	CodeNotImplemented         = "NOT_IMPLEMENTED"
	CodePermissionDenied       = "PERMISSION_DENIED"
	CodeRequestLimitExceeded   = "REQUEST_LIMIT_EXCEEDED"
	CodeTemporarilyUnavailable = "TEMPORARILY_UNAVAILABLE"
	CodeUnauthenticated        = "UNAUTHENTICATED"
)

// Error is the error of every call of this package.
type Error struct {
	// Status is the HTTP status; 0 when there was no answer, or when the call was refused before it was sent.
	Status int
	// Code is MLflow's name of the error. An answer that is not MLflow's own gets the code that fits its status.
	Code string
	// Message is the server's; of an answer that is not JSON, an excerpt.
	Message string
	// Method and Path say which operation it was.
	Method, Path string
	// RequestID is what the server's log may know the call by (X-Request-ID).
	RequestID string
	// Uncertain says that the call, or an earlier attempt of it, may have been carried out all the same.
	Uncertain bool
	// Err is the cause when there was no answer, for example a *net.OpError or context.DeadlineExceeded.
	Err error
}

// Error is one line: operation, status and code, message.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("mlflow")
	if e.Path != "" {
		fmt.Fprintf(&b, ": %s %s", e.Method, e.Path)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if message := e.Message; message != "" {
		if strings.ContainsAny(message, "\r\n") { // the server quotes SQL statements as they are
			message = strings.Join(strings.Fields(message), " ")
		}
		fmt.Fprintf(&b, ": %s", message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the cause of a call without an answer.
func (e *Error) Unwrap() error { return e.Err }

// Is tells the sentinels of this package.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case CodeDoesNotExist, CodeNotFound:
		return target == ErrNotFound
	case CodeAlreadyExists:
		return target == ErrAlreadyExists
	case CodeInvalidParameterValue, CodeBadRequest, CodeMalformedRequest:
		return target == ErrInvalidParameter
	case CodeInvalidState:
		return target == ErrInvalidState
	case CodePermissionDenied:
		return target == ErrPermissionDenied
	case CodeUnauthenticated:
		return target == ErrUnauthenticated
	case CodeTemporarilyUnavailable, CodeRequestLimitExceeded:
		return target == ErrUnavailable
	case CodeNotImplemented, CodeEndpointNotFound:
		return target == ErrNotImplemented
	case CodeInternalError:
		return target == ErrInternal
	case "":
		return target == ErrUnreachable && e.Status == 0 && e.Err != nil
	}
	return false
}

// invalid is the error of a call that is refused before it is sent.
func invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalidParameterValue, Message: fmt.Sprintf(format, args...)}
}

// answerError reads the error that an answer holds.
func answerError(method, path string, resp *rest.Response) *Error {
	e := &Error{Status: resp.Status, Method: method, Path: path, RequestID: resp.RequestID, Uncertain: resp.Uncertain}
	var body struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(resp.Body, &body) == nil && body.Code != "" {
		e.Code, e.Message = body.Code, body.Message
		return e
	}
	e.Code = codeOf(resp.Status)
	if switchedOff(resp.Status, resp.Body) {
		e.Code = CodeNotImplemented
	}
	e.Message = rest.Excerpt(resp.Body)
	if e.Message == "" {
		e.Message = http.StatusText(resp.Status)
	}
	return e
}

// switchedOff tells a part of the server that it was started without, such as workspaces or artifacts. It answers 503, as
// if it could come back.
func switchedOff(status int, body []byte) bool {
	return status == http.StatusServiceUnavailable && bytes.HasPrefix(body, []byte("Endpoint: ")) && bytes.Contains(body, []byte(" disabled "))
}

// codeOf names an answer that did not come from MLflow's handlers, but from a proxy, the web framework or a login page.
func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return CodeUnauthenticated
	case http.StatusForbidden:
		return CodePermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return CodeEndpointNotFound
	case http.StatusTooManyRequests:
		return CodeRequestLimitExceeded
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return CodeTemporarilyUnavailable
	}
	if status >= 400 && status < 500 {
		return CodeBadRequest
	}
	return CodeInternalError
}
