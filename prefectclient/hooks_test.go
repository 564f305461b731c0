package prefectclient

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestHooks(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	hear := func(what string) Hook {
		return func(ctx context.Context, run RunInfo, state State) error {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, what+" "+run.FlowName+run.TaskRunName+" "+state.Name)
			if ctx.Err() != nil {
				t.Error("a hook's context has ended")
			}
			return errors.New("a hook's error changes nothing")
		}
	}
	panics := func(context.Context, RunInfo, State) error { panic("neither does its panic") }
	all := []RunOption{OnCompletion(hear("completion"), panics), OnFailure(hear("failure")), OnCancellation(hear("cancellation")), OnCrashed(hear("crash"))}
	options := func(more ...RunOption) (flow []FlowOption, task []TaskOption) {
		for _, o := range append(more, all...) {
			flow, task = append(flow, o), append(task, o)
		}
		return flow, task
	}
	flowOptions, taskOptions := options(Retries(1))
	tries := 0
	task := NewTask("step", func(context.Context, int) (int, error) {
		if tries++; tries == 1 {
			return 0, errors.New("once")
		}
		return 1, nil
	}, append(taskOptions, RunName("-step"))...)
	flow := NewFlow("flow", func(ctx context.Context, fail struct{ Fail error }) (int, error) {
		if fail.Fail != nil {
			return 0, fail.Fail
		}
		return task.Run(ctx, 1)
	}, flowOptions...)
	for _, c := range []struct {
		fail error
		want []string
	}{
		{nil, []string{"completion flow-step Completed", "completion flow Completed"}},
		{errors.New("no"), []string{"failure flow Failed"}},
		{ErrCancelled, []string{"cancellation flow Cancelled"}},
	} {
		heard = nil
		_, err := flow.Run(t.Context(), struct{ Fail error }{c.fail})
		if !errors.Is(err, c.fail) || !slices.Equal(heard, c.want) {
			t.Errorf("%v: %v, heard %q", c.fail, err, heard)
		}
	}
	heard = nil
	ended, cancel := context.WithCancelCause(t.Context())
	crash := NewFlow("flow", func(ctx context.Context, _ struct{}) (int, error) {
		cancel(errStopped)
		return 0, ctx.Err()
	}, flowOptions...)
	if _, err := crash.Run(ended, struct{}{}); err == nil || !slices.Equal(heard, []string{"crash flow Crashed"}) {
		t.Errorf("%v, heard %q", err, heard)
	}
}

// TestHookOnServer calls a hook of a cancelled run of a worker.
func TestHookOnServer(t *testing.T) {
	t.Parallel()
	c := server(t)
	heard := make(chan State, 1)
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	}, OnCancellation(func(ctx context.Context, _ RunInfo, state State) error {
		_, err := c.Artifacts.CreateMarkdown(ctx, "cleaned-up", "# done", "")
		heard <- state
		return err
	}))
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	inState(t, c, run.ID, StateRunning, 20*time.Second)
	must[*Orchestration](t)(c.FlowRuns.ForceState(t.Context(), run.ID, State{Type: StateCancelling}))
	inState(t, c, run.ID, StateCancelled, 20*time.Second)
	select {
	case state := <-heard:
		if state.Type != StateCancelled || state.ID == "" {
			t.Errorf("the state is %+v", state)
		}
	case <-time.After(10 * time.Second):
		t.Error("no hook was called")
	}
	for a, err := range c.Artifacts.Filter(t.Context(), ArtifactFilter{FlowRunID: &AnyFilter{Any: []string{run.ID}}}) {
		if err != nil || a.Key != "cleaned-up" {
			t.Errorf("%+v, %v", a, err)
		}
	}
}
