package prefectclient

import (
	"context"
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
