package prefectclient

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The environment that makes this test binary a worker whose flow never ends; see TestKilledWorker.
const workerProcess = "PREFECTCLIENT_TEST_WORKER"

// runAsWorker is a worker in a process of its own.
func runAsWorker(pool string) error {
	c, err := New(os.Getenv("PREFECT_API_URL"), WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	config := WorkerConfig{Pool: pool, Name: os.Getenv("WORKER"), Isolation: Isolation(os.Getenv("ISOLATION"))}
	w, err := NewWorker(c, config, endlessFlow(os.Getenv("FLOW")), nestedFlow(os.Getenv("FLOW")+"-nested"), misbehavingFlow(os.Getenv("FLOW")+"-misbehaving"))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return w.Run(ctx)
}

// workerCommand is a worker in a process of its own.
func workerCommand(t testing.TB, c *Client, pool, flow, worker string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), workerProcess+"="+pool, "PREFECT_API_URL="+c.APIURL(), "FLOW="+flow, "WORKER="+worker)
	return cmd
}

// endlessFlow runs a task until it is cancelled.
func endlessFlow(name string) *Flow[struct{}, int] {
	wait := NewTask("wait", func(ctx context.Context, _ struct{}) (int, error) {
		fmt.Println("running")
		<-ctx.Done()
		return 0, context.Cause(ctx)
	})
	return NewFlow(name, func(ctx context.Context, p struct{}) (int, error) { return wait.Run(ctx, p) })
}

// nestedFlow runs an endless flow as its subflow.
func nestedFlow(name string) *Flow[struct{}, int] {
	inner := endlessFlow(name + "-inner")
	return NewFlow(name, func(ctx context.Context, p struct{}) (int, error) { return inner.Run(ctx, p) })
}

func TestKilledWorker(t *testing.T) {
	c := server(t)
	name, worker := unique(t), unique(t)
	flow := NewFlow(name, func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	nested := must[*Deployment](t)(Deploy(t.Context(), c, nestedFlow(name+"-nested"), DeploymentSpec{Name: name, WorkPool: d.WorkPoolName}))
	tasks := func(run *FlowRun, state StateType) bool {
		filter := TaskRunsOf(run.ID)
		filter.TaskRuns.State = StateIs(state)
		return must[int](t)(c.TaskRuns.Count(t.Context(), filter)) == 1
	}
	cmd := workerCommand(t, c, d.WorkPoolName, name, worker)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	outer := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), nested.ID, DeploymentRun{}))
	if _, err := io.ReadFull(out, make([]byte, len("running\nrunning"))); err != nil {
		t.Fatal(err)
	}
	inState(t, c, run.ID, StateRunning, 10*time.Second)
	inner := subflowRun(t, c, outer.ID)
	eventually(t, 10*time.Second, "the subflow's task run is recorded", func() bool { return tasks(inner, StateRunning) })
	eventually(t, 5*time.Second, "the process is known", func() bool {
		return must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), run.ID)).InfrastructurePID != ""
	})
	eventually(t, 10*time.Second, "the task run is recorded", func() bool { return tasks(run, StateRunning) })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	// A run that the process had just claimed is found too, and runs after all.
	claimed := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	own := must[process](t)(thisProcess(worker))
	own.pid, own.start = cmd.Process.Pid, "1"
	must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), claimed.ID, State{Type: StatePending, Message: claimMessage(own)}))

	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: worker}, flow)
	lost := inState(t, c, run.ID, StateCrashed, 20*time.Second)
	t.Log(lost.State)
	eventually(t, 10*time.Second, "the lost task run is CRASHED too", func() bool { return tasks(run, StateCrashed) })
	inState(t, c, outer.ID, StateCrashed, 20*time.Second)
	inState(t, c, inner.ID, StateCrashed, 10*time.Second)
	eventually(t, 10*time.Second, "the tasks runs of both are CRASHED", func() bool { return tasks(inner, StateCrashed) && tasks(outer, StateCrashed) })
	inState(t, c, claimed.ID, StateCompleted, 20*time.Second)
}

// subflowRun waits for the only subflow run of a flow run.
func subflowRun(t *testing.T, c *Client, parent string) (run *FlowRun) {
	t.Helper()
	query := FlowRunQuery{Related: Related{FlowRuns: &FlowRunFilter{ParentFlowRunID: &AnyFilter{Any: []string{parent}}}}}
	eventually(t, 10*time.Second, "the subflow run", func() bool {
		for found, err := range c.FlowRuns.Filter(t.Context(), query) {
			if err != nil {
				t.Fatal(err)
			}
			run = found
		}
		return run != nil
	})
	return run
}

func TestWorkersLeaveOthersRuns(t *testing.T) {
	own := process{worker: "w", host: "h", pid: os.Getpid(), start: "7"}
	for _, row := range []struct {
		name  string
		other process
		lost  bool
	}{
		{"this process", own, false},
		{"another worker", process{"x", "h", 999999, "1"}, false},
		{"another host", process{"w", "i", 999999, "1"}, false},
		{"a process that ended", process{"w", "h", 1<<22 + 1, "1"}, true},
		{"a pid that is used again", process{"w", "h", os.Getpid(), "another start"}, true},
		{"a process that lives", process{"w", "h", os.Getpid(), processStart(os.Getpid())}, false},
	} {
		if got := row.other.lost(own); got != row.lost {
			t.Errorf("%s: lost is %v", row.name, got)
		}
		if back, ok := parseProcess(row.other.String()); !ok || back != row.other {
			t.Errorf("%s: %q is read as %+v", row.name, row.other, back)
		}
	}
	for _, text := range []string{"", "host:1234", "w/h:x:1", "w/h:0:1", "w/h:1"} {
		if p, ok := parseProcess(text); ok {
			t.Errorf("%q is read as %+v", text, p)
		}
	}
}

func TestWorkerDrains(t *testing.T) {
	c := server(t)
	started, end := make(chan struct{}, 3), make(chan struct{})
	defer close(end)
	flow := NewFlow(unique(t), func(ctx context.Context, p struct {
		Kind string `json:"kind" default:"short"`
	},
	) (int, error) {
		started <- struct{}{}
		switch p.Kind {
		case "endless":
			<-ctx.Done()
			return 0, ctx.Err()
		case "deaf":
			<-end
			return 0, nil
		}
		time.Sleep(time.Second)
		return 0, nil
	})
	d := deployed(t, c, flow, DeploymentSpec{})
	stop := startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t), DrainTimeout: 4 * time.Second, CancelGrace: 500 * time.Millisecond}, flow)
	short := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	endless := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"kind": "endless"}}))
	deaf := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"kind": "deaf"}}))
	for range 3 {
		select {
		case <-started:
		case <-time.After(20 * time.Second):
			t.Fatal("the flows were not started")
		}
	}
	stop()
	inState(t, c, short.ID, StateCompleted, time.Second)
	inState(t, c, endless.ID, StateCrashed, time.Second)
	inState(t, c, deaf.ID, StateCrashed, time.Second)
	late := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	time.Sleep(500 * time.Millisecond)
	if run := must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), late.ID)); run.StateType != StateScheduled {
		t.Errorf("a stopped worker took a run: %v", run.State)
	}
}

func TestWorkerStartsAtTheTime(t *testing.T) {
	c := server(t)
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t), PollInterval: 10 * time.Second}, flow)
	warm := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	inState(t, c, warm.ID, StateCompleted, 30*time.Second)
	at := time.Now().Add(3 * time.Second)
	planned := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{At: at}))
	prompt := time.Now()
	now := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	now = inState(t, c, now.ID, StateCompleted, 30*time.Second)
	planned = inState(t, c, planned.ID, StateCompleted, 30*time.Second)
	early, after := planned.StartTime.Sub(at), now.StartTime.Sub(prompt)
	t.Logf("with a poll each 10 s: started %v after its creation, and %v after its time", after, early)
	if early < 0 || early > 2*time.Second || after > 5*time.Second {
		t.Error("that is not prompt")
	}
}

// cutter is a proxy whose connections can be cut.
type cutter struct {
	net.Listener
	target string
	down   atomic.Bool
	mu     sync.Mutex
	conns  map[net.Conn]bool
}

func newCutter(t *testing.T, target string) *cutter {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, target: target, conns: map[net.Conn]bool{}}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); c.cut(); work.Wait() })
	return c
}

func (c *cutter) serve(in net.Conn) {
	defer in.Close()
	if c.down.Load() {
		return
	}
	out, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer out.Close()
	c.mu.Lock()
	c.conns[in], c.conns[out] = true, true
	c.mu.Unlock()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = in.Close()
			_ = out.Close()
		})
	}
	both.Wait()
	c.mu.Lock()
	delete(c.conns, in)
	delete(c.conns, out)
	c.mu.Unlock()
}

// cut ends all connections.
func (c *cutter) cut() {
	c.down.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Close()
	}
}

func TestWorkerOutlivesACutNetwork(t *testing.T) {
	direct := server(t)
	address, err := url.Parse(direct.APIURL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := newCutter(t, address.Host)
	c, err := New("http://"+proxy.Addr().String()+address.Path, WithMaxRetries(1), WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	step := NewTask("step", func(ctx context.Context, i int) (int, error) {
		Logger(ctx).Info("step", "i", i)
		return i, nil
	})
	halfway := make(chan struct{})
	goOn := make(chan struct{})
	var calls atomic.Int32
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) {
		if calls.Add(1) > 1 {
			return 0, nil
		}
		_, _ = step.Map(ctx, []int{1, 2, 3, 4, 5}).Results(ctx)
		close(halfway)
		<-goOn
		_, _ = step.Map(ctx, []int{6, 7, 8, 9, 10}).Results(ctx) // while the network is cut
		return 0, nil
	})
	d := deployed(t, direct, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t)}, flow)
	run := must[*FlowRun](t)(direct.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	select {
	case <-halfway:
	case <-time.After(30 * time.Second):
		t.Fatal("the flow was not started")
	}
	proxy.cut()
	close(goOn)
	time.Sleep(2 * time.Second)
	second := must[*FlowRun](t)(direct.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	proxy.down.Store(false)
	inState(t, direct, run.ID, StateCompleted, 60*time.Second)
	inState(t, direct, second.ID, StateCompleted, 60*time.Second)
	if calls.Load() != 2 {
		t.Errorf("the flow was called %d times", calls.Load())
	}
	eventually(t, 30*time.Second, "all task runs and logs are recorded", func() bool {
		of := TaskRunsOf(run.ID)
		of.TaskRuns.State = StateIs(StateCompleted)
		logs := map[string]bool{}
		for log, err := range direct.Logs.Filter(t.Context(), LogFilter{FlowRunID: &AnyFilter{Any: []string{run.ID}}}, false) {
			if err == nil {
				logs[log.TaskRunID+log.Message] = true
			}
		}
		return must[int](t)(direct.TaskRuns.Count(t.Context(), of)) == 10 && len(logs) == 22
	})
}
