package mlflowclient_test

import (
	"bytes"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultProxy stands between a client and a real server and does what networks and their middlemen do. Whatever no fault is meant for goes
// through as it is.
type faultProxy struct {
	URL string
	// Host, unless empty, is the Host that the server sees, for one that has signed its own; otherwise it sees the client's.
	Host string
	// Rewrite replaces text in the server's JSON, such as addresses that should lead through another proxy.
	Rewrite *strings.Replacer

	proxy  *httputil.ReverseProxy
	mu     sync.Mutex
	faults []*netFault
	seen   []*http.Request // without bodies
}

// netFault is what happens to requests. One of the fields after Times says what.
type netFault struct {
	// Method and Path choose them: a path that contains Path.
	Method, Path string
	// Times is to how many of them it happens; 0 means all.
	Times int

	None       bool          // the request goes through; for those that come before the one that is meant
	CutBefore  bool          // the connection ends before the request is read
	CutRequest int64         // … after so many bytes of its body
	CutAfter   bool          // … after the server has done it, before the answer
	CutAnswer  int64         // … after so many bytes of the answer's body
	Stall      time.Duration // the answer's body stops half-way for so long
	Status     int           // the answer comes from the proxy, with
	Header     http.Header
	Body       string

	hits int
}

// newFaultProxy stands in front of a server until the test ends.
func newFaultProxy(t *testing.T, target string) *faultProxy {
	t.Helper()
	u, err := url.Parse(target)
	must(t, err)
	p := &faultProxy{}
	transport := &http.Transport{IdleConnTimeout: time.Second, DisableCompression: true}
	p.proxy = &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host
			if p.Host != "" {
				r.Out.Host = p.Host
			}
		},
		ModifyResponse: p.rewrite,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as a network would
		FlushInterval:  -1,
		ErrorLog:       log.New(io.Discard, "", 0), // of the copies that a fault ends
	}
	server := httptest.NewUnstartedServer(p)
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	p.URL = server.URL
	return p
}

// Add makes something go wrong from now on. It returns the fault, whose Hits tell how often it did.
func (p *faultProxy) Add(f netFault) *netFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &f)
	return &f
}

// Hits is how often a fault has happened.
func (p *faultProxy) Hits(f *netFault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f.hits
}

// Seen are the requests that came, whose path contains path.
func (p *faultProxy) Seen(method, path string) []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []*http.Request
	for _, r := range p.seen {
		if r.Method == method && strings.Contains(r.URL.Path, path) {
			found = append(found, r)
		}
	}
	return found
}

func (p *faultProxy) note(r *http.Request) *netFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r.Clone(r.Context()))
	for _, f := range p.faults {
		if f.Method == r.Method && strings.Contains(r.URL.Path, f.Path) && (f.Times == 0 || f.hits < f.Times) {
			f.hits++
			return f
		}
	}
	return nil
}

func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := p.note(r)
	switch {
	case f == nil || f.None:
		p.proxy.ServeHTTP(w, r)
	case f.CutBefore:
		panic(http.ErrAbortHandler)
	case f.CutRequest > 0:
		_, _ = io.CopyN(io.Discard, r.Body, f.CutRequest)
		panic(http.ErrAbortHandler)
	case f.CutAfter:
		p.proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case f.CutAnswer > 0 || f.Stall > 0:
		p.proxy.ServeHTTP(&spoiled{ResponseWriter: w, fault: f, gone: r.Context().Done()}, r)
	default:
		_, _ = io.Copy(io.Discard, r.Body)
		maps.Copy(w.Header(), f.Header)
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
	}
}

// spoiled cuts or delays an answer.
type spoiled struct {
	http.ResponseWriter
	fault *netFault
	gone  <-chan struct{}
	n     int64
}

func (s *spoiled) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *spoiled) Write(b []byte) (int, error) {
	if left := s.fault.CutAnswer - s.n; s.fault.CutAnswer > 0 && int64(len(b)) > left {
		_, _ = s.ResponseWriter.Write(b[:left])
		_ = http.NewResponseController(s.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	if s.fault.Stall > 0 && s.n > 0 {
		select {
		case <-s.gone:
		case <-time.After(s.fault.Stall):
		}
	}
	n, err := s.ResponseWriter.Write(b)
	s.n += int64(n)
	return n, err
}

func (p *faultProxy) rewrite(resp *http.Response) error {
	if p.Rewrite == nil || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	text = []byte(p.Rewrite.Replace(string(text)))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}
