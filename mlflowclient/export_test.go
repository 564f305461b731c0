package mlflowclient

import "net/http"

// WithObserver tells see every answer's request and status, in the goroutine of the call. The client's own connections
// stay in place, unlike with WithTransport.
func WithObserver(see func(req *http.Request, status int)) Option {
	return func(s *settings) error {
		s.rest.Observe = see
		return nil
	}
}

// WithDelayedACK leaves the kernel's delayed acknowledgements on, to measure what they cost: 40 ms a call on a server with
// several workers.
func WithDelayedACK() Option {
	return func(s *settings) error { s.rest.NoQuickACK = true; return nil }
}
