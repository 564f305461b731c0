package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

type approval struct {
	Approve bool   `json:"approve" title:"Register the model?"`
	Reason  string `json:"reason" default:"none"`
}

// TestPause pauses a run for input, twice: the second has no form.
func TestPause(t *testing.T) {
	t.Parallel()
	c := server(t)
	got := make(chan approval, 1)
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		answer, err := Pause[approval](ctx, Pausing{Description: "# Look at it"})
		if err != nil {
			return 0, err
		}
		got <- answer
		_, err = Pause[struct{}](ctx, Pausing{Timeout: time.Minute})
		return 0, err
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	run = inState(t, c, run.ID, StatePaused, 20*time.Second)
	keys := run.State.Details.RunInputKeyset
	eventually(t, 10*time.Second, "the form is there", func() bool {
		var text string
		return c.FlowRuns.ReadInput(t.Context(), run.ID, keys["description"], &text) == nil && text == "# Look at it"
	})
	var schema Schema
	if err := c.FlowRuns.ReadInput(t.Context(), run.ID, keys["schema"], &schema); err != nil || schema.Properties["approve"].Title != "Register the model?" {
		t.Errorf("the form is %+v, %v", schema, err)
	}
	if answer := must[*Orchestration](t)(c.FlowRuns.Resume(t.Context(), run.ID, map[string]any{"approve": "perhaps"})); answer.Status != Rejected {
		t.Errorf("a wrong input gave %+v", answer)
	}
	resumed := time.Now()
	must[*Orchestration](t)(c.FlowRuns.Resume(t.Context(), run.ID, map[string]any{"approve": true}))
	select {
	case answer := <-got:
		if answer != (approval{true, "none"}) {
			t.Errorf("the input is %+v", answer)
		}
		t.Logf("resumed after %v", time.Since(resumed))
	case <-time.After(20 * time.Second):
		t.Fatal("the run does not go on")
	}
	eventually(t, 10*time.Second, "the second pause", func() bool {
		run := must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), run.ID))
		return run.StateType == StatePaused && run.State.Details.PauseKey == "2"
	})
	must[*Orchestration](t)(c.FlowRuns.Resume(t.Context(), run.ID, nil))
	inState(t, c, run.ID, StateCompleted, 20*time.Second)
}

// TestSuspend leaves the worker while nobody answers, and goes on with the answer.
func TestSuspend(t *testing.T) {
	t.Parallel()
	c := server(t)
	var calls atomic.Int32
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (string, error) {
		calls.Add(1)
		answer, err := Suspend[approval](ctx, Pausing{Key: "ask"})
		if err != nil {
			return "", err
		}
		if !answer.Approve || answer.Reason != "good" {
			return "", errors.New("the input is wrong")
		}
		return answer.Reason, nil
	}, Retries(1))
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	run = inState(t, c, run.ID, StatePaused, 20*time.Second)
	if run.StateName != "Suspended" || !run.State.Details.PauseReschedule {
		t.Errorf("the state is %+v", run.State)
	}
	eventually(t, 10*time.Second, "the form is there", func() bool {
		var schema json.RawMessage
		return c.FlowRuns.ReadInput(t.Context(), run.ID, run.State.Details.RunInputKeyset["schema"], &schema) == nil
	})
	must[*Orchestration](t)(c.FlowRuns.Resume(t.Context(), run.ID, approval{true, "good"}))
	inState(t, c, run.ID, StateCompleted, 30*time.Second)
	if calls.Load() != 2 {
		t.Errorf("the flow was called %d times", calls.Load())
	}
}

// TestPausedRunIsCancelled ends the wait of a paused run.
func TestPausedRunIsCancelled(t *testing.T) {
	t.Parallel()
	c := server(t)
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		_, err := Pause[struct{}](ctx, Pausing{})
		return 0, err
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	inState(t, c, run.ID, StatePaused, 20*time.Second)
	must[*Orchestration](t)(c.FlowRuns.ForceState(t.Context(), run.ID, State{Type: StateCancelling}))
	inState(t, c, run.ID, StateCancelled, 20*time.Second)
}

func TestPauseTimeout(t *testing.T) {
	t.Parallel()
	c, name := server(t), unique(t)
	forget(t, c, name)
	flow := NewFlow(name, func(ctx context.Context, _ struct{}) (int, error) {
		_, err := Pause[struct{}](ctx, Pausing{Timeout: time.Second})
		return 0, err
	})
	if _, err := flow.Run(NewContext(t.Context(), c), struct{}{}); !errors.Is(err, ErrPauseTimeout) {
		t.Errorf("nobody came, and it gave %v", err)
	}
}

func TestPauseNeedsAServerAndAFlow(t *testing.T) {
	pause := func(ctx context.Context, _ struct{}) (int, error) {
		_, err := Pause[struct{}](ctx, Pausing{})
		return 0, err
	}
	if _, err := NewFlow("f", pause).Run(t.Context(), struct{}{}); err == nil || !strings.Contains(err.Error(), "only on a server") {
		t.Errorf("without a server: %v", err)
	}
	c, name := server(t), unique(t)
	forget(t, c, name)
	task := NewTask("t", pause)
	flow := NewFlow(name, func(ctx context.Context, _ struct{}) (int, error) { return task.Run(ctx, struct{}{}) })
	if _, err := flow.Run(NewContext(t.Context(), c), struct{}{}); err == nil || !strings.Contains(err.Error(), "a task cannot be paused") {
		t.Errorf("in a task: %v", err)
	}
}
