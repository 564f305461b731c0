package mlflowclient_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

func TestNestedRuns(t *testing.T) { eachEnd(t, testNestedRuns) }

func testNestedRuns(t *testing.T, c *mlflowclient.Client) {
	ctx := t.Context()
	experiment := newExperiment(t, c)
	boom := errors.New("boom")
	var ids []string
	err := c.Track(ctx, mlflowclient.StartRun{ExperimentID: experiment, Name: "parent"}, func(ctx context.Context, parent *mlflowclient.ActiveRun) error {
		ids = append(ids, parent.ID)
		return parent.Track(ctx, mlflowclient.StartRun{Name: "child"}, func(ctx context.Context, child *mlflowclient.ActiveRun) error {
			ids = append(ids, child.ID)
			grandchild, err := child.StartChild(ctx, mlflowclient.StartRun{ParentID: child.ID, Description: "deep"})
			must(t, err)
			ids = append(ids, grandchild.ID)
			for _, bad := range []mlflowclient.StartRun{
				{ParentID: parent.ID},
				{RunID: parent.ID},
				{Description: "x", Tags: map[string]string{mlflowclient.TagNote: "y"}},
			} {
				if _, err := child.StartChild(ctx, bad); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
					t.Errorf("%+v: %v", bad, err)
				}
			}
			return errors.Join(grandchild.End(ctx, mlflowclient.StatusFinished), boom)
		})
	})
	if !errors.Is(err, boom) || len(ids) != 3 {
		t.Fatalf("error %v, runs %v", err, ids)
	}
	for i, want := range []mlflowclient.RunStatus{mlflowclient.StatusFailed, mlflowclient.StatusFailed, mlflowclient.StatusFinished} {
		run := getRun(t, c, ids[i])
		parent := ""
		if i > 0 {
			parent = ids[i-1]
		}
		if run.Status != want || run.Tags[mlflowclient.TagParentRun] != parent || run.ExperimentID != experiment {
			t.Errorf("run %d: %+v, want %s under %q", i, run, want, parent)
		}
	}
	children := collect(t, c.Runs.Search(ctx, mlflowclient.SearchRuns{
		ExperimentIDs: []string{experiment}, Filter: "tags.mlflow.parentRunId = '" + ids[0] + "'",
	}))
	if len(children) != 1 || children[0].ID != ids[1] {
		t.Errorf("children %+v", children)
	}

	must(t, c.Runs.Delete(ctx, ids[2]))
	if _, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: experiment, ParentID: ids[2]}); !errors.Is(err, mlflowclient.ErrInvalidState) {
		t.Errorf("under a deleted parent: %v", err)
	}
	if _, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: experiment, ParentID: strings.Repeat("0", 32)}); !errors.Is(err, mlflowclient.ErrNotFound) {
		t.Errorf("under nobody: %v", err)
	}
}

func TestResumeRun(t *testing.T) { eachEnd(t, testResumeRun) }

func testResumeRun(t *testing.T, c *mlflowclient.Client) {
	ctx := t.Context()
	first, err := c.Start(ctx, mlflowclient.StartRun{ExperimentID: newExperiment(t, c), Name: "first", Tags: map[string]string{"kept": "1"}})
	must(t, err)
	must(t, first.LogMetric(ctx, mlflowclient.Metric{Key: "m", Value: 1}))
	must(t, first.End(ctx, mlflowclient.StatusFailed))
	before := getRun(t, c, first.ID)

	again, err := c.Start(ctx, mlflowclient.StartRun{RunID: first.ID, Name: "second", Description: "more", Tags: map[string]string{"new": "2"}})
	must(t, err)
	run := getRun(t, c, first.ID)
	if again.ID != first.ID || run.Status != mlflowclient.StatusRunning || !run.EndTime.Equal(before.EndTime) || run.Name != "second" ||
		run.Tags["kept"] != "1" || run.Tags["new"] != "2" || run.Tags[mlflowclient.TagNote] != "more" || run.Tags[mlflowclient.TagRunName] != "second" {
		t.Errorf("resumed %+v", run)
	}
	must(t, again.LogMetric(ctx, mlflowclient.Metric{Key: "m", Value: 2, Step: 1}))
	must(t, again.End(ctx, mlflowclient.StatusFinished))
	if run := getRun(t, c, first.ID); run.Status != mlflowclient.StatusFinished || !run.EndTime.After(before.EndTime.Add(-1)) || run.Metrics["m"].Value != 2 {
		t.Errorf("ended again %+v", run)
	}
	if _, err := c.Start(ctx, mlflowclient.StartRun{RunID: first.ID, ExperimentID: "0"}); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
		t.Errorf("in another experiment: %v", err)
	}
	must(t, c.Runs.Delete(ctx, first.ID))
	if _, err := c.Start(ctx, mlflowclient.StartRun{RunID: first.ID}); !errors.Is(err, mlflowclient.ErrInvalidState) {
		t.Errorf("deleted: %v", err)
	}
	if _, err := c.Start(ctx, mlflowclient.StartRun{RunID: strings.Repeat("0", 32)}); !errors.Is(err, mlflowclient.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

// TestRunOfTheEnvironment does what a project of MLflow does to the program that it runs.
func TestRunOfTheEnvironment(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	made := newRun(t, open(t, uri), mlflowclient.CreateRun{})
	name := unique("by name")
	t.Setenv("HOME", t.TempDir())
	for key, value := range map[string]string{
		"MLFLOW_TRACKING_URI": uri, "MLFLOW_RUN_ID": made.ID, "MLFLOW_EXPERIMENT_NAME": name, "MLFLOW_EXPERIMENT_ID": "",
		"MLFLOW_RUN_CONTEXT": `{"team": "wine", "count": 3, "mlflow.source.type": "PROJECT"}`, "LOGNAME": "ann",
	} {
		t.Setenv(key, value)
	}
	c, err := mlflowclient.FromEnv(t.Context(), quick)
	must(t, err)
	defer c.Close()
	resumed, err := c.Start(t.Context(), mlflowclient.StartRun{})
	must(t, err)
	if resumed.ID != made.ID || resumed.ExperimentID != made.ExperimentID {
		t.Errorf("the first run is %+v, not %s", resumed.RunInfo, made.ID)
	}
	child, err := resumed.StartChild(t.Context(), mlflowclient.StartRun{})
	must(t, err)
	next, err := c.Start(t.Context(), mlflowclient.StartRun{Tags: map[string]string{"team": "own"}})
	must(t, err)
	if next.ID == made.ID || child.ID == made.ID || child.ExperimentID != made.ExperimentID {
		t.Errorf("further runs: %+v, %+v", child.RunInfo, next.RunInfo)
	}
	if tags := getRun(t, c, child.ID).Tags; tags["team"] != "wine" || tags["count"] != "3" || tags[mlflowclient.TagSourceType] != "PROJECT" || tags[mlflowclient.TagUser] != "ann" {
		t.Errorf("tags %v", tags)
	}
	if tags := getRun(t, c, next.ID).Tags; tags["team"] != "own" {
		t.Errorf("tags %v", tags)
	}
	experiment, err := c.Experiments.Get(t.Context(), next.ExperimentID)
	if err != nil || experiment.Name != name {
		t.Errorf("experiment %+v, %v", experiment, err)
	}
	for _, run := range []*mlflowclient.ActiveRun{child, next, resumed} {
		must(t, run.End(t.Context(), mlflowclient.StatusFinished))
	}

	t.Setenv("MLFLOW_EXPERIMENT_ID", "0")
	t.Setenv("MLFLOW_RUN_ID", "")
	other, err := mlflowclient.FromEnv(t.Context(), quick)
	must(t, err)
	defer other.Close()
	if _, err := other.Start(t.Context(), mlflowclient.StartRun{}); !errors.Is(err, mlflowclient.ErrInvalidParameter) || !strings.Contains(err.Error(), experiment.ID) {
		t.Errorf("name and id of two experiments: %v", err)
	}
}

// TestInterruptedProgram interrupts a program as a terminal does: its run must end as KILLED, with what its writer had taken.
func TestInterruptedProgram(t *testing.T) {
	const id = "INTERRUPT_EXPERIMENT"
	if experiment := os.Getenv(id); experiment != "" {
		interrupted(t, experiment)
		return
	}
	c := serverEnd(t)
	experiment := newExperiment(t, c)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInterruptedProgram$")
	cmd.Env = append(os.Environ(), id+"="+experiment)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	runs := collect(t, c.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment}}))
	if len(runs) != 2 || !slices.ContainsFunc(runs, func(r *mlflowclient.Run) bool { return r.Tags[mlflowclient.TagParentRun] != "" }) {
		t.Fatalf("runs %+v\n%s", runs, out)
	}
	for _, run := range runs {
		if run.Status != mlflowclient.StatusKilled || run.EndTime.IsZero() || run.Metrics["m"].Value != 7 {
			t.Errorf("%+v", run)
		}
	}
}

// interrupted is the program: it interrupts itself in the middle of a run and its child.
func interrupted(t *testing.T, experiment string) {
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	work := func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		w, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{Interval: time.Hour})
		must(t, err)
		return w.Log(ctx, mlflowclient.Metric{Key: "m", Value: 7})
	}
	err := serverEnd(t).Track(ctx, mlflowclient.StartRun{ExperimentID: experiment}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		must(t, work(ctx, run))
		return run.Track(ctx, mlflowclient.StartRun{}, func(ctx context.Context, child *mlflowclient.ActiveRun) error {
			must(t, work(ctx, child))
			self, err := os.FindProcess(os.Getpid())
			must(t, err)
			must(t, self.Signal(os.Interrupt))
			<-ctx.Done()
			return ctx.Err()
		})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
