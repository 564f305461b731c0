package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// misbehaviour is how a flow ends its process.
type misbehaviour struct {
	How string `json:"how" default:"not at all"`
}

// misbehavingFlow does what a flow should not.
func misbehavingFlow(name string, opts ...FlowOption) *Flow[misbehaviour, int] {
	step := NewTask("step", func(ctx context.Context, how string) (int, error) {
		Logger(ctx).Info("about to: " + how)
		time.Sleep(1500 * time.Millisecond) // so that the record reaches the server
		switch how {
		case "exit":
			os.Exit(3) //nolint:revive // that is the point
		case "panic":
			go func() { panic("in a goroutine of its own") }()
			<-ctx.Done()
		case "memory":
			var all [][]byte
			for ctx.Err() == nil {
				block := make([]byte, 16<<20)
				for i := range block {
					block[i] = 1
				}
				all = append(all, block)
			}
			return len(all), ctx.Err()
		case "deaf":
			select {}
		case "fail":
			return 0, errors.New("as told")
		}
		return os.Getpid(), nil
	})
	return NewFlow(name, func(ctx context.Context, p misbehaviour) (int, error) { return step.Run(ctx, p.How) }, opts...)
}

// TestSubprocesses runs flows that take their process with them, all at once: each takes one run only.
func TestSubprocesses(t *testing.T) {
	c, name := server(t), unique(t)
	worker := name + "-worker"
	var mu sync.Mutex
	heard := map[string]string{}
	flow := misbehavingFlow(name+"-misbehaving", OnCrashed(func(_ context.Context, run RunInfo, state State) error {
		mu.Lock()
		defer mu.Unlock()
		heard[run.FlowRunID] = state.Message
		return nil
	}))
	d := deployed(t, c, flow, DeploymentSpec{})
	t.Setenv(workerProcess, d.WorkPoolName)
	t.Setenv("PREFECT_API_URL", c.APIURL())
	t.Setenv("FLOW", name)
	t.Setenv("WORKER", worker)
	t.Setenv("ISOLATION", string(Subprocess))
	config := WorkerConfig{
		Pool: d.WorkPoolName, Name: worker, Isolation: Subprocess, MemoryLimit: 200 << 20, CancelGrace: 3 * time.Second,
		Command: []string{os.Args[0], "-test.run=^$"},
	}
	startWorker(t, c, config, flow, endlessFlow(name))
	runs := map[string]*FlowRun{}
	for _, how := range []string{"not at all", "exit", "panic", "memory", "deaf", "fail"} {
		runs[how] = must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"how": how}}))
	}
	inState(t, c, runs["deaf"].ID, StateRunning, 40*time.Second)
	must[*Orchestration](t)(c.FlowRuns.ForceState(t.Context(), runs["deaf"].ID, State{Type: StateCancelling}))
	for how, want := range map[string]struct {
		state StateType
		text  string
	}{
		"not at all": {StateCompleted, ""},
		"exit":       {StateCrashed, "exit status 3"},
		"panic":      {StateCrashed, "exit status 2"},
		"memory":     {StateCrashed, "over the limit of 200 MiB"},
		"deaf":       {StateCancelled, ""},
		"fail":       {StateFailed, "as told"},
	} {
		run := inState(t, c, runs[how].ID, want.state, 60*time.Second)
		if !strings.Contains(run.State.Message, want.text) {
			t.Errorf("%s: the state is %v", how, run.State)
		}
		if p, ok := parseProcess(run.InfrastructurePID); !ok || p.pid == os.Getpid() || p.worker != worker {
			t.Errorf("%s: it ran in %q", how, run.InfrastructurePID)
		}
		open := TaskRunsOf(run.ID)
		open.TaskRuns.State = StateIs(StatePending, StateRunning)
		eventually(t, 20*time.Second, fmt.Sprintf("no task run of %q is open", how), func() bool {
			return must[int](t)(c.TaskRuns.Count(t.Context(), open)) == 0
		})
		hook := func() string {
			mu.Lock()
			defer mu.Unlock()
			return heard[run.ID]
		}
		if want.state == StateCrashed { // hooks come after the state
			eventually(t, 20*time.Second, fmt.Sprintf("the hook of %q is called", how), func() bool { return hook() != "" })
		} else if said := hook(); said != "" {
			t.Errorf("%s: the hook heard %q", how, said)
		}
	}
}

// TestSubprocessOutlivesItsWorker kills the worker: the flow run goes on, can be cancelled, and is not run again.
func TestSubprocessOutlivesItsWorker(t *testing.T) {
	c, name := server(t), unique(t)
	flow := endlessFlow(name)
	d := deployed(t, c, flow, DeploymentSpec{})
	cmd := workerCommand(t, c, d.WorkPoolName, name, name+"-worker")
	cmd.Env = append(cmd.Env, "ISOLATION="+string(Subprocess))
	cmd.Args = append(cmd.Args[:1], "-test.run=^$")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	run = inState(t, c, run.ID, StateRunning, 20*time.Second)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: name + "-worker"}, flow)
	time.Sleep(2 * time.Second)
	now := must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), run.ID))
	if now.StateType != StateRunning || now.RunCount != 1 {
		t.Errorf("without its worker the run is %v, run count %d", now.State, now.RunCount)
	}
	must[*Orchestration](t)(c.FlowRuns.ForceState(t.Context(), run.ID, State{Type: StateCancelling}))
	inState(t, c, run.ID, StateCancelled, 20*time.Second)
	p, _ := parseProcess(now.InfrastructurePID)
	eventually(t, 10*time.Second, "the subprocess ends", func() bool { return !p.runs() })
}

func TestWrongIsolation(t *testing.T) {
	flow := endlessFlow("f")
	c := must[*Client](t)(New("http://127.0.0.1:1/api"))
	for _, config := range []WorkerConfig{
		{Pool: "p", Isolation: "thread"}, {Pool: "p", MemoryLimit: 1 << 30}, {Pool: "p", Isolation: Subprocess, MemoryLimit: -1}, {},
	} {
		if _, err := NewWorker(c, config, flow); err == nil {
			t.Errorf("%+v is taken", config)
		}
	}
}
