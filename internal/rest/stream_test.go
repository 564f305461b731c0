package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDoStreamsBodies(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, length := range map[string]int64{"known length": int64(len(content)), "unknown length": -1} {
		t.Run(name, func(t *testing.T) {
			var announced int64
			s := &script{answers: []http.HandlerFunc{status(503)}}
			c := client(t, Config{BaseURL: server(t, func(w http.ResponseWriter, r *http.Request) {
				announced = r.ContentLength
				s.ServeHTTP(w, r)
			})})
			opened := 0
			resp, err := c.Do(t.Context(), &Request{
				Method: http.MethodPut, Path: "/f", Length: length, Repeat: Harmless,
				Open: func() (io.ReadCloser, error) { opened++; return io.NopCloser(bytes.NewReader(content)), nil },
			})
			if err != nil || resp.Status != 200 || opened != 2 || announced != length {
				t.Fatalf("response %+v, error %v, opened %d times, announced %d", resp, err, opened, announced)
			}
			for _, body := range s.bodies {
				if body != string(content) {
					t.Errorf("%d bytes arrived", len(body))
				}
			}
			if s.headers[0].Get("Content-Type") != "application/octet-stream" {
				t.Errorf("type %s", s.headers[0].Get("Content-Type"))
			}
		})
	}
	t.Run("empty", func(t *testing.T) {
		s := &script{}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
		_, err := c.Do(t.Context(), &Request{
			Method: http.MethodPut, Path: "/f", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil },
		})
		if err != nil || s.headers[0].Get("Transfer-Encoding") != "" || s.headers[0].Get("Content-Length") != "0" {
			t.Errorf("error %v, header %v", err, s.headers)
		}
	})
	t.Run("cannot be opened", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, (&script{}).ServeHTTP)})
		gone := errors.New("gone")
		_, err := c.Do(t.Context(), &Request{
			Method: http.MethodPut, Path: "/f", Repeat: Harmless, Open: func() (io.ReadCloser, error) { return nil, gone },
		})
		if !errors.Is(err, gone) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("cannot be opened again", func(t *testing.T) {
		s := &script{answers: []http.HandlerFunc{status(503)}}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP)})
		opened := false
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodPut, Path: "/f", Repeat: Harmless, Open: func() (io.ReadCloser, error) {
			if opened {
				return nil, errors.New("used up")
			}
			opened = true
			return io.NopCloser(strings.NewReader("x")), nil
		}})
		if err != nil || resp.Status != 503 || s.calls() != 1 {
			t.Errorf("response %+v, error %v", resp, err)
		}
	})
	t.Run("error answers are buffered", func(t *testing.T) {
		c := client(t, Config{BaseURL: server(t, status(404))})
		resp, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/f", Stream: true})
		if err != nil || resp.Stream != nil || string(resp.Body) != "Not Found" {
			t.Errorf("response %+v, error %v", resp, err)
		}
	})
	t.Run("an answer too large", func(t *testing.T) {
		s := &script{}
		c := client(t, Config{BaseURL: server(t, s.ServeHTTP), MaxBodyBytes: 5})
		_, err := c.Do(t.Context(), &Request{Method: http.MethodGet, Path: "/f", Repeat: Harmless})
		if err == nil || !strings.Contains(err.Error(), "too large") || s.calls() != 1 {
			t.Errorf("error %v after %d calls", err, s.calls())
		}
	})
}

// lazy gives its last bytes only when the first have arrived, so that whoever reads all of it before sending any waits for ever.
type lazy struct {
	arrived <-chan struct{}
	left    int
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	if len(p) >= l.left {
		select {
		case <-l.arrived:
		case <-time.After(10 * time.Second):
			return 0, errors.New("the beginning was not sent")
		}
	}
	n := min(len(p), l.left)
	l.left -= n
	return n, nil
}

func TestStreamsAreNotHeldInMemory(t *testing.T) {
	const size = 1 << 20 // more than all buffers on the way
	arrived := make(chan struct{})
	c := client(t, Config{BaseURL: server(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadFull(r.Body, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		close(arrived)
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n != size-10 {
			t.Errorf("%d bytes, %v", n, err)
		}
	})})
	resp, err := c.Do(t.Context(), &Request{
		Method: http.MethodPut, Path: "/", Length: size,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(&lazy{arrived, size}), nil },
	})
	if err != nil || !resp.OK() {
		t.Error(resp, err)
	}
}
