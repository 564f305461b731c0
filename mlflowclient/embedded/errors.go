package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrClosed is returned by RoundTrip after Close.
var ErrClosed = errors.New("embedded MLflow store is closed")

// Error codes of MLflow's REST API that this package answers with.
const (
	codeInvalidParameter = "INVALID_PARAMETER_VALUE"
	codeNotFound         = "RESOURCE_DOES_NOT_EXIST"
	codeAlreadyExists    = "RESOURCE_ALREADY_EXISTS"
	codeBadRequest       = "BAD_REQUEST"
	codeInvalidState     = "INVALID_STATE"
	codeInternal         = "INTERNAL_ERROR"
	codeUnavailable      = "TEMPORARILY_UNAVAILABLE"
	codeNotImplemented   = "NOT_IMPLEMENTED"
)

// apiError is a failure that the real server reports as JSON: it travels through the operations as an error and
// becomes the body of the answer.
type apiError struct {
	code    string
	message string

	sqlState, class string // what classification gives, unless they are set
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func failf(code, format string, args ...any) error {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

func invalidf(format string, args ...any) error { return failf(codeInvalidParameter, format, args...) }

// errServerFault stands for the requests on which the real server's handler raises an exception of Python's own:
// it answers 500 with an HTML page instead of an MLflow error.
var errServerFault = errors.New("the server's handler failed")

// status is the HTTP status that MLflow pairs with the code.
func (e *apiError) status() int {
	switch e.code {
	case codeInvalidParameter, codeAlreadyExists, codeBadRequest:
		return http.StatusBadRequest
	case codeNotFound:
		return http.StatusNotFound
	case codeNotImplemented:
		return http.StatusNotImplemented
	case codeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// classification gives the sqlstate and error_class that MLflow derives from the code; both empty for a code
// that it does not classify.
func (e *apiError) classification() (sqlstate, class string) {
	switch e.code {
	case codeInvalidParameter, codeBadRequest:
		return "KAM00", "INVALID_PARAMETER_VALUE"
	case codeNotFound:
		return "KAM00", "RESOURCE_NOT_FOUND"
	case codeAlreadyExists:
		return "KAM00", "RESOURCE_ALREADY_EXISTS"
	case codeInternal, codeInvalidState, codeUnavailable:
		return "XXM00", "CLIENT_INTERNAL_ERROR"
	default:
		return "", ""
	}
}

func (e *apiError) body() []byte {
	sqlstate, class := e.sqlState, e.class
	if class == "" {
		sqlstate, class = e.classification()
	}
	body, err := json.Marshal(struct {
		ErrorCode  string `json:"error_code"`
		Message    string `json:"message"`
		SQLState   string `json:"sqlstate,omitempty"`
		ErrorClass string `json:"error_class,omitempty"`
	}{e.code, e.message, sqlstate, class})
	if err != nil { // strings always marshal
		return nil
	}
	return body
}

// databaseError says what a failure of SQLite means to the caller: a lock or a disk that may be better later is
// TEMPORARILY_UNAVAILABLE, a broken constraint BAD_REQUEST, as the real server has it.
func (s *Store) databaseError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*apiError](err); ok || errors.Is(err, errServerFault) {
		return err
	}
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return failf(codeInternal, "%s: %v", s.path, err)
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return failf(codeBadRequest, "%v", err)
	case sqlite3.SQLITE_FULL:
		return failf(codeUnavailable, "%s: the disk is full (%v): nothing of this request was written; free some space and repeat it", s.path, err)
	case sqlite3.SQLITE_READONLY:
		return failf(codeUnavailable, "%s: the file or its folder cannot be written (%v); check the permissions", s.path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return failf(codeUnavailable, "%s: another process held the file for more than %s (%v); repeat the request", s.path, busyTimeout, err)
	default:
		return failf(codeUnavailable, "%s: %v", s.path, err)
	}
}

// isConstraint reports whether err is a broken UNIQUE, PRIMARY KEY, CHECK or FOREIGN KEY constraint.
func isConstraint(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}
