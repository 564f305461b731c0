package mlflowclient_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// batchOf makes metrics of one key, and params and tags of one key each.
func batchOf(metrics, params, tags int) mlflowclient.Batch {
	b := mlflowclient.Batch{Params: map[string]string{}, Tags: map[string]string{}}
	for i := range metrics {
		b.Metrics = append(b.Metrics, mlflowclient.Metric{Key: "m", Value: float64(i), Step: int64(i), Timestamp: time.UnixMilli(int64(i))})
	}
	for i := range params {
		b.Params[fmt.Sprintf("p%03d", i)] = fmt.Sprint(i)
	}
	for i := range tags {
		b.Tags[fmt.Sprintf("t%03d", i)] = fmt.Sprint(i)
	}
	return b
}

func TestBatchSizes(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		experiment := newExperiment(t, c)
		for _, size := range [][3]int{{0, 0, 0}, {1, 1, 1}, {1000, 0, 0}, {800, 100, 100}, {1001, 0, 0}, {0, 101, 0}, {0, 0, 101}, {801, 100, 100}, {2500, 201, 150}} {
			run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment, Name: "batch"})
			b := batchOf(size[0], size[1], size[2])
			must(t, c.Runs.LogBatch(ctx, run.ID, b))
			must(t, c.Runs.LogBatch(ctx, run.ID, b)) // again, as after a lost answer
			got := getRun(t, c, run.ID)
			history := collect(t, c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: "m"}))
			if len(history) != size[0] || len(got.Params) != size[1] || len(got.Tags) != size[2]+1 {
				t.Errorf("%v: %d metrics, %d params, %d tags", size, len(history), len(got.Params), len(got.Tags)-1)
			}
			for key, value := range b.Params {
				if got.Params[key] != value {
					t.Errorf("%v: param %s is %q", size, key, got.Params[key])
				}
			}
			if last := size[0] - 1; last >= 0 && got.Metrics["m"].Step != int64(last) {
				t.Errorf("%v: latest %+v", size, got.Metrics["m"])
			}
		}
	})
}

func TestBatchIsStoredWhollyOrNotAtAll(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		empty := func(run *mlflowclient.Run) {
			t.Helper()
			if got := getRun(t, c, run.ID); len(got.Metrics)+len(got.Params)+len(got.Tags) != 1 {
				t.Errorf("a refused batch left %+v", got)
			}
		}
		run := newRun(t, c, mlflowclient.CreateRun{Name: "whole"})
		b := batchOf(10, 10, 10)
		b.Metrics[9].Key = "what?"
		wantError(t, c.Runs.LogBatch(ctx, run.ID, b), mlflowclient.ErrInvalidParameter, 400, mlflowclient.CodeInvalidParameterValue)
		empty(run)

		// Over the limits, too, as far as can be known before.
		for _, key := range []string{"", "what?", "../up", "a//b", "/a", ".", strings.Repeat("k", 251)} {
			b := batchOf(1500, 10, 10)
			b.Metrics[1400].Key = key
			if err := c.Runs.LogBatch(ctx, run.ID, b); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("key %.40q: %v", key, err)
			}
			empty(run)
		}

		must(t, c.Runs.LogParam(ctx, run.ID, "p150", "other"))
		err := c.Runs.LogBatch(ctx, run.ID, batchOf(1100, 200, 0))
		part, ok := errors.AsType[*mlflowclient.BatchError](err)
		if !ok || !errors.Is(err, mlflowclient.ErrInvalidParameter) || part.Metrics != 900 || part.Params != 100 || part.Tags != 0 {
			t.Fatalf("error %v", err)
		}
		got := getRun(t, c, run.ID)
		if len(got.Params) != 101 || got.Metrics["m"].Step != 899 {
			t.Errorf("%d params, metric %+v", len(got.Params), got.Metrics["m"])
		}
	})
}

func TestBatchTiesMetricsToDatasets(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{
			{Name: "wine", Digest: "abc", SourceType: "http", Source: "{}"},
		}}))
		must(t, c.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{Metrics: []mlflowclient.Metric{
			{Key: "accuracy", Value: 0.5, DatasetName: "wine", DatasetDigest: "abc"},
		}}))
		if got := getRun(t, c, run.ID); got.Metrics["accuracy"].Value != 0.5 {
			t.Errorf("run %+v", got)
		}
	})
}
