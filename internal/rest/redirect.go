package rest

import (
	"fmt"
	"net/http"
)

// RedirectError says that the server sent the call elsewhere and that the client did not go.
type RedirectError struct {
	// To is the target without credentials and query.
	To     string
	Reason string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("the server redirects to %s: %s", e.To, e.Reason)
}

// checkRedirect follows a redirect only when it leads to the same server by the same method. Another host must not
// receive what was meant for this one; and a POST that turns into a GET would be answered with a page, as if it had
// been carried out.
func checkRedirect(req *http.Request, via []*http.Request) error {
	target := *req.URL
	target.User, target.RawQuery, target.Fragment = nil, "", ""
	first := via[0]
	switch {
	case req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host:
		return &RedirectError{To: target.String(), Reason: "not followed, because it is another server; if it is the right one, use its address"}
	case req.Method != first.Method:
		return &RedirectError{To: target.String(), Reason: fmt.Sprintf("not followed, because the %s would become a %s", first.Method, req.Method)}
	case len(via) >= 5:
		return &RedirectError{To: target.String(), Reason: "not followed after five redirects"}
	}
	return nil
}
