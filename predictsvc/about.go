package predictsvc

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"mlopsgo/mlflowclient"
)

// aboutTime bounds the calls to MLflow for the page, and aboutAge is how old their answers may be.
const (
	aboutTime = 3 * time.Second
	aboutAge  = 15 * time.Second
)

// aboutModel is the answer of GET /model: what is served, what it takes, and what MLflow knows of it.
type aboutModel struct {
	Name     string          `json:"name"`
	Version  string          `json:"version,omitempty"`
	URI      string          `json:"uri"`
	RunID    string          `json:"run_id,omitempty"`
	ModelID  string          `json:"model_id,omitempty"`
	Target   string          `json:"target"`
	Columns  []aboutColumn   `json:"columns"`
	Example  json.RawMessage `json:"example,omitempty"`
	LoadedAt time.Time       `json:"loaded_at"`
	Cached   bool            `json:"from_cache"`
	aboutRegistry
}

// aboutColumn is one column of the signature.
type aboutColumn struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

// aboutRegistry is what MLflow knows; Error says why it does not.
type aboutRegistry struct {
	Aliases     []string       `json:"aliases"`
	Description string         `json:"description,omitempty"`
	CreatedAt   *time.Time     `json:"created_at,omitempty"`
	Metrics     map[string]any `json:"metrics"`
	RunURL      string         `json:"run_url,omitempty"`
	Error       string         `json:"mlflow_error,omitempty"`
}

// registryFacts keeps what MLflow said last, so that a page that is loaded again and again does not load MLflow.
type registryFacts struct {
	client *mlflowclient.Client

	mu    sync.Mutex // also held while MLflow is asked: one at a time
	of    source
	asked time.Time
	known aboutRegistry
}

// about answers GET /model.
func (s *Service) about(c *gin.Context) {
	m := s.follower.current.Load()
	if m == nil {
		s.refuse(c, s.unavailable())
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, aboutModel{
		Name: m.name(), Version: m.Version, URI: s.config.ModelURI, RunID: m.RunID, ModelID: m.ModelID, Target: s.config.Target,
		Columns: m.columns.about(), Example: m.example, LoadedAt: m.loadedAt.UTC(), Cached: m.fromCache, aboutRegistry: s.facts.get(c, m.source),
	})
}

func (c *columns) about() []aboutColumn {
	all := make([]aboutColumn, len(c.list))
	for i, column := range c.list {
		all[i] = aboutColumn{column.Name, string(column.Kind), !column.Optional}
	}
	return all
}

func (r *registryFacts) get(ctx context.Context, of source) aboutRegistry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of != of || time.Since(r.asked) > aboutAge {
		asking, cancel := context.WithTimeout(ctx, aboutTime)
		defer cancel()
		known := r.ask(asking, of)
		if ctx.Err() != nil { // a client that went away is no fact about MLflow
			return known
		}
		r.of, r.asked, r.known = of, time.Now(), known
	}
	return r.known
}

// ask asks MLflow. What can be had is given, also when the rest fails.
func (r *registryFacts) ask(ctx context.Context, of source) aboutRegistry {
	known := aboutRegistry{Aliases: []string{}, Metrics: map[string]any{}}
	if of.Name != "" && of.Version != "" {
		version, err := r.client.ModelVersions.Get(ctx, of.Name, of.Version)
		if err != nil {
			known.Error = err.Error()
			return known
		}
		known.Description = version.Description
		known.CreatedAt = notZero(version.Created)
		known.Aliases = append(known.Aliases, slices.Sorted(slices.Values(version.Aliases))...)
	}
	if of.RunID == "" {
		return known
	}
	run, err := r.client.Runs.Get(ctx, of.RunID)
	if err != nil {
		known.Error = err.Error()
		return known
	}
	for key, metric := range maps.All(run.Metrics) {
		if known.Metrics[key] = metric.Value; math.IsNaN(metric.Value) || math.IsInf(metric.Value, 0) {
			known.Metrics[key] = mlflowNumber(metric.Value)
		}
	}
	known.RunURL = runURL(r.client.UIURL(), run.ExperimentID, of.RunID)
	return known
}

// mlflowNumber writes what JSON has no number for as MLflow does.
func mlflowNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case v > 0:
		return "Infinity"
	}
	return "-Infinity"
}

// runURL is the page of a run in MLflow's user interface, or "" when there is no server.
func runURL(tracking, experiment, run string) string {
	u, err := url.Parse(tracking)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	u.User = nil // a password in the URI is nobody's to see
	u = u.JoinPath("/")
	u.Fragment = "/experiments/" + experiment + "/runs/" + run
	return u.String()
}
