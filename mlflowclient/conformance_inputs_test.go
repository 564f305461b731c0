package mlflowclient_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestInputs(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		want := []mlflowclient.DatasetInput{
			{
				Name: "wine", Digest: "7e2d", SourceType: "http", Source: `{"url":"https://example.org/a?b=c&d"}`, Context: "training",
				Schema:  `{"mlflow_colspec":[{"type":"double","name":"alcohol","required":true}]}`,
				Profile: `{"num_rows":1599,"num_elements":19188}`,
			},
			{Name: "wine ü", Digest: "0", SourceType: "local", Source: "/a b", Context: "testing", Tags: map[string]string{"fold": "1"}},
			{Name: "bare", Digest: strings.Repeat("d", 36), SourceType: "x", Source: "y"},
		}
		must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Datasets: want[:1]}))
		must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Datasets: want}))
		must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Datasets: want}))
		got := getRun(t, c, run.ID).Datasets
		byName := func(a, b mlflowclient.DatasetInput) int { return strings.Compare(a.Name, b.Name) }
		slices.SortFunc(got, byName)
		slices.SortFunc(want, byName)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("data sets\n%+v, want\n%+v", got, want)
		}
	})
}

func TestServerInfo(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		must(t, c.Server.Health(ctx))
		version, err := c.Server.Version(ctx)
		must(t, err)
		if version != mlflowclient.ServerVersion {
			t.Errorf("version %q", version)
		}
		info, err := c.Server.Info(ctx)
		must(t, err)
		if info.StoreType != "SqlStore" || info.WorkspacesEnabled {
			t.Errorf("info %+v", info)
		}
	})
}

func TestDo(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		id := newExperiment(t, c)
		var out struct {
			Experiment struct {
				ID string `json:"experiment_id"`
			} `json:"experiment"`
		}
		must(t, c.Do(ctx, mlflowclient.Call{Path: "/api/2.0/mlflow/experiments/get?experiment_id=" + id, Out: &out}))
		if out.Experiment.ID != id {
			t.Errorf("experiment %+v", out)
		}
		must(t, c.Do(ctx, mlflowclient.Call{
			Method: "POST", Path: "/api/2.0/mlflow/experiments/set-experiment-tag", Repeatable: true,
			In: map[string]string{"experiment_id": id, "key": "k", "value": "v"},
		}))
		var raw []byte
		must(t, c.Do(ctx, mlflowclient.Call{Path: "/version", Out: &raw}))
		if string(raw) != mlflowclient.ServerVersion {
			t.Errorf("version %q", raw)
		}
		err := c.Do(ctx, mlflowclient.Call{Path: "/api/2.0/mlflow/no/such/thing"})
		// A page of the web framework, or the embedded end's own word: the decision is the same.
		if !errors.Is(err, mlflowclient.ErrNotImplemented) {
			t.Errorf("a path that does not exist: %v", err)
		}
		err = c.Do(ctx, mlflowclient.Call{Path: "no slash"})
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
		err = c.Do(ctx, mlflowclient.Call{Method: "POST", Path: "/x", In: func() {}})
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	})
}
