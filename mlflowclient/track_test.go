package mlflowclient_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

func testTrack(t *testing.T, c *mlflowclient.Client) {
	experiment := newExperiment(t, c)
	boom := errors.New("boom")
	tests := []struct {
		name   string
		do     func(context.Context, *mlflowclient.ActiveRun, context.CancelFunc) error
		status mlflowclient.RunStatus
	}{
		{"success", func(ctx context.Context, r *mlflowclient.ActiveRun, _ context.CancelFunc) error {
			return errors.Join(
				r.LogParam(ctx, "p", "1"), r.SetTag(ctx, "t", "2"), r.LogMetric(ctx, mlflowclient.Metric{Key: "m", Value: 3}),
				r.LogBatch(ctx, mlflowclient.Batch{Params: map[string]string{"q": "4"}}),
				r.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{{Name: "d", Digest: "e", SourceType: "f", Source: "g"}}}),
			)
		}, mlflowclient.StatusFinished},
		{"failure", func(context.Context, *mlflowclient.ActiveRun, context.CancelFunc) error { return boom }, mlflowclient.StatusFailed},
		{"cancelled", func(ctx context.Context, _ *mlflowclient.ActiveRun, cancel context.CancelFunc) error {
			cancel()
			return ctx.Err()
		}, mlflowclient.StatusKilled},
		{"finished in spite of cancelling", func(_ context.Context, _ *mlflowclient.ActiveRun, cancel context.CancelFunc) error {
			cancel()
			return nil
		}, mlflowclient.StatusFinished},
		{"panic", func(context.Context, *mlflowclient.ActiveRun, context.CancelFunc) error { panic(boom) }, mlflowclient.StatusFailed},
	}
	parent, err := c.Start(t.Context(), mlflowclient.StartRun{ExperimentID: experiment, Name: "parent", Description: "**all**"})
	must(t, err)
	for _, tt := range tests {
		ctx, cancel := context.WithCancel(t.Context())
		var id string
		func() {
			defer func() {
				if caught := recover(); (caught != nil) != (tt.name == "panic") {
					t.Errorf("%s: panic %v", tt.name, caught)
				}
			}()
			in := mlflowclient.StartRun{ExperimentID: experiment, Name: tt.name, ParentID: parent.ID, Tags: map[string]string{"own": "x"}}
			err := c.Track(ctx, in, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
				id = run.ID
				return tt.do(ctx, run, cancel)
			})
			if (err == nil) != (tt.status == mlflowclient.StatusFinished) {
				t.Errorf("%s: error %v", tt.name, err)
			}
		}()
		cancel()
		run := getRun(t, c, id)
		if run.Status != tt.status || run.EndTime.Before(run.StartTime) || run.Name != tt.name || run.ExperimentID != experiment {
			t.Errorf("%s: %+v", tt.name, run)
		}
		for key, want := range map[string]string{
			"own": "x", mlflowclient.TagRunName: tt.name, mlflowclient.TagParentRun: parent.ID, mlflowclient.TagUser: run.UserID,
			mlflowclient.TagSourceType: "LOCAL", mlflowclient.TagSourceName: "mlopsgo/mlflowclient.test",
		} {
			if run.Tags[key] != want || want == "" {
				t.Errorf("%s: tag %s is %q, want %q", tt.name, key, run.Tags[key], want)
			}
		}
	}
	wantError(t, parent.End(t.Context(), mlflowclient.StatusRunning), mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	late, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	must(t, parent.End(late, mlflowclient.StatusKilled))
	if run := getRun(t, c, parent.ID); run.Status != mlflowclient.StatusKilled || run.Tags[mlflowclient.TagNote] != "**all**" {
		t.Errorf("parent %+v", run)
	}
}
