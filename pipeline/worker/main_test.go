package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "worker")) }

// loop is what the test's worker needs: data, a study with one run, a deployment.
type loop struct {
	name       string
	env        []string
	mlflow     *mlflowclient.Client
	prefect    *prefectclient.Client
	deployment *prefectclient.Deployment
}

func newLoop(t *testing.T, params forest.Params) *loop {
	t.Helper()
	servers := stack.Get(t)
	l := &loop{name: "worker-test-" + strings.ToLower(rand.Text()), env: []string{
		"MLFLOW_TRACKING_URI=" + servers.MLflowURI, "PREFECT_API_URL=" + servers.PrefectAPIURL, "AWS_ENDPOINT_URL_S3=" + servers.S3Endpoint,
		"AWS_ACCESS_KEY_ID=" + servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY=" + servers.S3SecretKey,
	}}
	loader := &pipeline.DataLoader{Getenv: func(name string) string {
		for _, one := range l.env {
			if value, ok := strings.CutPrefix(one, name+"="); ok {
				return value
			}
		}
		return ""
	}}
	if _, err := (pipeline.Ingest{Bucket: l.name, Loader: loader}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.mlflow, err = mlflowclient.New(t.Context(), servers.MLflowURI); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.mlflow.Close() })
	if l.prefect, err = prefectclient.New(servers.PrefectAPIURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.prefect.Close)
	l.study(t, params)
	l.deploy(t, loader)
	return l
}

// study logs a run as a trial would.
func (l *loop) study(t *testing.T, params forest.Params) {
	t.Helper()
	experiment, err := l.mlflow.Experiments.GetOrCreate(t.Context(), l.name)
	if err != nil {
		t.Fatal(err)
	}
	err = l.mlflow.Track(t.Context(), mlflowclient.StartRun{ExperimentID: experiment.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		batch := mlflowclient.Batch{Params: map[string]string{}, Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: 0.6}}}
		for _, one := range pipeline.Named(params) {
			batch.Params[one[0]] = one[1]
		}
		return run.LogBatch(ctx, batch)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *loop) deploy(t *testing.T, loader *pipeline.DataLoader) {
	t.Helper()
	flow, err := pipeline.Registration{Client: l.mlflow}.Flow()
	if err != nil {
		t.Fatal(err)
	}
	params := pipeline.DefaultRegistrationParameters()
	params.BucketName, params.ExperimentName = l.name, l.name
	l.deployment, err = pipeline.Deployment{
		Flow: flow, Name: l.name, Pool: l.name, Parameters: params, Block: l.name, Getenv: loader.Getenv,
	}.Apply(t.Context(), l.prefect)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		_ = l.prefect.Deployments.Delete(ctx, l.deployment.ID)
		_ = l.prefect.WorkPools.Delete(ctx, l.name)
		if block, err := l.prefect.BlockDocuments.ReadByName(ctx, "remote-file-system", l.name); err == nil {
			_ = l.prefect.BlockDocuments.Delete(ctx, block.ID)
		}
	})
}

// start starts the command; it is killed when the test ends, unless it has ended.
func (l *loop) start(t *testing.T) (process *exec.Cmd, stdout *bytes.Buffer) {
	t.Helper()
	process = program.Command(context.Background(), t, t.TempDir(), l.env,
		"--pool", l.name, "--name", l.name, "--production-experiment", l.name+"-production", "--model", l.name)
	stdout = &bytes.Buffer{}
	process.Stdout, process.Stderr = stdout, t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if process.ProcessState == nil {
			_ = process.Process.Kill()
			_ = process.Wait()
		}
	})
	return process, stdout
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// reaches waits until a flow run has a type of state.
func (l *loop) reaches(t *testing.T, id string, want prefectclient.StateType) {
	t.Helper()
	until(t, fmt.Sprintf("flow run %s is %s", id, want), func() bool {
		run, err := l.prefect.FlowRuns.Read(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return run.StateType == want
	})
}

// runs lists those of the production experiment by status.
func (l *loop) runs(t *testing.T) map[mlflowclient.RunStatus]int {
	t.Helper()
	states := map[mlflowclient.RunStatus]int{}
	experiment, err := l.mlflow.Experiments.GetByName(t.Context(), l.name+"-production")
	if errors.Is(err, mlflowclient.ErrNotFound) {
		return states
	}
	if err != nil {
		t.Fatal(err)
	}
	for run, err := range l.mlflow.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		states[run.Status]++
	}
	return states
}

// TestAKilledWorkerRegistersOnce kills a worker in the middle of a training; the next one settles the flow run, and a retry completes it.
func TestAKilledWorkerRegistersOnce(t *testing.T) {
	params := forest.DefaultParams()
	params.NEstimators, params.MaxDepth = 10_000, 3 // seconds of training, and a small model
	l := newLoop(t, params)
	first, stdout := l.start(t)
	run, err := l.prefect.Deployments.CreateFlowRun(t.Context(), l.deployment.ID, prefectclient.DeploymentRun{})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the training is recorded", func() bool { return l.runs(t)[mlflowclient.StatusRunning] == 1 })
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // killed
	if text := stdout.String(); !strings.HasPrefix(text, fmt.Sprintf("Worker %s runs \"", l.name)) ||
		!strings.Contains(text, fmt.Sprintf("\"Main Registration Flow\" for pool %s, queue red-wine", l.name)) ||
		!strings.Contains(text, "Trigger a run:  "+l.prefect.UIURL()+"/deployments") {
		t.Errorf("stdout %q", text)
	}
	l.reaches(t, run.ID, prefectclient.StateRunning) // which nobody carries out

	second, _ := l.start(t)
	l.reaches(t, run.ID, prefectclient.StateCrashed)
	answer, err := l.prefect.FlowRuns.SetState(t.Context(), run.ID, prefectclient.State{Type: prefectclient.StateScheduled, Name: "AwaitingRetry"})
	if err != nil || answer.Err() != nil {
		t.Fatal(answer, err)
	}
	l.reaches(t, run.ID, prefectclient.StateCompleted)
	if runs := l.runs(t); runs[mlflowclient.StatusKilled] != 1 || runs[mlflowclient.StatusFinished] != 1 || len(runs) != 2 {
		t.Errorf("runs %v", runs)
	}
	champion, err := l.mlflow.ModelVersions.GetByAlias(t.Context(), l.name, "champion")
	latest, latestErr := l.mlflow.ModelVersions.Latest(t.Context(), l.name)
	if err := errors.Join(err, latestErr); err != nil || champion.Version != "1" || latest.Version != "1" {
		t.Errorf("champion %+v, latest %+v, %v", champion, latest, err)
	}

	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = second.Wait()
	if code := second.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit code %d after SIGTERM, want 143", code)
	}
}

// TestTheWorkerLetsRunsEnd stops a worker in the middle of a training, which it completes.
func TestTheWorkerLetsRunsEnd(t *testing.T) {
	params := forest.DefaultParams()
	params.NEstimators, params.MaxDepth = 5_000, 3
	l := newLoop(t, params)
	process, _ := l.start(t)
	run, err := l.prefect.Deployments.CreateFlowRun(t.Context(), l.deployment.ID, prefectclient.DeploymentRun{})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the training is recorded", func() bool { return l.runs(t)[mlflowclient.StatusRunning] == 1 })
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	if code := process.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit code %d after SIGTERM, want 143", code)
	}
	l.reaches(t, run.ID, prefectclient.StateCompleted)
	if runs := l.runs(t); runs[mlflowclient.StatusFinished] != 1 || len(runs) != 1 {
		t.Errorf("runs %v", runs)
	}
}

func TestWorkerRefuses(t *testing.T) {
	dir := t.TempDir()
	program.Refused(t, program.Run(t, dir, nil), 1, "no Prefect server is configured: set PREFECT_API_URL")
	program.Refused(t, program.Run(t, dir, nil, "--drain", "0s"), 2, "--drain is 0s")
	program.Refused(t, program.Run(t, dir, nil, "--limit", "many"), 2, "--limit")
	env := []string{"PREFECT_API_URL=" + stack.Get(t).PrefectAPIURL}
	program.Refused(t, program.Run(t, dir, env, "--limit=-1"), 1, "a limit of -1 flow runs is less than none")
}
