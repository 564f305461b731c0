package rest

import (
	"io"
	"net/http"
	"net/url"
)

// Repeat says whether a call may be sent again although an earlier attempt may have been carried out.
type Repeat int

const (
	// Once is for calls that do harm when carried out twice, such as creating a run.
	Once Repeat = iota
	// Harmless is for calls whose second execution changes nothing: reads, and writes that set a state.
	Harmless
)

// Request is one call.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Path follows the base URL; it starts with a slash and is percent-encoded already.
	Path string
	// Query is appended to the path.
	Query url.Values
	// Header is added to the client's header and wins over it.
	Header http.Header
	// Body is sent as it is, with ContentType ("application/json" when empty).
	Body        []byte
	ContentType string
	// Open gives the body of a streamed request, once an attempt; it excludes Body. An error of a later attempt's Open
	// ends the repeating. Length is its size in bytes, negative when unknown.
	Open   func() (io.ReadCloser, error)
	Length int64
	// Stream leaves a successful answer's body to the caller, in [Response.Stream].
	Stream bool
	// Repeat says whether the call may be sent again after an attempt with an unknown end.
	Repeat Repeat
}

// Response is what the server answered, whatever the status.
type Response struct {
	Status int
	Header http.Header
	// Body is the whole answer; nil when Stream is set.
	Body []byte
	// Stream is the body of a successful answer to a request with Stream; the caller closes it.
	Stream io.ReadCloser
	// Length is the size that the server announced, negative when it did not.
	Length int64
	// RequestID is the id that server and client know the call by.
	RequestID string
	// Attempts counts what was sent.
	Attempts int
	// Uncertain is set when an attempt that failed may have been carried out all the same. A "does not exist" or "exists
	// already" may then be the echo of our own work.
	Uncertain bool
}

// OK reports a status of the 200 class.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }
