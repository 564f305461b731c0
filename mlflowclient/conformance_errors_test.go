package mlflowclient_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

// failing is what the cases of TestErrors fail on.
type failing struct {
	c          *mlflowclient.Client
	experiment string // active
	deleted    string // a deleted experiment
	taken      string // the name of another
	run        *mlflowclient.Run
	gone       string // a deleted run
	registered string // a registered model with one version, 1
	model      *mlflowclient.LoggedModel
}

func newFailing(t *testing.T, c *mlflowclient.Client) *failing {
	t.Helper()
	ctx := t.Context()
	f := &failing{c: c, experiment: newExperiment(t, c), deleted: newExperiment(t, c)}
	must(t, c.Experiments.Delete(ctx, f.deleted))
	f.taken = unique("taken")
	_, err := c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: f.taken})
	must(t, err)
	f.run = newRun(t, c, mlflowclient.CreateRun{ExperimentID: f.experiment, Name: "named"})
	must(t, c.Runs.LogParam(ctx, f.run.ID, "depth", "3"))
	f.gone = newRun(t, c, mlflowclient.CreateRun{ExperimentID: f.experiment}).ID
	must(t, c.Runs.Delete(ctx, f.gone))
	f.registered = unique("registered")
	newModel(t, c, f.registered, nil)
	newVersion(t, c, f.registered)
	f.model, err = c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: f.experiment, Name: "logged"})
	must(t, err)
	return f
}

func (f *failing) search(ctx context.Context, filter string, order ...string) error {
	_, err := f.c.Runs.SearchPage(ctx, mlflowclient.SearchRuns{ExperimentIDs: []string{f.experiment}, Filter: filter, OrderBy: order}, "")
	return err
}

func (f *failing) searchExperiments(ctx context.Context, filter string, order ...string) error {
	_, err := f.c.Experiments.SearchPage(ctx, mlflowclient.SearchExperiments{Filter: filter, OrderBy: order}, "")
	return err
}

func (f *failing) post(ctx context.Context, path string, in map[string]any) error {
	return f.c.Do(ctx, mlflowclient.Call{Method: "POST", Path: "/api/2.0/mlflow/" + path, In: in})
}

const missing = "00000000000000000000000000000000"

// failure is a call that fails, and what the real server says to it; numbers and ids are left out of the message.
type failure struct {
	name    string
	call    func(context.Context, *failing) error
	status  int
	code    string
	message string
}

var variable = regexp.MustCompile(`[0-9a-f]{32}|\d+|\(psycopg2[\s\S]*|\(sqlite3[\s\S]*`)

func TestErrors(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		f := newFailing(t, c)
		for _, tt := range slices.Concat(experimentFailures, runFailures, searchFailures, registryFailures, loggedModelFailures) {
			err := tt.call(t.Context(), f)
			e, ok := errors.AsType[*mlflowclient.Error](err)
			if !ok {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if e.Status != tt.status || e.Code != tt.code {
				t.Errorf("%s: %d %s, want %d %s: %s", tt.name, e.Status, e.Code, tt.status, tt.code, e.Message)
			}
			message := strings.TrimSpace(variable.ReplaceAllString(e.Message, "…"))
			if !strings.Contains(message, tt.message) {
				t.Errorf("%s: says\n%s, want\n%s", tt.name, message, tt.message)
			}
			if e.RequestID == "" || e.Path == "" || e.Method == "" {
				t.Errorf("%s: %+v", tt.name, e)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func manyMetrics(n int) []map[string]any {
	all := make([]map[string]any, n)
	for i := range all {
		all[i] = map[string]any{"key": "m", "value": i, "timestamp": 1, "step": i}
	}
	return all
}

func manyPairs(n int) []map[string]string {
	all := make([]map[string]string, n)
	for i := range all {
		all[i] = map[string]string{"key": "k" + strconv.Itoa(i), "value": "v"}
	}
	return all
}
