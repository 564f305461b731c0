package mlflowclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"mlopsgo/internal/rest"
	"mlopsgo/mlflowclient/embedded"
)

// ServerVersion is the MLflow version that this client was written for and is tested with.
const ServerVersion = "3.17.2"

// Client reaches one MLflow. It is immutable and safe for concurrent use. Make it with [New] or [FromEnv], and Close it.
type Client struct {
	Experiments      *ExperimentService
	Runs             *RunService
	Metrics          *MetricService
	Artifacts        *ArtifactService
	LoggedModels     *LoggedModelService
	RegisteredModels *RegisteredModelService
	ModelVersions    *ModelVersionService
	Server           *ServerService
	Traces           *TraceService
	Assessments      *AssessmentService
	Webhooks         *WebhookService
	Workspaces       *WorkspaceService
	Users            *UserService
	Roles            *RoleService
	Permissions      *PermissionService

	EvaluationDatasets *EvaluationDatasetService
	Prompts            *PromptService

	api    *api
	uri    string
	pages  string
	who    identity
	home   experimentChoice
	resume *runOnce
	system *SystemMetrics
	close  func() error
}

// experimentChoice is the experiment of runs that name none.
type experimentChoice struct{ id, name string }

// New connects to a tracking URI; see the package comment for its forms. A server is not contacted yet; a database
// file is opened, and made when missing.
func New(ctx context.Context, uri string, opts ...Option) (*Client, error) {
	s := settings{artifactRoot: "mlruns"}
	s.rest.Backoff = rest.Backoff(DefaultRetryPolicy())
	s.rest.UserAgent = "mlopsgo-mlflowclient/" + ServerVersion
	for _, opt := range opts {
		if err := opt(&s); err != nil {
			return nil, fmt.Errorf("mlflow client: %w", err)
		}
	}
	c, err := connect(ctx, uri, &s)
	if err != nil {
		return nil, fmt.Errorf("mlflow client: %w", err)
	}
	return c, nil
}

func connect(ctx context.Context, uri string, s *settings) (*Client, error) {
	file, isFile, err := databaseFile(uri)
	switch {
	case err != nil:
		return nil, err
	case isFile:
		return openFile(ctx, uri, file, s)
	case !isServer(uri):
		return nil, refuse(uri)
	}
	s.rest.BaseURL = uri
	return assemble(s, func(c *rest.Client) string { return c.BaseURL() }, func() error { return nil })
}

func openFile(ctx context.Context, uri, file string, s *settings) (*Client, error) {
	if s.rest.Transport != nil {
		return nil, fmt.Errorf("tracking URI %q is a file; WithTransport is for servers", uri)
	}
	// An environment prepared for a server may well hold TLS settings; a file has no use for them.
	s.rest.TLS = rest.TLS{}
	store, err := embedded.Open(ctx, file, s.artifactRoot)
	if err != nil {
		return nil, err
	}
	// No name is looked up: the store answers in the process.
	s.rest.BaseURL, s.rest.Transport = "http://embedded.invalid", store
	s.rest.InProcess = true
	c, err := assemble(s, func(*rest.Client) string { return uri }, store.Close)
	if err != nil {
		_ = store.Close()
		return nil, err
	}
	return c, nil
}

func assemble(s *settings, uri func(*rest.Client) string, closeStore func() error) (*Client, error) {
	s.rest.Final = considered
	plumbing, err := rest.New(s.rest)
	if err != nil {
		return nil, err
	}
	a := &api{rest: plumbing, workspace: s.workspace, storage: newStorage(s)}
	return &Client{
		Experiments: &ExperimentService{a}, Runs: &RunService{a}, Metrics: &MetricService{a}, Artifacts: &ArtifactService{a},
		LoggedModels: &LoggedModelService{a}, RegisteredModels: &RegisteredModelService{a}, ModelVersions: &ModelVersionService{a},
		Server: &ServerService{a}, Traces: &TraceService{a}, Assessments: &AssessmentService{a},
		Webhooks: &WebhookService{a}, Workspaces: &WorkspaceService{a},
		Users: &UserService{a}, Roles: &RoleService{a}, Permissions: &PermissionService{a},
		EvaluationDatasets: &EvaluationDatasetService{a}, Prompts: &PromptService{a},
		api:    a,
		uri:    uri(plumbing),
		pages:  s.pages,
		who:    identify(s),
		home:   experimentChoice{s.experiment, s.experimentBy},
		resume: &runOnce{id: s.run},
		system: s.system,
		close: func() error {
			plumbing.Close()
			a.storage.close()
			return closeStore()
		},
	}, nil
}

// TrackingURI is the URI that the client was made with, without credentials.
func (c *Client) TrackingURI() string { return c.uri }

// UIURL is where a browser finds MLflow's pages, without a slash at its end: [WithUIURL]'s address, else that of the server. It is empty for
// a file, which shows none.
func (c *Client) UIURL() string {
	switch {
	case c.pages != "":
		return c.pages
	case isServer(c.uri):
		return strings.TrimRight(c.uri, "/")
	}
	return ""
}

// Close closes idle connections, or the database file. It does not wait for calls under way.
func (c *Client) Close() error { return c.close() }

// Call is any operation of the server, for [Client.Do].
type Call struct {
	// Method defaults to GET.
	Method string
	// Path starts with a slash and is percent-encoded, for example "/api/3.0/mlflow/traces/search".
	Path  string
	Query url.Values
	// In, unless nil, is sent as JSON.
	In any
	// Out, unless nil, receives the answer: what encoding/json can fill, or a *[]byte for the body as it is.
	Out any
	// Repeatable says that carrying the call out twice does no harm; GET and HEAD always are.
	Repeatable bool
}

// Do sends an operation that has no method of its own, with the client's credentials, retries and errors.
func (c *Client) Do(ctx context.Context, call Call) error {
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if !strings.HasPrefix(call.Path, "/") {
		return invalid("the path %q does not start with a slash", call.Path)
	}
	req := &rest.Request{Method: call.Method, Path: call.Path, Query: call.Query, Header: c.api.header(call.Path)}
	if call.Repeatable || call.Method == http.MethodGet || call.Method == http.MethodHead {
		req.Repeat = rest.Harmless
	}
	if call.In != nil {
		body, err := marshal(call.In)
		if err != nil {
			return invalid("%s %s: the request cannot be written as JSON: %v", call.Method, call.Path, err)
		}
		req.Body = body
	}
	resp, err := c.api.send(ctx, req)
	if err != nil {
		return err
	}
	return decode(req, resp, call.Out)
}
