package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server runs a handler below /base/path, so that a path that forgets the base is noticed.
func server(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/base/path/", http.StripPrefix("/base/path", handler))
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a call outside of the base path: %s", r.URL) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/base/path"
}

// client has short waits.
func client(t *testing.T, cfg Config) *Client {
	t.Helper()
	if cfg.Backoff == (Backoff{}) {
		cfg.Backoff = Backoff{Retries: 3, Jitter: time.Millisecond}
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// script answers the first calls one by one and the rest with 200, and keeps what it received.
type script struct {
	mu      sync.Mutex
	answers []http.HandlerFunc
	bodies  []string
	headers []http.Header
	times   []time.Time
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.bodies = append(s.bodies, string(body))
	s.headers = append(s.headers, r.Header.Clone())
	s.times = append(s.times, time.Now())
	var answer http.HandlerFunc
	if len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	_, _ = io.WriteString(w, `{"ok":true}`)
}

func (s *script) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, http.StatusText(code))
	}
}

// cut breaks the connection after the request was read, before any answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// half breaks the connection inside the answer.
func half(w http.ResponseWriter, _ *http.Request) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")
	_ = buf.Flush()
	_ = conn.Close()
}
