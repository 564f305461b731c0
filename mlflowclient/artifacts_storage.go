package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"mlopsgo/internal/rest"
	"mlopsgo/internal/s3"
)

// storage is what a client knows of the places beside its server where artifacts are. What it needs it makes at the first use.
type storage struct {
	options TransferOptions
	plain   rest.Config // for addresses that the server signed: no credentials in it
	s3      s3.Config
	s3Err   error

	mu       sync.Mutex
	client   *s3.Client
	byHost   map[string]*rest.Client
	info     *ServerInfo
	reached  map[*rest.Client]bool
	isolated bool // the server's storage cannot be reached from here
}

func newStorage(s *settings) *storage {
	cfg := s.s3
	backoff := s.rest.Backoff
	cfg.Attempts, cfg.Stall = backoff.Retries+1, s.rest.Timeout
	if longest := backoff.Factor<<min(backoff.Retries, 10) + backoff.Jitter; longest < 5*time.Second { // which is S3's own
		cfg.LongestWait = max(longest, time.Millisecond)
	}
	return &storage{
		options: s.transfer.withDefaults(),
		plain: rest.Config{
			UserAgent: s.rest.UserAgent, Backoff: s.rest.Backoff, Timeout: s.rest.Timeout, TLS: rest.TLS{Insecure: s.s3.IgnoreTLS},
		},
		s3: cfg, s3Err: s.s3Err,
		byHost: map[string]*rest.Client{}, reached: map[*rest.Client]bool{},
	}
}

// close ends idle connections.
func (s *storage) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byHost {
		c.Close()
	}
	if s.client != nil {
		s.client.Close()
	}
}

// s3Client is made once; it may look for credentials at the machine's role.
func (s *storage) s3Client(ctx context.Context) (*s3.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.s3Err != nil {
		return nil, invalid("artifacts on S3: %v", s.s3Err)
	}
	if s.client == nil {
		client, err := s3.New(ctx, s.s3)
		if err != nil {
			return nil, invalid("artifacts on S3: %v", err)
		}
		s.client = client
	}
	return s.client, nil
}

// signedAddress is an address that is good without credentials, for a while, and with the headers that belong to it.
type signedAddress struct {
	client  *rest.Client
	target  string // path and query, which holds the signature
	headers map[string]string
	shown   string // for errors: without the signature
	host    string // with port
}

// signed takes an address from the server. It gets a client of its own, so that nothing that is meant for the server can go there.
func (s *storage) signed(address string, headers map[string]string) (*signedAddress, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, &Error{Code: CodeInternalError, Message: "the server signed an address of its storage that is not http(s)://host/…"}
	}
	base := u.Scheme + "://" + u.Host
	s.mu.Lock()
	defer s.mu.Unlock()
	client := s.byHost[base]
	if client == nil {
		cfg := s.plain
		cfg.BaseURL = base
		if client, err = rest.New(cfg); err != nil {
			return nil, &Error{Code: CodeInternalError, Message: fmt.Sprintf("the storage at %s: %v", base, err)}
		}
		s.byHost[base] = client
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme // the dialer knows the port of a name
	}
	return &signedAddress{
		client: client, target: u.RequestURI(), headers: headers, shown: base + u.EscapedPath(), host: net.JoinHostPort(u.Hostname(), port),
	}, nil
}

// send turns every failure into an *Error that does not show the signature.
func (a *signedAddress) send(ctx context.Context, req *rest.Request) (*rest.Response, error) {
	req.Path, req.Repeat = a.target, rest.Harmless
	if req.Header == nil {
		req.Header = http.Header{}
	}
	for name, value := range a.headers {
		req.Header.Set(name, value)
	}
	resp, err := a.client.Do(ctx, req)
	if err != nil {
		e := &Error{Method: req.Method, Path: a.shown, Err: err}
		if lost, ok := errors.AsType[*rest.TransportError](err); ok {
			e.RequestID, e.Uncertain, e.Err = lost.RequestID, lost.Uncertain, lost.Err
		}
		return nil, e
	}
	if !resp.OK() {
		e := answerError(req.Method, a.shown, resp)
		if e.Code == CodeEndpointNotFound && resp.Status == http.StatusNotFound {
			e.Code = CodeDoesNotExist // here a path is a file, not an operation
		}
		return nil, e
	}
	return resp, nil
}

// goes says whether bytes are to go directly to the server's storage: as was asked for, or because the server says that they can. What it says
// once counts: it does not change while it runs.
func (s *storage) goes(ctx context.Context, a *api, mode TransferMode, can func(*ServerInfo) bool) bool {
	s.mu.Lock()
	info, isolated := s.info, s.isolated
	s.mu.Unlock()
	switch {
	case mode == TransferDirect:
		return true
	case mode == TransferProxied, isolated:
		return false
	case mode == transferPreferred:
		return true
	}
	if info == nil {
		var err error
		if info, err = (&ServerService{a}).Info(ctx); err != nil {
			if !errors.Is(err, ErrNotImplemented) && !errors.Is(err, ErrNotFound) {
				return false // the call that follows will say what is wrong
			}
			info = &ServerInfo{} // a server from before this operation
		}
		s.mu.Lock()
		s.info = info
		s.mu.Unlock()
	}
	return can(info)
}

// reachTimeout is how long a client looks whether a server's storage can be reached from where it is.
const reachTimeout = 3 * time.Second

// reach looks whether the storage behind a signed address can be reached, once: it may well be in the server's own network only.
func (s *storage) reach(ctx context.Context, a *signedAddress) bool {
	s.mu.Lock()
	known, isolated := s.reached[a.client], s.isolated
	s.mu.Unlock()
	if known || isolated {
		return known
	}
	conn, err := (&net.Dialer{Timeout: reachTimeout}).DialContext(ctx, "tcp", a.host)
	if err == nil {
		_ = conn.Close() // nothing was sent
	} else if ctx.Err() != nil {
		return true // the call that follows ends for the right reason
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached[a.client], s.isolated = err == nil, err != nil
	return err == nil
}
