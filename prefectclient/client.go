package prefectclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"

	"mlopsgo/internal/rest"
)

// APIVersion is the version of Prefect's REST API that this client speaks; it is that of Prefect 3.8.
const APIVersion = "0.8.4"

// Client talks to one Prefect server. Make it with [New] or [NewFromEnvironment]. It is immutable, and safe for
// concurrent use.
type Client struct {
	http     *rest.Client
	csrf     *csrf
	settings Settings
	log      *slog.Logger
	header   http.Header
	sockets  http.RoundTripper

	// Flows holds the flows' entries on the server.
	Flows *FlowsService
	// FlowRuns creates, reads and moves flow runs.
	FlowRuns *FlowRunsService
	// TaskRuns reads task runs; they are written by events.
	TaskRuns *TaskRunsService
	// Deployments holds deployments and their schedules.
	Deployments *DeploymentsService
	// WorkPools holds work pools and hands out what is scheduled on them.
	WorkPools *WorkPoolsService
	// WorkQueues holds the queues of work pools.
	WorkQueues *WorkQueuesService
	// Workers sends and reads heartbeats.
	Workers *WorkersService
	// Logs writes and reads the logs of runs.
	Logs *LogsService
	// Events sends, reads and subscribes to events.
	Events *EventsService
	// Artifacts holds what runs show in the UI.
	Artifacts *ArtifactsService
	// Variables holds named JSON values.
	Variables *VariablesService
	// Automations react to events.
	Automations *AutomationsService
	// ConcurrencyLimits bound what runs at the same time by name, TagLimits by the tags of task runs.
	ConcurrencyLimits *ConcurrencyLimitsService
	TagLimits         *TagLimitsService
	// SavedSearches holds the filters that users of the UI keep.
	SavedSearches *SavedSearchesService
	// BlockTypes, BlockSchemas and BlockDocuments hold named configuration.
	BlockTypes     *BlockTypesService
	BlockSchemas   *BlockSchemasService
	BlockDocuments *BlockDocumentsService
	// Admin answers for the server itself.
	Admin *AdminService
}

// Option changes a [Client] while it is made. Options win over the environment.
type Option func(*options) error

type options struct {
	settings  Settings
	logger    *slog.Logger
	userAgent string
	transport http.RoundTripper
}

// WithAPIKey sends the key as a bearer token, as Prefect Cloud wants it.
func WithAPIKey(key string) Option {
	return func(o *options) error { o.settings.APIKey = key; return nil }
}

// WithAuthString sends "user:password" as basic authentication; it wins over an API key.
func WithAuthString(auth string) Option {
	return func(o *options) error {
		if auth != "" && !strings.Contains(auth, ":") {
			return errors.New("the auth string is not of the form user:password")
		}
		o.settings.AuthString = auth
		return nil
	}
}

// WithCertificateFile trusts the authorities of a PEM file instead of the system's.
func WithCertificateFile(path string) Option {
	return func(o *options) error { o.settings.SSLCertFile = path; return nil }
}

// WithInsecureTLS trusts any server certificate. Use it in development only.
func WithInsecureTLS() Option {
	return func(o *options) error { o.settings.TLSInsecureSkipVerify = true; return nil }
}

// WithTimeout bounds each attempt of a call (default 60 s).
func WithTimeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return fmt.Errorf("the time-out %v is not positive", d)
		}
		o.settings.RequestTimeout = d
		return nil
	}
}

// WithMaxRetries sets how often a call is repeated (default 5, 0 for never).
func WithMaxRetries(n int) Option {
	return func(o *options) error {
		if n < 0 {
			return fmt.Errorf("%d retries are less than none", n)
		}
		o.settings.MaxRetries = n
		return nil
	}
}

// WithHeader sends a further header with each request.
func WithHeader(name, value string) Option {
	return func(o *options) error {
		headers := map[string]string{name: value}
		for k, v := range o.settings.CustomHeaders {
			if _, given := headers[k]; !given {
				headers[k] = v
			}
		}
		o.settings.CustomHeaders = headers
		return nil
	}
}

// WithUserAgent replaces the User-Agent.
func WithUserAgent(agent string) Option {
	return func(o *options) error { o.userAgent = agent; return nil }
}

// WithLogger says where the client reports what it must not fail for, and where the logs of flows go besides the
// server (default [slog.Default]).
func WithLogger(logger *slog.Logger) Option {
	return func(o *options) error {
		if logger == nil {
			return errors.New("the logger is nil")
		}
		o.logger = logger
		return nil
	}
}

// WithTransport replaces the connection pool; TLS settings then belong to the transport. Websockets use it too.
func WithTransport(transport http.RoundTripper) Option {
	return func(o *options) error { o.transport = transport; return nil }
}

// New makes a client for an API address such as http://127.0.0.1:4200/api, with the defaults of Python's client and
// without a look at the environment. It sends nothing.
func New(apiURL string, opts ...Option) (*Client, error) {
	settings := DefaultSettings()
	settings.APIURL = apiURL
	return NewFromSettings(settings, opts...)
}

// NewFromEnvironment makes a client as Python's would be made in the same place: see [LoadSettings]. Without an
// address it fails with [ErrNoServer].
func NewFromEnvironment(opts ...Option) (*Client, error) {
	settings, err := LoadSettings(os.LookupEnv, ".")
	if err != nil {
		return nil, err
	}
	return NewFromSettings(settings, opts...)
}

// NewFromSettings makes a client from settings that were loaded or filled in.
func NewFromSettings(settings Settings, opts ...Option) (*Client, error) {
	o := options{settings: settings, logger: slog.Default(), userAgent: "mlopsgo-prefect/" + APIVersion}
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, fmt.Errorf("prefect client: %w", err)
		}
	}
	if err := o.settings.validate(); err != nil {
		return nil, fmt.Errorf("prefect client: %w", err)
	}
	return build(&o)
}

func build(o *options) (*Client, error) {
	s := o.settings
	header := make(http.Header)
	for name, value := range s.CustomHeaders {
		if key := textproto.CanonicalMIMEHeaderKey(name); !protectedHeader(key) {
			header.Set(key, value)
		}
	}
	header.Set("X-Prefect-Api-Version", APIVersion)
	cfg := rest.Config{
		BaseURL: strings.TrimRight(s.APIURL, "/"), UserAgent: o.userAgent, Header: header, Timeout: s.RequestTimeout,
		Backoff: rest.Backoff{
			Retries: s.MaxRetries, Factor: time.Second, Max: time.Minute,
			Jitter: time.Duration(s.RetryJitterFactor * float64(time.Second)),
		},
		Repeatable: s.repeatable,
		Transport:  o.transport,
	}
	authorise(header, &s)
	sockets := o.transport
	if sockets == nil {
		tlsConfig, err := s.tlsConfig()
		if err != nil {
			return nil, fmt.Errorf("prefect client: %w", err)
		}
		sockets = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: tlsConfig}
		cfg.TLS = rest.TLS{CAFile: s.SSLCertFile, Insecure: s.TLSInsecureSkipVerify}
		if cfg.TLS.Insecure {
			cfg.TLS.CAFile = ""
		}
	}
	plumbing, err := rest.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("prefect client: %w", err)
	}
	c := &Client{http: plumbing, csrf: newCSRF(s.CSRFSupportEnabled), settings: s, log: o.logger, header: header, sockets: sockets}
	c.connectServices()
	return c, nil
}

func (c *Client) connectServices() {
	c.Flows = &FlowsService{c}
	c.FlowRuns = &FlowRunsService{c}
	c.TaskRuns = &TaskRunsService{c}
	c.Deployments = &DeploymentsService{c}
	c.WorkPools = &WorkPoolsService{c}
	c.WorkQueues = &WorkQueuesService{c}
	c.Workers = &WorkersService{c}
	c.Logs = &LogsService{c}
	c.Events = &EventsService{c}
	c.Artifacts = &ArtifactsService{c}
	c.Variables = &VariablesService{c}
	c.Automations = &AutomationsService{c}
	c.ConcurrencyLimits = &ConcurrencyLimitsService{c}
	c.TagLimits = &TagLimitsService{c}
	c.SavedSearches = &SavedSearchesService{c}
	c.BlockTypes = &BlockTypesService{c}
	c.BlockSchemas = &BlockSchemasService{c}
	c.BlockDocuments = &BlockDocumentsService{c}
	c.Admin = &AdminService{c}
}

// authorise follows Python: the auth string wins over the key. An Authorization of the custom headers is kept only
// when neither is set, because that is how gateways in front of an open server are served.
func authorise(header http.Header, s *Settings) {
	switch {
	case s.AuthString != "":
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(s.AuthString)))
	case s.APIKey != "":
		header.Set("Authorization", "Bearer "+s.APIKey)
	}
}

// protectedHeader names what the client manages itself.
func protectedHeader(key string) bool {
	switch key {
	case "User-Agent", "Prefect-Csrf-Token", "Prefect-Csrf-Client":
		return true
	}
	return false
}

// tlsConfig is what websockets use; plain calls have the same settings through their own transport.
func (s *Settings) tlsConfig() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.TLSInsecureSkipVerify} //nolint:gosec // asked for
	if s.SSLCertFile == "" || s.TLSInsecureSkipVerify {
		return cfg, nil
	}
	pem, err := os.ReadFile(s.SSLCertFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate file: %w", err)
	}
	cfg.RootCAs = x509.NewCertPool()
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the certificate file %s holds no PEM certificate", s.SSLCertFile)
	}
	return cfg, nil
}

// APIURL is the address of the server's API, without credentials.
func (c *Client) APIURL() string { return c.http.BaseURL() }

// UIURL is the address of the server's pages for a browser: [Settings].UIURL, or else guessed from that of the API as Python does.
func (c *Client) UIURL() string {
	if c.settings.UIURL != "" {
		return strings.TrimRight(c.settings.UIURL, "/")
	}
	return strings.TrimSuffix(c.http.BaseURL(), "/api")
}

// Close closes idle connections. The client stays usable.
func (c *Client) Close() {
	c.http.Close()
	if pool, ok := c.sockets.(*http.Transport); ok {
		pool.CloseIdleConnections()
	}
}

type clientKey struct{}

// NewContext returns a context under which flows are recorded on the client's server.
func NewContext(ctx context.Context, c *Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// FromContext gives the client of [NewContext] or of the flow run that the context belongs to, and false without one.
func FromContext(ctx context.Context) (*Client, bool) {
	if run := currentRun(ctx); run != nil && run.session != nil {
		return run.session.client, true
	}
	c, ok := ctx.Value(clientKey{}).(*Client)
	return c, ok && c != nil
}
