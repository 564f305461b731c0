package prefectclient

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestServe serves two deployments of one flow without a pool, by schedule and by hand, and pauses them at the end.
func TestServe(t *testing.T) {
	t.Parallel()
	c, name := server(t), unique(t)
	forget(t, c, name)
	flow := NewFlow(name, func(_ context.Context, p struct {
		N int `json:"n" default:"1"`
	},
	) (int, error) {
		return p.N, nil
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, c, ServeConfig{}, Served{flow, DeploymentSpec{Name: "by-hand"}},
			Served{flow, DeploymentSpec{Name: "scheduled", Schedules: []ScheduleSpec{{Schedule: Every(time.Hour)}}}})
	}()
	var d *Deployment
	eventually(t, 20*time.Second, "the deployment is served", func() bool {
		var err error
		d, err = c.Deployments.ReadByName(t.Context(), name, "by-hand")
		return err == nil && d.Status == "READY"
	})
	if d.WorkPoolName != "" {
		t.Errorf("it has the pool %q", d.WorkPoolName)
	}
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"n": 3}}))
	inState(t, c, run.ID, StateCompleted, 20*time.Second)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, deployment := range []string{"by-hand", "scheduled"} {
		if d := must[*Deployment](t)(c.Deployments.ReadByName(t.Context(), name, deployment)); !d.Paused {
			t.Errorf("%s is not paused", deployment)
		}
	}
	for what, err := range map[string]error{
		"nothing to serve": Serve(ctx, c, ServeConfig{}),
		"needs a name":     Serve(ctx, c, ServeConfig{}, Served{Flow: flow}),
		"no work pool":     Serve(ctx, c, ServeConfig{WorkerConfig: WorkerConfig{Pool: "p"}}, Served{flow, DeploymentSpec{Name: "d"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWorkerMetricsAndHealth(t *testing.T) {
	t.Parallel()
	c, name := server(t), unique(t)
	flow := NewFlow(name, func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	w := must[*Worker](t)(NewWorker(c, WorkerConfig{Pool: d.WorkPoolName, Name: name}, flow))
	site := httptest.NewServer(w.Handler())
	t.Cleanup(site.Close)
	get := func(path string) (int, string) {
		resp, err := site.Client().Get(site.URL + path) //nolint:noctx // a server of the test's own
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, text := get("/health"); status != http.StatusServiceUnavailable || !strings.Contains(text, "not reached") {
		t.Errorf("before it runs: %d %s", status, text)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	inState(t, c, run.ID, StateCompleted, 20*time.Second)
	if status, text := get("/health"); status != http.StatusOK {
		t.Errorf("while it runs: %d %s", status, text)
	}
	eventually(t, 10*time.Second, "the run is counted", func() bool {
		_, text := get("/metrics")
		return strings.Contains(text, `prefect_worker_flow_runs_total{flow="`+name+`",pool="`+d.WorkPoolName+`",worker="`+name+`"} 1`) &&
			strings.Contains(text, "prefect_worker_start_delay_seconds_count")
	})
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.metrics.lastPoll.Store(time.Now().Add(-time.Hour).UnixNano())
	if status, text := get("/health"); status != http.StatusServiceUnavailable || !strings.Contains(text, "not answered for 1h") {
		t.Errorf("an hour later: %d %s", status, text)
	}
}

// TestZombies lets the heartbeats of a run stop.
func TestZombies(t *testing.T) {
	t.Parallel()
	c, name := server(t), unique(t)
	ctx := t.Context()
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(ctx, name, nil, nil))
	ours := map[string][]string{"prefect.resource.id": {"prefect.flow." + flow.ID}}
	a := must[*Automation](t)(c.Automations.Create(ctx, zombieSpec(name, 10*time.Second, ours)))
	t.Cleanup(func() { _ = c.Automations.Delete(deadline(t, 5*time.Second), a.ID) })
	run, _, err := c.FlowRuns.Create(ctx, FlowRunCreate{FlowID: flow.ID, State: &State{Type: StateRunning}})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // the server's reactor learns of an automation by and by
	beat := must[Event](t)(NewEvent("prefect.flow-run.heartbeat", resource("flow-run", run.ID, run.Name, ""), nil, resource("flow", flow.ID, name, "flow")))
	if err := c.Events.Emit(ctx, beat); err != nil {
		t.Fatal(err)
	}
	run = inState(t, c, run.ID, StateCrashed, 60*time.Second)
	t.Logf("%v after %v", run.State, run.State.Timestamp.Sub(beat.Occurred))
	if _, err := CrashZombies(ctx, c, 10*time.Second); err == nil {
		t.Error("ten seconds are taken")
	}
	if found := must[*Automation](t)(CrashZombies(ctx, c, 20*time.Minute)); found.Name != ZombieAutomation || !found.Enabled {
		t.Errorf("made %+v", found)
	} else if err := c.Automations.Delete(ctx, found.ID); err != nil {
		t.Error(err)
	}
}
