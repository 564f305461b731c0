package mlflowclient_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

func TestRunLife(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		experiment := newExperiment(t, c)
		start := time.UnixMilli(1_700_000_000_123)
		run, err := c.Runs.Create(ctx, mlflowclient.CreateRun{
			ExperimentID: experiment, Name: "first", UserID: "ann", StartTime: start, Tags: map[string]string{"a": "1", "mlflow.user": "ann"},
		})
		must(t, err)
		for _, r := range []*mlflowclient.Run{run, getRun(t, c, run.ID)} {
			if len(r.ID) != 32 || r.Name != "first" || r.ExperimentID != experiment || r.UserID != "ann" || !r.StartTime.Equal(start) ||
				r.Status != mlflowclient.StatusRunning || !r.EndTime.IsZero() || r.Stage != mlflowclient.StageActive {
				t.Errorf("run %+v", r)
			}
			if len(r.Tags) != 3 || r.Tags["a"] != "1" || r.Tags["mlflow.runName"] != "first" || len(r.Params)+len(r.Metrics)+len(r.Datasets) != 0 {
				t.Errorf("run %+v", r)
			}
			if !strings.HasSuffix(r.ArtifactURI, "/"+r.ID+"/artifacts") {
				t.Errorf("artifacts at %s", r.ArtifactURI)
			}
		}

		end := start.Add(time.Minute)
		info, err := c.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: mlflowclient.StatusFailed, EndTime: end, Name: "second"})
		must(t, err)
		got := getRun(t, c, run.ID)
		if got.RunInfo != *info || info.Status != mlflowclient.StatusFailed || !info.EndTime.Equal(end) || info.Name != "second" || got.Tags["mlflow.runName"] != "second" {
			t.Errorf("updated to %+v, then %+v", info, got)
		}
		_, err = c.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: mlflowclient.StatusRunning})
		must(t, err)
		if got := getRun(t, c, run.ID); got.Status != mlflowclient.StatusRunning || got.Name != "second" {
			t.Errorf("restarted as %+v", got)
		}

		must(t, c.Runs.SetTag(ctx, run.ID, "a", "2"))
		must(t, c.Runs.SetTag(ctx, run.ID, "mlflow.runName", "third"))
		must(t, c.Runs.DeleteTag(ctx, run.ID, "mlflow.user"))
		if got := getRun(t, c, run.ID); got.Tags["a"] != "2" || got.Name != "third" || len(got.Tags) != 2 {
			t.Errorf("after the tags: %+v", got)
		}

		must(t, c.Runs.Delete(ctx, run.ID))
		must(t, c.Runs.Delete(ctx, run.ID)) // twice is no error, so that the call may be repeated
		if got := getRun(t, c, run.ID); got.Stage != mlflowclient.StageDeleted {
			t.Errorf("deleted to %+v", got)
		}
		must(t, c.Runs.Restore(ctx, run.ID))
		must(t, c.Runs.Restore(ctx, run.ID))
		if got := getRun(t, c, run.ID); got.Stage != mlflowclient.StageActive {
			t.Errorf("restored to %+v", got)
		}
	})
}

func TestRunNames(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		experiment := newExperiment(t, c)
		for _, name := range append([]string{strings.Repeat("ü", 250)}, nasty...) {
			run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment, Name: name})
			if got := getRun(t, c, run.ID); got.Name != name || got.Tags["mlflow.runName"] != name {
				t.Errorf("%q came back as %q", name, got.Name)
			}
		}
		random := regexp.MustCompile(`^[a-z]+-[a-z]+-\d+$`)
		run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment})
		if !random.MatchString(run.Name) || len(run.Name) > 20 || run.Tags["mlflow.runName"] != run.Name {
			t.Errorf("a run without a name is called %q, by its tag %q", run.Name, run.Tags["mlflow.runName"])
		}
		if since := time.Since(run.StartTime); since < 0 || since > time.Minute {
			t.Errorf("a run without a start time started at %v", run.StartTime)
		}
	})
}

func TestRunTagsAndParams(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		values := append([]string{"", strings.Repeat("v", 6000)}, nasty...)
		keys := []string{"a", "a/b", "a b", "a.b-c_d:e", "ünï", strings.Repeat("k", 250)}
		for i, value := range values {
			key := "value " + string(rune('a'+i))
			must(t, c.Runs.LogParam(ctx, run.ID, key, value))
			must(t, c.Runs.LogParam(ctx, run.ID, key, value)) // the same again is no error
			must(t, c.Runs.SetTag(ctx, run.ID, key, value))
			got := getRun(t, c, run.ID)
			if got.Params[key] != value || got.Tags[key] != value {
				t.Errorf("%.40q came back as param %.40q and tag %.40q", value, got.Params[key], got.Tags[key])
			}
		}
		for _, key := range keys {
			must(t, c.Runs.LogParam(ctx, run.ID, key, "x"))
			must(t, c.Runs.SetTag(ctx, run.ID, key, "x"))
			must(t, c.Runs.LogMetric(ctx, run.ID, mlflowclient.Metric{Key: key, Value: 1}))
			got := getRun(t, c, run.ID)
			if got.Params[key] != "x" || got.Tags[key] != "x" || got.Metrics[key].Value != 1 {
				t.Errorf("key %.40q is missing", key)
			}
		}
		// One past the limits: values are cut, without a word.
		must(t, c.Runs.LogParam(ctx, run.ID, "long param", strings.Repeat("ü", 6001)))
		must(t, c.Runs.SetTag(ctx, run.ID, "long tag", strings.Repeat("ü", 8001)))
		got := getRun(t, c, run.ID)
		if got.Params["long param"] != strings.Repeat("ü", 6000) || got.Tags["long tag"] != strings.Repeat("ü", 8000) {
			t.Errorf("long values have %d and %d bytes", len(got.Params["long param"]), len(got.Tags["long tag"]))
		}
	})
}

func TestTrack(t *testing.T) {
	eachEnd(t, testTrack)
}
