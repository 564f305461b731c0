package prefectclient

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// TestAFlowWithoutASlotWaitsForOneThatHasIt has a worker of one slot run two flows that wait for flow runs of the same pool.
func TestAFlowWithoutASlotWaitsForOneThatHasIt(t *testing.T) {
	c := server(t)
	inner := NewFlow(unique(t)+"-inner", func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, inner, DeploymentSpec{})
	outer := NewFlow(unique(t)+"-outer", func(ctx context.Context, _ struct{}) (string, error) {
		run, err := c.Deployments.CreateFlowRun(ctx, d.ID, DeploymentRun{})
		for err == nil && !run.StateType.Final() {
			time.Sleep(100 * time.Millisecond)
			run, err = c.FlowRuns.Read(ctx, run.ID)
		}
		if err != nil {
			return "", err
		}
		return run.Worker(), nil
	}, WithoutSlot())
	waiting := deployed(t, c, outer, DeploymentSpec{WorkPool: d.WorkPoolName})
	name := unique(t)
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: name, Limit: 1}, inner, outer)
	first := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), waiting.ID, DeploymentRun{}))
	second := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), waiting.ID, DeploymentRun{}))
	for _, id := range []string{first.ID, second.ID} {
		if run := inState(t, c, id, StateCompleted, 60*time.Second); run.Worker() != name {
			t.Errorf("the worker of a completed run is %q, want %q", run.Worker(), name)
		}
	}
	if worker := first.Worker(); worker != "" {
		t.Errorf("the worker of a run that waits is %q", worker)
	}
}

// TestAReleasedSlotIsTheNextRuns has a worker of one slot start the second of three runs while the first goes on, and the third not before
// the second has ended, although the first releases its slot twice.
func TestAReleasedSlotIsTheNextRuns(t *testing.T) {
	c := server(t)
	var begun atomic.Int32
	second, third := make(chan struct{}), make(chan struct{})
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		switch begun.Add(1) {
		case 1:
			ReleaseSlot(ctx)
			ReleaseSlot(ctx)
			select {
			case <-second:
				return 1, nil
			case <-time.After(30 * time.Second):
				return 0, errors.New("the released slot was not used")
			}
		case 2:
			close(second)
			select {
			case <-third:
				return 0, errors.New("a slot that was released twice was used twice")
			case <-time.After(2 * time.Second): // several polls
				return 2, nil
			}
		}
		close(third)
		return 3, nil
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t), Limit: 1, PollInterval: 200 * time.Millisecond}, flow)
	var runs []*FlowRun
	for range 3 {
		runs = append(runs, must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{})))
	}
	for _, run := range runs {
		inState(t, c, run.ID, StateCompleted, 60*time.Second)
	}
}
