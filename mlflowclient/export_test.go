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
