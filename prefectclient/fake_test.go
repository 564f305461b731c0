package prefectclient

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// fake is a server that answers as a test wants, under a base path, so that absolute paths are caught.
type fake struct {
	*httptest.Server
	mux *http.ServeMux

	mu    sync.Mutex
	calls []string // method and path of each call, in order
}

func newFake(t testing.TB) *fake {
	f := &fake{mux: http.NewServeMux()}
	f.Server = httptest.NewServer(http.StripPrefix("/behind/a/proxy/api", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.calls = append(f.calls, r.Method+" "+r.URL.Path)
		f.mu.Unlock()
		f.mux.ServeHTTP(w, r)
	})))
	t.Cleanup(f.Close)
	return f
}

// client is a client of the fake without CSRF, retries at once.
func (f *fake) client(t testing.TB, opts ...Option) *Client {
	settings := DefaultSettings()
	settings.APIURL, settings.CSRFSupportEnabled, settings.RetryJitterFactor = f.URL+"/behind/a/proxy/api", false, 0
	c, err := NewFromSettings(settings, append([]Option{WithMaxRetries(1), WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil)))}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (f *fake) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *fake) answer(pattern string, status int, body string) {
	f.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// sockets collects the events that come in by websocket; it can end connections after some.
type sockets struct {
	mu       sync.Mutex
	events   []Event
	opened   int
	endAfter int // ends a connection after so many messages, unless 0
	refuse   bool
}

func (s *sockets) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refuse := s.refuse
	s.opened++
	s.mu.Unlock()
	if refuse {
		http.Error(w, "no websockets here", http.StatusForbidden)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"prefect"}})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := context.Background()
	if _, _, err := conn.Read(ctx); err != nil {
		return
	}
	if conn.Write(ctx, websocket.MessageText, []byte(`{"type":"auth_success"}`)) != nil {
		return
	}
	for n := 0; ; n++ {
		s.mu.Lock()
		end := s.endAfter > 0 && n >= s.endAfter
		s.mu.Unlock()
		if end {
			return
		}
		_, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var event Event
		if json.Unmarshal(data, &event) == nil {
			s.mu.Lock()
			s.events = append(s.events, event)
			s.mu.Unlock()
		}
	}
}

// ids gives the ids of what came in, each once, in the order of the first arrival.
func (s *sockets) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	seen := map[string]bool{}
	for _, e := range s.events {
		if !seen[e.ID] {
			seen[e.ID] = true
			out = append(out, e.ID)
		}
	}
	return out
}
