package rest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// Defaults of a [Config]'s zero fields.
const (
	DefaultTimeout      = 120 * time.Second
	DefaultMaxBodyBytes = 1 << 28
)

// Config describes a server and how to talk to it. Only BaseURL is required.
type Config struct {
	// BaseURL is http(s)://host[:port][/prefix]. The prefix is kept in front of every path. User information in it is
	// taken as basic credentials, unless Username or Token is set.
	BaseURL string
	// Username and Password are sent as basic authentication.
	Username, Password string
	// Token is sent as a bearer token; it excludes Username.
	Token string
	// Header is sent with every request; a request's own header wins.
	Header http.Header
	// UserAgent names the program.
	UserAgent string
	// TLS says whom to trust and who we are; the zero value trusts the system's authorities.
	TLS TLS
	// Timeout bounds one attempt of a buffered call in full, and the time without any progress of a streamed one.
	// 0 means [DefaultTimeout], negative none.
	Timeout time.Duration
	// Backoff says how often and after which waits an attempt is followed by another.
	Backoff Backoff
	// MaxBodyBytes bounds a buffered answer; 0 means [DefaultMaxBodyBytes].
	MaxBodyBytes int
	// Repeatable reports an answer after which the server's own clients repeat any call, whatever it does. Nil knows none.
	Repeatable func(status int, header http.Header, body []byte) bool
	// Final reports that an answer with one of the statuses of [Transient] is the server's considered one, so that it
	// is not asked again. Nil takes none for final.
	Final func(status int, header http.Header, body []byte) bool
	// Transport replaces the tuned connection pool, for example by an in-process server. TLS must then be zero.
	Transport http.RoundTripper
	// InProcess says that Transport has no network in it: what it fails with would fail again and is not repeated.
	InProcess bool
	// NoQuickACK leaves the kernel's delayed acknowledgements on; for measuring what they cost.
	NoQuickACK bool
	// Observe, unless nil, is told every answer's request and status, in the goroutine of the call and before its body is
	// read. The connections stay those of this package.
	Observe func(req *http.Request, status int)
}

// Client sends requests to one server. Make it with [New].
type Client struct {
	resty     *resty.Client
	base      string
	timeout   time.Duration
	backoff   Backoff
	maxBody   int
	repeat    func(int, http.Header, []byte) bool
	final     func(int, http.Header, []byte) bool
	traceable bool
	inProcess bool
	header    http.Header
	tls       *tls.Config
	close     func()
}

// New validates the configuration. It sends nothing.
func New(cfg Config) (*Client, error) {
	base, err := parseBase(&cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Token != "" && cfg.Username != "" {
		return nil, errors.New("both a token and a user name are set; give one of them")
	}
	if cfg.Password != "" && cfg.Username == "" {
		return nil, errors.New("a password is set without a user name")
	}
	if err := cfg.Backoff.validate(); err != nil {
		return nil, err
	}
	transport, err := chooseTransport(&cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:      strings.TrimRight(base.String(), "/"),
		timeout:   cfg.Timeout,
		backoff:   cfg.Backoff.withDefaults(),
		maxBody:   cfg.MaxBodyBytes,
		repeat:    cfg.Repeatable,
		final:     cfg.Final,
		inProcess: cfg.InProcess,
		close:     func() {},
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.maxBody <= 0 {
		c.maxBody = DefaultMaxBodyBytes
	}
	if pool, ok := transport.(*http.Transport); ok {
		c.traceable = true
		c.close = pool.CloseIdleConnections
		if cfg.Transport == nil && base.Scheme == "https" {
			c.tls = pool.TLSClientConfig.Clone()
		}
	}
	if cfg.Observe != nil {
		transport = observed{next: transport, see: cfg.Observe}
	}
	c.resty = newResty(&cfg, transport)
	c.header = sent(&cfg)
	return c, nil
}

// BaseURL is the server's address without credentials and without a slash at its end.
func (c *Client) BaseURL() string { return c.base }

// InProcess tells that there is no server behind the address.
func (c *Client) InProcess() bool { return c.inProcess }

// Header is what goes with every request, credentials included, for others that talk to the same server.
func (c *Client) Header() http.Header { return c.header.Clone() }

// TLSConfig is how connections are secured, for others that talk to the same server; nil when they are not, or when a
// transport of the caller's own does it.
func (c *Client) TLSConfig() *tls.Config { return c.tls.Clone() }

// sent is the header of every request, but for the name of the program.
func sent(cfg *Config) http.Header {
	h := cfg.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	switch {
	case cfg.Token != "":
		h.Set("Authorization", "Bearer "+cfg.Token)
	case cfg.Username != "":
		req := &http.Request{Header: h}
		req.SetBasicAuth(cfg.Username, cfg.Password)
	}
	return h
}

// Close closes idle connections. Calls under way are not touched; later calls open new connections.
func (c *Client) Close() { c.close() }

func newResty(cfg *Config, transport http.RoundTripper) *resty.Client {
	rc := resty.NewWithClient(&http.Client{Transport: transport, CheckRedirect: checkRedirect})
	rc.SetLogger(silent{}).SetDisableWarn(true)
	rc.SetPreRequestHook(setBody)
	for key, values := range cfg.Header {
		rc.Header[http.CanonicalHeaderKey(key)] = values
	}
	if cfg.UserAgent != "" {
		rc.SetHeader("User-Agent", cfg.UserAgent)
	}
	switch {
	case cfg.Token != "":
		rc.SetAuthToken(cfg.Token)
	case cfg.Username != "":
		rc.SetBasicAuth(cfg.Username, cfg.Password)
	}
	return rc
}

func parseBase(cfg *Config) (*url.URL, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		// Neither the address nor the error, which quotes parts of it: they may hold a password.
		return nil, errors.New("the server's address is not a URL of the form http(s)://host[:port][/prefix]; " +
			"in a password / ? # % and @ are written %2F %3F %23 %25 and %40")
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("the server's address %q is not of the form http(s)://host[:port][/prefix]", base.Redacted())
	}
	if base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("the server's address %q has a query or a fragment", base.Redacted())
	}
	if base.User != nil {
		if cfg.Token == "" && cfg.Username == "" {
			cfg.Username = base.User.Username()
			cfg.Password, _ = base.User.Password()
		}
		base.User = nil
	}
	return base, nil
}

// silent keeps resty from writing to the standard error: what is wrong is returned.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
