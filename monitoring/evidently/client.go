package evidently

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mlopsgo/internal/rest"
)

// ServerVersion is the version of Evidently that this client was written for and is tested with.
const ServerVersion = "0.7.23"

// secretHeader is where the service looks for its secret.
const secretHeader = "Evidently-Secret"

// Client talks to one Evidently service. Make it with [New]. It is immutable, and safe for concurrent use.
type Client struct{ http *rest.Client }

// Option changes a [Client] while it is made.
type Option func(*rest.Config) error

// WithSecret sends the secret that the service asks for before it lets anybody write; the empty one is none.
func WithSecret(secret string) Option {
	return func(c *rest.Config) error {
		if strings.ContainsAny(secret, "\r\n") {
			return errors.New("the secret holds a line break")
		}
		if secret != "" {
			c.Header.Set(secretHeader, secret)
		}
		return nil
	}
}

// WithTimeout bounds each attempt of a call (default 30 s).
func WithTimeout(d time.Duration) Option {
	return func(c *rest.Config) error {
		if d <= 0 {
			return fmt.Errorf("the time-out %v is not positive", d)
		}
		c.Timeout = d
		return nil
	}
}

// WithMaxRetries sets how often a call that is harmless to repeat is repeated (default 3, 0 for never).
func WithMaxRetries(n int) Option {
	return func(c *rest.Config) error {
		if n < 0 {
			return fmt.Errorf("%d retries are less than none", n)
		}
		c.Backoff.Retries = n
		return nil
	}
}

// WithTransport replaces the connection pool.
func WithTransport(transport http.RoundTripper) Option {
	return func(c *rest.Config) error { c.Transport = transport; return nil }
}

// New makes a client for an address such as http://127.0.0.1:8000. It sends nothing.
func New(address string, opts ...Option) (*Client, error) {
	cfg := rest.Config{
		BaseURL: strings.TrimRight(address, "/"), UserAgent: "mlopsgo-evidently/" + ServerVersion, Header: http.Header{},
		Timeout: 30 * time.Second,
		Backoff: rest.Backoff{Retries: 3, Factor: time.Second / 2, Jitter: time.Second / 2, Max: 10 * time.Second},
	}
	for _, opt := range opts {
		if err := opt(&cfg); err != nil {
			return nil, fmt.Errorf("evidently client: %w", err)
		}
	}
	plumbing, err := rest.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("evidently client: %w", err)
	}
	return &Client{http: plumbing}, nil
}

// URL is the service's address, without credentials.
func (c *Client) URL() string { return c.http.BaseURL() }

// ReportURL is the page that shows a snapshot.
func (c *Client) ReportURL(project, snapshot string) string {
	return c.URL() + pathOf("projects", project, "reports", snapshot)
}

// DashboardURL is the page that shows a project's dashboard.
func (c *Client) DashboardURL(project string) string { return c.URL() + pathOf("projects", project) }

// Close closes idle connections. The client stays usable.
func (c *Client) Close() { c.http.Close() }

// Version asks the service for its version.
func (c *Client) Version(ctx context.Context) (string, error) {
	var answer struct {
		Version string `json:"version"`
	}
	err := c.get(ctx, "/api/version", &answer)
	return answer.Version, err
}

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, &rest.Request{Method: http.MethodGet, Path: path, Repeat: rest.Harmless}, nil, out)
}

// call sends in, unless nil, as JSON and decodes a successful answer into out, unless nil.
func (c *Client) call(ctx context.Context, req *rest.Request, in, out any) error {
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("evidently: %s %s: %w: the body cannot be written as JSON: %w", req.Method, req.Path, ErrInvalid, err)
		}
		req.Body = body
	}
	resp, err := c.http.Do(ctx, req)
	if err != nil {
		return transportError(req, err)
	}
	if !resp.OK() {
		return answerError(req, resp)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return &Error{
			Status: resp.Status, Method: req.Method, Path: req.Path,
			Message: fmt.Sprintf("the answer is not what Evidently sends (%v): %s", err, rest.Excerpt(resp.Body)),
		}
	}
	return nil
}

// pathOf joins escaped segments.
func pathOf(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}
