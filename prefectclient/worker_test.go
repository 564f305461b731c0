package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// startWorker runs a worker until the test ends, or until the returned function is called.
func startWorker(t testing.TB, c *Client, config WorkerConfig, flows ...AnyFlow) (stop func()) {
	t.Helper()
	w, err := NewWorker(c, config, flows...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the worker ended with %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the worker did not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// deployed makes a deployment on a pool of the test's own, which is removed at the end.
func deployed(t testing.TB, c *Client, flow AnyFlow, spec DeploymentSpec) *Deployment {
	t.Helper()
	if spec.WorkPool == "" {
		spec.WorkPool = unique(t)
	}
	if spec.Name == "" {
		spec.Name = "test"
	}
	d, err := Deploy(t.Context(), c, flow, spec)
	if err != nil {
		t.Fatal(err)
	}
	forget(t, c, flow.Name())
	t.Cleanup(func() { _ = c.WorkPools.Delete(context.Background(), spec.WorkPool) })
	return d
}

type sumParams struct {
	A int `json:"a" title:"First" description:"the first number" min:"0" max:"100"`
	B int `json:"b" default:"2"`
}

func TestWorkerRunsWhatTheUISubmits(t *testing.T) {
	c := server(t)
	var got atomic.Int64
	step := NewTask("add", func(ctx context.Context, in sumParams) (int, error) {
		Logger(ctx).Info("adding", "a", in.A)
		return in.A + in.B, nil
	})
	flow := NewFlow(unique(t), func(ctx context.Context, p sumParams) (int, error) {
		Logger(ctx).Info("hello from a Go flow")
		n, err := step.Run(ctx, p)
		got.Store(int64(n))
		return n, err
	})
	d := deployed(t, c, flow, DeploymentSpec{WorkQueue: "red-wine", Parameters: map[string]any{"a": 1}})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Queues: []string{"red-wine"}, Name: unique(t)}, flow)

	created := time.Now()
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"a": 40}}))
	run = inState(t, c, run.ID, StateCompleted, 20*time.Second)
	t.Logf("created → running %v, → completed %v", run.StartTime.Sub(created), run.EndTime.Sub(created))
	if got.Load() != 42 {
		t.Errorf("the flow added to %d, not 42: the run's parameter and the default", got.Load())
	}
	if run.RunCount != 1 || run.InfrastructurePID == "" || run.WorkQueueName != "red-wine" {
		t.Errorf("run count %d, pid %q, queue %q", run.RunCount, run.InfrastructurePID, run.WorkQueueName)
	}
	eventually(t, 10*time.Second, "the worker's labels, for which no flow waits, are on the run", func() bool {
		labels := must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), run.ID)).Labels
		return labels["prefect.worker.type"] == PoolType && labels["prefect.work-pool.name"] == d.WorkPoolName
	})
	states := must[[]*State](t)(c.FlowRuns.States(t.Context(), run.ID))
	if names := stateNames(states); fmt.Sprint(names) != "[Scheduled Pending Running Completed]" {
		t.Errorf("states are %v", names)
	}
	eventually(t, 10*time.Second, "the task run and the logs are recorded", func() bool {
		tasks := must[int](t)(c.TaskRuns.Count(t.Context(), TaskRunsOf(run.ID)))
		logs := 0
		for _, err := range c.Logs.Filter(t.Context(), LogFilter{FlowRunID: &AnyFilter{Any: []string{run.ID}}}, false) {
			if err != nil {
				t.Fatal(err)
			}
			logs++
		}
		return tasks == 1 && logs >= 5
	})
	pool := must[*WorkPool](t)(c.WorkPools.Read(t.Context(), d.WorkPoolName))
	if pool.Type != PoolType || pool.Status != "READY" {
		t.Errorf("the pool is of type %s and %s", pool.Type, pool.Status)
	}
	for worker, err := range c.Workers.Filter(t.Context(), d.WorkPoolName) {
		if err != nil || worker.Status != "ONLINE" {
			t.Errorf("worker %+v, %v", worker, err)
		}
	}
}

func stateNames(states []*State) []string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = s.Name
	}
	return names
}

func TestWorkerCancels(t *testing.T) {
	c := server(t)
	started := make(chan struct{}, 1)
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		started <- struct{}{}
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	select {
	case <-started:
	case <-time.After(20 * time.Second):
		t.Fatal("the flow was not started")
	}
	inState(t, c, run.ID, StateRunning, 5*time.Second)
	asked := time.Now()
	must[*Orchestration](t)(c.FlowRuns.ForceState(t.Context(), run.ID, State{Type: StateCancelling}))
	run = inState(t, c, run.ID, StateCancelled, 15*time.Second)
	t.Logf("cancelled in %v", run.EndTime.Sub(asked))
}

func TestWorkerRetries(t *testing.T) {
	c := server(t)
	var calls atomic.Int32
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) {
		if calls.Add(1) == 1 {
			return 0, errors.New("the first attempt fails")
		}
		return 1, nil
	}, Retries(1, time.Second))
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	run = inState(t, c, run.ID, StateCompleted, 30*time.Second)
	if calls.Load() != 2 || run.RunCount != 2 {
		t.Errorf("%d calls, run count %d", calls.Load(), run.RunCount)
	}
	states := must[[]*State](t)(c.FlowRuns.States(t.Context(), run.ID))
	if names := stateNames(states); fmt.Sprint(names) != "[Scheduled Pending Running AwaitingRetry Running Completed]" {
		t.Errorf("states are %v", names)
	}
}

func TestWorkerRefusesWrongParameters(t *testing.T) {
	c := server(t)
	flow := NewFlow(unique(t), func(context.Context, sumParams) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	_, err := c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"a": 1000}})
	if !errors.Is(err, ErrConflict) {
		t.Fatalf("a run with a parameter over its maximum gave %v, not a conflict", err)
	}
	off := false
	d = deployed(t, c, flow, DeploymentSpec{Name: "lax", WorkPool: d.WorkPoolName, EnforceParameterSchema: &off})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"a": 1000}}))
	run = inState(t, c, run.ID, StateFailed, 20*time.Second)
	if want := "Validation of flow parameters failed with error: parameter a is 1000, and more than 100"; run.State.Message != want {
		t.Errorf("the message is %q, not %q", run.State.Message, want)
	}
}

func TestTwoWorkersRunEachRunOnce(t *testing.T) {
	const runs = 50
	c := server(t)
	var mu sync.Mutex
	executed := map[string]int{}
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		info, _ := Info(ctx)
		mu.Lock()
		defer mu.Unlock()
		executed[info.FlowRunID]++
		return 0, nil
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	for i := range 2 {
		startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: fmt.Sprintf("%s-%d", unique(t), i), Limit: 10, PollInterval: 200 * time.Millisecond}, flow)
	}
	var creators sync.WaitGroup
	for range 5 {
		creators.Go(func() {
			for range runs / 5 {
				if _, err := c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	creators.Wait()
	of := Related{Deployments: &DeploymentFilter{ID: &IDFilter{Any: []string{d.ID}}}, FlowRuns: &FlowRunFilter{State: StateIs(StateCompleted)}}
	eventually(t, 120*time.Second, "all runs are completed", func() bool {
		return must[int](t)(c.FlowRuns.Count(t.Context(), of)) == runs
	})
	mu.Lock()
	defer mu.Unlock()
	if len(executed) != runs {
		t.Errorf("%d runs were executed, not %d", len(executed), runs)
	}
	for id, n := range executed {
		if n != 1 {
			t.Errorf("run %s was executed %d times", id, n)
		}
	}
}

func TestWorkerTakesLateAndRetriedRuns(t *testing.T) {
	c := server(t)
	var calls atomic.Int32
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) {
		if calls.Add(1) == 1 {
			return 0, errors.New("the first run fails")
		}
		return 0, nil
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	late := State{Type: StateScheduled, Name: "Late", Details: StateDetails{ScheduledTime: now().Add(-time.Minute)}}
	must[*Orchestration](t)(c.FlowRuns.ForceState(t.Context(), run.ID, late))
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	inState(t, c, run.ID, StateFailed, 20*time.Second)
	// The Retry button of the UI.
	again := State{Type: StateScheduled, Name: "AwaitingRetry", Message: "Retry from the UI"}
	if answer := must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), run.ID, again)); answer.Err() != nil {
		t.Fatal(answer.Err())
	}
	inState(t, c, run.ID, StateCompleted, 20*time.Second)
}

func TestWorkerLeavesForeignFlows(t *testing.T) {
	c := server(t)
	foreign := NewFlow(unique(t)+"-foreign", func(context.Context, struct{}) (int, error) { return 0, nil })
	own := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, foreign, DeploymentSpec{})
	mine := deployed(t, c, own, DeploymentSpec{WorkPool: d.WorkPoolName})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, own)
	left := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	taken := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), mine.ID, DeploymentRun{}))
	inState(t, c, taken.ID, StateCompleted, 20*time.Second)
	if run := must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), left.ID)); run.StateType != StateScheduled {
		t.Errorf("a run of a flow that the worker does not have is %v", run.State)
	}
}
