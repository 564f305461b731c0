package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// workerVariable makes this test binary a worker of a registration: its value is a killedWorker as JSON.
const workerVariable = "PIPELINE_TEST_WORKER"

// killedWorker is what a worker in a process of its own needs to know.
type killedWorker struct {
	MLflow, Prefect, Pool, Flow, Experiment, Model string
}

// runAsWorker serves the registration until it is killed.
func runAsWorker() error {
	var w killedWorker
	if err := json.Unmarshal([]byte(os.Getenv(workerVariable)), &w); err != nil {
		return err
	}
	ctx := context.Background()
	mlflow, err := mlflowclient.New(ctx, w.MLflow)
	if err != nil {
		return err
	}
	prefect, err := prefectclient.New(w.Prefect, prefectclient.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	flow, err := Registration{
		Client: mlflow, Loader: &DataLoader{Getenv: os.Getenv}, FlowName: w.Flow, Experiment: w.Experiment, Model: w.Model,
	}.Flow()
	if err != nil {
		return err
	}
	worker, err := prefectclient.NewWorker(prefect, prefectclient.WorkerConfig{Pool: w.Pool, Queues: []string{WorkQueue}, Name: w.Pool, PollInterval: 500 * time.Millisecond}, flow)
	if err != nil {
		return err
	}
	return worker.Run(ctx)
}

// deadlyProxy forwards to MLflow, and ends a process with kill -9 when a certain call comes: before it is forwarded, or when MLflow has
// carried it out and nobody has heard the answer yet.
type deadlyProxy struct {
	*httptest.Server
	mu     sync.Mutex
	victim *exec.Cmd
	call   string // method and the end of the path; empty for none
	after  bool
	dead   chan struct{}
}

func newDeadlyProxy(t *testing.T, target string) *deadlyProxy {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &deadlyProxy{}
	forward := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(address) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		deadly := p.strikes(r)
		if deadly && !p.after {
			p.kill()
			return
		}
		if !deadly {
			forward.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(httptest.NewRecorder(), r)
		p.kill()
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *deadlyProxy) strikes(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	method, path, _ := strings.Cut(p.call, " ")
	if p.call == "" || r.Method != method || !strings.HasSuffix(r.URL.Path, path) {
		return false
	}
	p.call = ""
	return true
}

func (p *deadlyProxy) kill() {
	_ = p.victim.Process.Kill()
	_ = p.victim.Wait()
	close(p.dead)
}

// arm starts a worker that is to die.
func (p *deadlyProxy) arm(t *testing.T, worker *exec.Cmd, call string, after bool) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.victim, p.call, p.after, p.dead = worker, call, after, make(chan struct{})
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
}

// TestKilledInEveryTask kills the worker of one flow run again and again, in each of its tasks, and retries the run each time, as the user
// interface's button does. In the end there is what one undisturbed run makes.
func TestKilledInEveryTask(t *testing.T) {
	r := onServers(t)
	studied(t, r.Client, r.params.ExperimentName, 0.6, nil)
	proxy := newDeadlyProxy(t, stack.Get(t).MLflowURI)
	settings, err := json.Marshal(killedWorker{
		proxy.URL, r.prefect.APIURL(), r.deployment.WorkPoolName, r.FlowName, r.Experiment, r.Model,
	})
	if err != nil {
		t.Fatal(err)
	}
	servers := stack.Get(t)
	command := func() *exec.Cmd {
		c := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "-test.run=^$")
		c.Env = append(os.Environ(), workerVariable+"="+string(settings), "AWS_ENDPOINT_URL_S3="+servers.S3Endpoint,
			"AWS_ACCESS_KEY_ID="+servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY="+servers.S3SecretKey)
		c.Stderr = t.Output()
		return c
	}
	run := r.submit(t)
	retry := func() {
		t.Helper()
		r.ends(t, run.ID, prefectclient.StateCrashed) // by the new worker, which finds what it left
		if _, err := r.prefect.FlowRuns.ForceState(t.Context(), run.ID, prefectclient.State{Type: prefectclient.StateScheduled, Name: "AwaitingRetry"}); err != nil {
			t.Fatal(err)
		}
	}
	for i, death := range []struct {
		call  string
		after bool
	}{
		{"GET /experiments/get-by-name", false}, // "Get Parameters", while "Prepare Data" runs too
		{"POST /runs/create", true},             // "Register Best Model"
		{"POST /mlflow/logged-models", true},
		{"PUT /artifacts/model.onnx", false},
		{"POST /model-versions/create", true},
		{"PUT /artifacts/comparison.json", false}, // "Compare with Champion"
		{"POST /registered-models/alias", true},
	} {
		proxy.arm(t, command(), death.call, death.after)
		if i > 0 {
			retry()
		}
		select {
		case <-proxy.dead:
		case <-time.After(2 * time.Minute):
			_ = proxy.victim.Process.Kill()
			_ = proxy.victim.Wait()
			t.Fatalf("nobody called %s", death.call)
		}
		t.Logf("killed at %s", death.call)
	}
	proxy.arm(t, command(), "", false)
	defer func() { _, _ = proxy.victim.Process.Kill(), proxy.victim.Wait() }()
	retry()
	r.ends(t, run.ID, prefectclient.StateCompleted)

	until(t, "no task run is RUNNING or PENDING", func() bool {
		open := prefectclient.TaskRunsOf(run.ID)
		open.TaskRuns.State = prefectclient.StateIs(prefectclient.StateRunning, prefectclient.StatePending)
		left, err := r.prefect.TaskRuns.Count(t.Context(), open)
		if err != nil {
			t.Fatal(err)
		}
		return left == 0
	})
	if versions := r.versions(t); len(versions) != 1 {
		t.Errorf("versions of the models %v, want one", versions)
	}
	if found := aliases(t, r.Client, r.Model); len(found) != 1 || found[ChampionAlias] != "1" {
		t.Errorf("aliases %v", found)
	}
	made := r.made(t)
	t.Logf("runs in MLflow: %v", made)
	if made[mlflowclient.StatusRunning] != 0 || made[mlflowclient.StatusFinished] != 1 {
		t.Errorf("runs %v, want one FINISHED and none RUNNING", made)
	}
}
