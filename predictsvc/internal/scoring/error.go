package scoring

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Error is a body that is refused: what is wrong, and what was expected.
type Error struct {
	// Status is the status of the answer: 400 or 415.
	Status int
	// Code and Class are MLflow's error_code and error_class; "" for 415, which MLflow answers with a plain text.
	Code, Class string
	Message     string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// MLflow's codes of errors that are the request's fault. State is the sqlstate that belongs to each class.
const (
	badRequest       = "BAD_REQUEST"
	invalidParameter = "INVALID_PARAMETER_VALUE"
	schemaClass      = "SCHEMA_ENFORCEMENT_FAILED"
	schemaState      = "KAM01"
	invalidState     = "KAM00"
)

// malformed is a body that has not the form of a table or whose values cannot be of the columns' types.
func malformed(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: badRequest, Class: invalidParameter, Message: fmt.Sprintf(format, args...)}
}

// unfit is a table that does not fit the signature.
func unfit(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: invalidParameter, Class: schemaClass, Message: fmt.Sprintf(format, args...)}
}

// invalid is a request whose parameters are wrong.
func invalid(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: invalidParameter, Class: invalidParameter, Message: fmt.Sprintf(format, args...)}
}

// unsupported is a type of content that is not read.
func unsupported(format string, args ...any) *Error {
	return &Error{Status: http.StatusUnsupportedMediaType, Message: fmt.Sprintf(format, args...)}
}

// Body is the answer that MLflow's server gives for such an error, and its type of content.
func (e *Error) Body() (body []byte, contentType string) {
	if e.Code == "" {
		return []byte(e.Message), "text/plain; charset=utf-8"
	}
	answer := struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
		State   string `json:"sqlstate,omitempty"`
		Class   string `json:"error_class,omitempty"`
	}{e.Code, e.Message, "", e.Class}
	switch e.Class {
	case schemaClass:
		answer.State = schemaState
	case invalidParameter:
		answer.State = invalidState
	}
	body, _ = json.Marshal(answer) //nolint:errchkjson // Texts can always be written.
	return body, "application/json"
}
