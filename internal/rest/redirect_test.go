package rest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRedirectsToAnotherHostAreNotFollowed(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(other.Close)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			s := &script{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL+"/login?secret=1", code)
			}}}
			c := client(t, Config{BaseURL: server(t, s.ServeHTTP), Token: "t0ken", Header: http.Header{"X-Key": {"k3y"}}})
			req := &Request{Method: method, Path: "/x", Repeat: Harmless}
			if method != http.MethodGet {
				req.Body = []byte("private")
			}
			_, err := c.Do(t.Context(), req)
			var redirect *RedirectError
			if !errors.As(err, &redirect) || !strings.HasPrefix(redirect.To, other.URL) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s, %d: error %v", method, code, err)
			}
			if reached || s.calls() != 1 {
				t.Fatalf("%s, %d: the other server was reached: %v; %d calls", method, code, reached, s.calls())
			}
		}
	}
}

func TestRedirectsWithinTheServer(t *testing.T) {
	to := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/base/path/y", code) }
	}
	tests := []struct {
		method string
		code   int
		follow bool
	}{
		{http.MethodGet, 302, true},
		{http.MethodPost, 307, true},
		{http.MethodPost, 308, true},
		{http.MethodPost, 301, false}, // would become a GET
		{http.MethodPost, 303, false},
	}
	for _, tt := range tests {
		s := &script{answers: []http.HandlerFunc{to(tt.code)}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP), Token: "t0ken"})
		req := &Request{Method: tt.method, Path: "/x", Repeat: Harmless}
		if tt.method == http.MethodPost {
			req.Body = []byte("body")
		}
		resp, err := c.Do(t.Context(), req)
		if !tt.follow {
			if err == nil || s.calls() != 1 {
				t.Errorf("%s, %d: followed, %d calls", tt.method, tt.code, s.calls())
			}
			continue
		}
		if err != nil || resp.Status != 200 || s.calls() != 2 {
			t.Errorf("%s, %d: response %+v, error %v, %d calls", tt.method, tt.code, resp, err, s.calls())
			continue
		}
		if s.bodies[0] != s.bodies[1] || s.headers[1].Get("Authorization") != "Bearer t0ken" {
			t.Errorf("%s, %d: bodies %q, header %v", tt.method, tt.code, s.bodies, s.headers[1])
		}
	}
	t.Run("in a circle", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, to(302))})
		if _, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/y", Repeat: Harmless}); err == nil {
			t.Error("no error")
		}
	})
}
