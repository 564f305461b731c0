package rest

import "net/http"

// observed shows what was answered to whoever asked to see it.
type observed struct {
	next http.RoundTripper
	see  func(*http.Request, int)
}

// RoundTrip implements http.RoundTripper.
func (o observed) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(req)
	if err == nil {
		o.see(req, resp.StatusCode)
	}
	return resp, err
}
