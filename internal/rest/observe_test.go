package rest

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// TestObserve sees every attempt, and leaves the connections to this package.
func TestObserve(t *testing.T) {
	var seen []string
	status := http.StatusServiceUnavailable
	url := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		status = http.StatusOK
	})
	c := client(t, Config{BaseURL: url, Observe: func(req *http.Request, status int) {
		seen = append(seen, fmt.Sprint(req.Method, req.URL.Path, status))
	}})
	if _, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/a", Repeat: Harmless}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET/base/path/a503", "GET/base/path/a200"}; !slices.Equal(seen, want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
	if !c.traceable {
		t.Error("a client that is observed takes its connections for foreign ones")
	}
}
