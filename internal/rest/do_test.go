package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDoSendsWhatIsConfigured(t *testing.T) {
	var got *http.Request
	var body []byte
	base := server(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Request-ID", "from-server")
		_, _ = io.WriteString(w, "answer")
	})
	c := client(t, Config{
		BaseURL: base + "/", Username: "ann", Password: "päss:word", UserAgent: "agent/1",
		Header: http.Header{"X-Both": {"client"}, "x-client": {"1"}},
	})
	resp, err := c.Do(t.Context(), &Request{
		Method: http.MethodPost, Path: "/a/b%2Fc%20d", Query: url.Values{"q": {"x y", "z&"}},
		Header: http.Header{"X-Both": {"call"}}, Body: []byte(`{"a":1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 200 || string(resp.Body) != "answer" || resp.RequestID != "from-server" || resp.Attempts != 1 || resp.Uncertain {
		t.Errorf("response %+v", resp)
	}
	user, pass, _ := got.BasicAuth()
	if user != "ann" || pass != "päss:word" {
		t.Errorf("credentials %q %q", user, pass)
	}
	if got.URL.EscapedPath() != "/a/b%2Fc%20d" || got.URL.Query().Get("q") != "x y" || len(got.URL.Query()["q"]) != 2 {
		t.Errorf("URL %s", got.URL)
	}
	for name, want := range map[string]string{
		"X-Both": "call", "X-Client": "1", "User-Agent": "agent/1", "Content-Type": "application/json",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("header %s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if len(got.Header.Get(RequestIDHeader)) != 32 || string(body) != `{"a":1}` {
		t.Errorf("request id %q, body %s", got.Header.Get(RequestIDHeader), body)
	}
}

func TestDoRepeats(t *testing.T) {
	tests := []struct {
		name      string
		answers   []http.HandlerFunc
		repeat    Repeat
		calls     int
		status    int // 0: an error
		uncertain bool
	}{
		{"500, harmless", []http.HandlerFunc{status(500)}, Harmless, 2, 200, true},
		{"500, once", []http.HandlerFunc{status(500)}, Once, 1, 500, true},
		{"502, harmless", []http.HandlerFunc{status(502), status(504)}, Harmless, 3, 200, true},
		{"503, once", []http.HandlerFunc{status(503)}, Once, 1, 503, true},
		{"503 with Retry-After, once", []http.HandlerFunc{status(503, "Retry-After", "0")}, Once, 2, 200, false},
		{"429, once", []http.HandlerFunc{status(429), status(429)}, Once, 3, 200, false},
		{"404, harmless", []http.HandlerFunc{status(404)}, Harmless, 1, 404, false},
		{"cut, harmless", []http.HandlerFunc{cut, cut}, Harmless, 3, 200, true},
		{"cut, once", []http.HandlerFunc{cut}, Once, 1, 0, true},
		{"half an answer, harmless", []http.HandlerFunc{half}, Harmless, 2, 200, true},
		{"half an answer, once", []http.HandlerFunc{half}, Once, 1, 0, true},
		{"cut, then missing", []http.HandlerFunc{cut, status(404)}, Harmless, 2, 404, true},
		{"always 503", []http.HandlerFunc{status(503), status(503), status(503), status(503), status(503)}, Harmless, 4, 503, true},
		{"always cut", []http.HandlerFunc{cut, cut, cut, cut, cut}, Harmless, 4, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{answers: tt.answers}
			c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
			resp, err := c.Do(t.Context(), &Request{Method: http.MethodPost, Path: "/x", Body: []byte("body"), Repeat: tt.repeat})
			if s.calls() != tt.calls {
				t.Errorf("%d calls, want %d", s.calls(), tt.calls)
			}
			for i, body := range s.bodies {
				if body != "body" || s.headers[i].Get(RequestIDHeader) != s.headers[0].Get(RequestIDHeader) {
					t.Errorf("call %d had body %q and id %s", i, body, s.headers[i].Get(RequestIDHeader))
				}
			}
			if tt.status == 0 {
				var lost *TransportError
				if !errors.As(err, &lost) || lost.Uncertain != tt.uncertain || !strings.Contains(err.Error(), "POST http://") {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || resp.Status != tt.status || resp.Uncertain != tt.uncertain || resp.Attempts != tt.calls {
				t.Errorf("response %+v, error %v", resp, err)
			}
		})
	}
}

func TestDoRepeatsWhatNeverReachedTheServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	c := client(t, Config{BaseURL: "http://" + address, Backoff: Backoff{Retries: 100, Factor: time.Millisecond, Max: 20 * time.Millisecond}})
	handled := make(chan string, 10)
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		handled <- string(body)
	})}
	defer srv.Close()
	time.AfterFunc(100*time.Millisecond, func() {
		if l, err := net.Listen("tcp", address); err == nil {
			_ = srv.Serve(l)
		}
	})
	resp, err := c.Do(t.Context(), &Request{Method: http.MethodPost, Path: "/create", Body: []byte("one"), Repeat: Once})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status != 200 || resp.Attempts < 2 || resp.Uncertain || len(handled) != 1 || <-handled != "one" {
		t.Errorf("response %+v", resp)
	}
}

func TestDoObeysRetryAfter(t *testing.T) {
	for name, header := range map[string]string{
		"seconds": "1",
		"date":    time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat), // whole seconds: 1 to 2 s from now
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{answers: []http.HandlerFunc{status(429, "Retry-After", header)}}
			c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
			if _, err := c.Do(t.Context(), &Request{Method: http.MethodPost, Path: "/"}); err != nil {
				t.Fatal(err)
			}
			if waited := s.times[1].Sub(s.times[0]); waited < 900*time.Millisecond || waited > 5*time.Second {
				t.Errorf("waited %v for %s", waited, header)
			}
		})
	}
	t.Run("longer than allowed", func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{status(503, "Retry-After", "3600")}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
		if err != nil || resp.Status != 503 || s.calls() != 1 {
			t.Errorf("response %+v, error %v, %d calls", resp, err, s.calls())
		}
	})
	t.Run("longer than the deadline", func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{status(503, "Retry-After", "30")}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		resp, err := c.Do(ctx, &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
		if err != nil || resp.Status != 503 || time.Since(began) > 5*time.Second {
			t.Errorf("response %+v, error %v after %v", resp, err, time.Since(began))
		}
	})
	t.Run("ignored", func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{status(429, "Retry-After", "60")}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP), Backoff: Backoff{Retries: 1, IgnoreRetryAfter: true}})
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/"})
		if err != nil || resp.Status != 200 {
			t.Errorf("response %+v, error %v", resp, err)
		}
	})
}

func TestDoTimesOut(t *testing.T) {
	block := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	drip := func(w http.ResponseWriter, r *http.Request) {
		for range 100 {
			if _, err := io.WriteString(w, "x"); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	t.Run("no answer", func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{block, block}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP), Timeout: 50 * time.Millisecond})
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
		if err != nil || resp.Attempts != 3 {
			t.Errorf("response %+v, error %v", resp, err)
		}
		s = &script{answers: []http.HandlerFunc{block}}
		c = client(t, Config{BaseURL: server(t, s.ServeHTTP), Timeout: 50 * time.Millisecond})
		_, err = c.Do(t.Context(), &Request{Method: http.MethodPost, Path: "/", Repeat: Once})
		var netErr net.Error
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &netErr) || !netErr.Timeout() || s.calls() != 1 {
			t.Errorf("error %v after %d calls", err, s.calls())
		}
	})
	t.Run("slow body, buffered", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, drip), Timeout: 100 * time.Millisecond})
		_, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/"})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "within 100ms") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("slow body, streamed", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, drip), Timeout: 500 * time.Millisecond})
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Stream: true})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Stream.Close()
		body, err := io.ReadAll(resp.Stream) // takes two seconds, but never stops for half of one
		if err != nil || len(body) != 100 {
			t.Errorf("%d bytes, error %v", len(body), err)
		}
	})
	t.Run("stalled stream", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), Timeout: 50 * time.Millisecond})
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Stream: true})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Stream.Close()
		var timeout *TimeoutError
		if _, err := io.ReadAll(resp.Stream); !errors.As(err, &timeout) || !timeout.Stalled {
			t.Errorf("error %v", err)
		}
	})
}

func TestDoEndsWithItsContext(t *testing.T) {
	t.Run("while waiting for an answer", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := c.Do(ctx, &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("while waiting for the next attempt", func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{cut}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP), Backoff: Backoff{Retries: 5, Jitter: time.Hour, Max: time.Hour}})
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop it")
		time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
		_, err := c.Do(ctx, &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
		if !errors.Is(err, stop) || !errors.Is(err, io.EOF) {
			t.Errorf("error %v", err)
		}
	})
}

func TestDoFinalAnswers(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{status(500), status(500)}}
	c := client(t, Config{BaseURL: server(t, s.ServeHTTP), Final: func(status int, _ http.Header, body []byte) bool {
		return status == 500 && len(body) > 0
	}})
	resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless})
	if err != nil || resp.Status != 500 || s.calls() != 1 {
		t.Errorf("response %+v, error %v after %d calls", resp, err, s.calls())
	}
}

func TestDoConcurrently(t *testing.T) {
	c := client(t, Config{BaseURL: server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Call") != string(body) {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = w.Write(body)
	})})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			body := fmt.Sprint("call ", i)
			resp, err := c.Do(t.Context(), &Request{
				Method: http.MethodPost, Path: "/", Body: []byte(body), Header: http.Header{"X-Call": {body}},
			})
			if err != nil || resp.Status != 200 || string(resp.Body) != body {
				t.Errorf("call %d: response %+v, error %v", i, resp, err)
			}
		})
	}
	wg.Wait()
}

// roundTripper is a transport in the process.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDoThroughATransportOfOnesOwn(t *testing.T) {
	calls := 0
	c := client(t, Config{BaseURL: "http://embedded.invalid/base", Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, errors.New("broken inside")
	})})
	if _, err := c.Do(t.Context(), &Request{Method: http.MethodPost, Path: "/", Repeat: Once}); err == nil || calls != 1 {
		t.Errorf("error %v after %d calls: such a transport does not tell whether the call was carried out", err, calls)
	}
	if _, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless}); err == nil || calls != 5 {
		t.Errorf("error %v after %d more calls", err, calls-1)
	}
	inside := client(t, Config{BaseURL: "http://embedded.invalid", InProcess: true, Transport: c.resty.GetClient().Transport})
	if _, err := inside.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/", Repeat: Harmless}); err == nil || calls != 6 {
		t.Errorf("error %v after %d more calls: what fails in the process fails again", err, calls-5)
	}
}
