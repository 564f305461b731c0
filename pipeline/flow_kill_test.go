package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
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

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// workerVariable makes this test binary a worker of the loop's flows: its value is a killedWorker as JSON.
const workerVariable = "PIPELINE_TEST_WORKER"

// killedWorker is what a worker in a process of its own needs to know.
type killedWorker struct {
	MLflow, Prefect, Pool, Flow, Experiment, Model string
}

// runAsWorker serves the flows until it is killed.
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
	flows, err := NewFlows(Registration{
		Client: mlflow, Loader: &DataLoader{Getenv: os.Getenv}, FlowName: w.Flow, Experiment: w.Experiment, Model: w.Model, studySpace: smallSpace(),
	})
	if err != nil {
		return err
	}
	worker, err := prefectclient.NewWorker(
		prefect, prefectclient.WorkerConfig{Pool: w.Pool, Queues: []string{WorkQueue}, Name: w.Pool, PollInterval: 500 * time.Millisecond}, flows.All()...,
	)
	if err != nil {
		return err
	}
	return worker.Run(ctx)
}

// death is the call at which a process ends: before it is forwarded, or when the server has carried it out and nobody has heard the answer yet.
type death struct {
	call  string // method and the end of the path; empty for none
	after bool
	skip  int // how many such calls come first
}

// deadlyProxy forwards to servers, and ends a process with kill -9 at its death.
type deadlyProxy struct {
	mu     sync.Mutex
	victim *exec.Cmd
	death  death
	dead   chan struct{}
}

// front gives an address at which a server is reached through the proxy.
func (p *deadlyProxy) front(t *testing.T, target string) string {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: address.Scheme, Host: address.Host})
			r.Out.Host = r.In.Host // which S3 signs
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.strikes(r) {
			forward.ServeHTTP(w, r)
			return
		}
		if p.death.after {
			forward.ServeHTTP(httptest.NewRecorder(), r)
		}
		p.kill()
	}))
	t.Cleanup(server.Close)
	return server.URL + address.Path
}

func (p *deadlyProxy) strikes(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	method, path, _ := strings.Cut(p.death.call, " ")
	if p.death.call == "" || r.Method != method || !strings.HasSuffix(r.URL.Path, path) {
		return false
	}
	if p.death.skip > 0 {
		p.death.skip--
		return false
	}
	p.death.call = ""
	return true
}

func (p *deadlyProxy) kill() {
	_ = p.victim.Process.Kill()
	_ = p.victim.Wait()
	close(p.dead)
}

// arm starts a worker that is to die.
func (p *deadlyProxy) arm(t *testing.T, worker *exec.Cmd, at death) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.victim, p.death, p.dead = worker, at, make(chan struct{})
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
}

// killed carries a flow run out by workers that die one after the other, and by one that lives. Each time the run is retried, as the user
// interface's button does.
func (r *recorded) killed(t *testing.T, deployment *prefectclient.Deployment, params any, deaths ...death) *prefectclient.FlowRun {
	t.Helper()
	servers := stack.Get(t)
	proxy := &deadlyProxy{}
	settings, err := json.Marshal(killedWorker{
		proxy.front(t, servers.MLflowURI), proxy.front(t, servers.PrefectAPIURL), deployment.WorkPoolName, r.FlowName, r.Experiment, r.Model,
	})
	if err != nil {
		t.Fatal(err)
	}
	objects := proxy.front(t, servers.S3Endpoint)
	command := func() *exec.Cmd {
		c := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], "-test.run=^$")
		c.Env = append(os.Environ(), workerVariable+"="+string(settings), "MLFLOW_S3_ENDPOINT_URL="+objects,
			"AWS_ACCESS_KEY_ID="+servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY="+servers.S3SecretKey)
		c.Stderr = t.Output()
		return c
	}
	run, err := r.prefect.Deployments.CreateFlowRun(t.Context(), deployment.ID, prefectclient.DeploymentRun{Parameters: params})
	if err != nil {
		t.Fatal(err)
	}
	retry := func() {
		t.Helper()
		r.ends(t, run.ID, prefectclient.StateCrashed) // by the new worker, which finds what it left
		if _, err := r.prefect.FlowRuns.ForceState(t.Context(), run.ID, prefectclient.State{Type: prefectclient.StateScheduled, Name: "AwaitingRetry"}); err != nil {
			t.Fatal(err)
		}
	}
	for i, at := range deaths {
		proxy.arm(t, command(), at)
		if i > 0 {
			retry()
		}
		select {
		case <-proxy.dead:
		case <-time.After(2 * time.Minute):
			_ = proxy.victim.Process.Kill()
			_ = proxy.victim.Wait()
			t.Fatalf("nobody called %s", at.call)
		}
		t.Logf("killed at %s", at.call)
	}
	proxy.arm(t, command(), death{})
	defer func() { _, _ = proxy.victim.Process.Kill(), proxy.victim.Wait() }()
	retry()
	r.ends(t, run.ID, prefectclient.StateCompleted)
	r.nothingOpen(t, run.ID)
	return run
}

// nothingOpen waits until no task run of a flow run, nor of its subflow runs, is under way.
func (r *recorded) nothingOpen(t *testing.T, id string) {
	t.Helper()
	flowRuns := []string{id}
	below := prefectclient.FlowRunQuery{Related: prefectclient.Related{FlowRuns: &prefectclient.FlowRunFilter{
		ParentFlowRunID: &prefectclient.AnyFilter{Any: []string{id}},
	}}}
	for run, err := range r.prefect.FlowRuns.Filter(t.Context(), below) {
		if err != nil {
			t.Fatal(err)
		}
		if !run.StateType.Final() {
			t.Errorf("subflow run %s is %s", run.Name, run.StateType)
		}
		flowRuns = append(flowRuns, run.ID)
	}
	for _, one := range flowRuns {
		until(t, "no task run of "+one+" is under way", func() bool {
			open := prefectclient.TaskRunsOf(one)
			open.TaskRuns.State = prefectclient.StateIs(prefectclient.StateRunning, prefectclient.StatePending, prefectclient.StateScheduled, prefectclient.StatePaused,
				prefectclient.StateCancelling)
			left, err := r.prefect.TaskRuns.Count(t.Context(), open)
			if err != nil {
				t.Fatal(err)
			}
			return left == 0
		})
	}
}

// finished counts the FINISHED runs that a flow run has left in an experiment, by their names, and makes sure that none is RUNNING.
func (r *recorded) finished(t *testing.T, flowRun, experiment string) map[string]int {
	t.Helper()
	found, err := r.Client.Experiments.GetByName(t.Context(), experiment)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for run, err := range r.Client.Runs.Search(t.Context(), mlflowclient.SearchRuns{
		ExperimentIDs: []string{found.ID}, Filter: "tags.`" + TagRootFlowRun + "` = '" + flowRun + "'",
	}) {
		if err != nil {
			t.Fatal(err)
		}
		if run.Status == mlflowclient.StatusFinished {
			count[run.Name]++
		}
		if run.Status == mlflowclient.StatusRunning {
			t.Errorf("%s in %s is still RUNNING", run.Name, experiment)
		}
	}
	return count
}

// inPrepareData is when the table is read.
var inPrepareData = death{call: "GET /" + DefaultKey}

// TestKilledInEveryTask kills the worker of one flow run again and again, in each of its tasks. In the end there is what one undisturbed run
// makes.
func TestKilledInEveryTask(t *testing.T) {
	r := onServers(t)
	studied(t, r.Client, r.params.ExperimentName, 0.6, nil)
	r.killed(t, r.deployment, nil,
		inPrepareData,
		death{call: "GET /experiments/get-by-name"},   // "Get Parameters"
		death{call: "POST /runs/create", after: true}, // "Register Best Model"
		death{call: "POST /mlflow/logged-models", after: true},
		death{call: "PUT /artifacts/model.onnx"},
		death{call: "POST /model-versions/create", after: true},
		death{call: "PUT /artifacts/comparison.json"}, // "Compare with Champion"
		death{call: "POST /registered-models/alias", after: true},
	)
	r.checkRegistered(t)
}

// checkRegistered makes sure that there is what one undisturbed registration makes.
func (r *recorded) checkRegistered(t *testing.T) {
	t.Helper()
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

// TestKilledInEveryStep kills the workers of the other flows: in each of their tasks, and in the flow that runs them all, also between two of its
// steps. Nothing is left under way, and what was finished before is not made again.
func TestKilledInEveryStep(t *testing.T) {
	r := onServers(t)
	flows, err := NewFlows(r.Registration)
	if err != nil {
		t.Fatal(err)
	}
	deploy := func(t *testing.T, flow prefectclient.AnyFlow) *prefectclient.Deployment {
		t.Helper()
		pool := artifactKey(r.Model + "-" + flow.Name())
		made, err := prefectclient.Deploy(t.Context(), r.prefect, flow, prefectclient.DeploymentSpec{Name: pool, WorkPool: pool, WorkQueue: WorkQueue})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_ = r.prefect.Deployments.Delete(ctx, made.ID)
			_ = r.prefect.WorkPools.Delete(ctx, pool)
		})
		return made
	}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{"bucket_name": r.params.BucketName, "filename": DefaultKey}
		maps.Copy(all, more)
		return all
	}
	study := r.params.ExperimentName + "-killed"
	baselines := map[string]int{}
	for _, name := range BaselineNames() {
		baselines[name] = 1
	}
	trials := map[string]int{"study-random": 1, "trial-1": 1, "trial-2": 1}
	inIngestion := death{call: "POST /runs/log-inputs", after: true}
	inExploration := death{call: "PUT /artifacts/" + ExplorationReport}
	inBaselines := func(inputs int) death { return death{call: "POST /runs/log-inputs", skip: inputs + 1} } // in the second one's run
	inStudy := func(ends int) death { return death{call: "POST /runs/update", after: true, skip: ends} }    // the end of a trial
	for _, test := range []struct {
		flow   prefectclient.AnyFlow
		params map[string]any
		deaths []death
		want   map[string]map[string]int // FINISHED runs by experiment
	}{
		{flows.Ingestion, with(map[string]any{"filename": "killed.csv"}), []death{inIngestion}, map[string]map[string]int{DataExperiment: {"ingestion of killed": 1}}},
		{
			flows.Exploration, with(map[string]any{"exploration_experiment": r.Experiment + "-explored"}),
			[]death{inExploration, {call: "POST /artifacts/"}}, // the second when the report is recorded, and not shown
			map[string]map[string]int{r.Experiment + "-explored": {"exploration of winequality-red": 1}},
		},
		{
			flows.Baselines, with(map[string]any{"baselines_experiment": r.Experiment + "-baselines"}),
			[]death{inPrepareData, inBaselines(0)},
			map[string]map[string]int{r.Experiment + "-baselines": baselines},
		},
		{
			flows.Study, with(map[string]any{"experiment_name": study, "n_trials": 2, "sampler": "random"}),
			[]death{inPrepareData, inStudy(0)},
			map[string]map[string]int{study: trials},
		},
		{
			flows.WineQuality,
			with(map[string]any{"filename": "loop.csv", "experiment_name": study + "-loop", "n_trials": 2, "sampler": "random"}),
			[]death{
				inIngestion, inExploration,
				inBaselines(1),             // after those of the exploration
				inStudy(4),                 // after that of the run that the baselines left and those of the other three
				{call: "POST /task_runs/"}, // the flow itself, which is about to begin a step
				{call: "POST /model-versions/create", after: true},
			},
			map[string]map[string]int{
				DataExperiment: {"ingestion of loop": 1}, ExplorationExperiment: {"exploration of loop": 1}, BaselinesExperiment: baselines, study + "-loop": trials,
			},
		},
	} {
		t.Run(test.flow.Name(), func(t *testing.T) {
			run := r.killed(t, deploy(t, test.flow), test.params, test.deaths...)
			for experiment, want := range test.want {
				if diff := cmp.Diff(want, r.finished(t, run.ID, experiment)); diff != "" {
					t.Errorf("FINISHED runs in %s (-want +got):\n%s", experiment, diff)
				}
			}
		})
	}
	r.checkRegistered(t)
}
