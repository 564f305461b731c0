package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "register")) }

// studied logs a run as a trial of a study would.
func studied(t *testing.T, uri, experiment string, change ...func(*forest.Params)) *mlflowclient.Client {
	t.Helper()
	client, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	found, err := client.Experiments.GetOrCreate(t.Context(), experiment)
	if err != nil {
		t.Fatal(err)
	}
	params := forest.DefaultParams()
	params.NEstimators = 10
	for _, one := range change {
		one(&params)
	}
	err = client.Track(t.Context(), mlflowclient.StartRun{ExperimentID: found.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		batch := mlflowclient.Batch{Params: map[string]string{}, Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: 0.6}}}
		for _, one := range pipeline.Named(params) {
			batch.Params[one[0]] = one[1]
		}
		return run.LogBatch(ctx, batch)
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestRegisterNeedsNoServer(t *testing.T) {
	dir := t.TempDir()
	client := studied(t, "sqlite:///"+filepath.Join(dir, "mlflow.db"), "red-wine-quality-hyperopt")
	done := program.Run(t, dir, nil, "--bucket", "", "--filename", "embedded:")
	if done.Code != 0 || !strings.HasPrefix(done.Stdout, "Registered sk-rfc-model version 1 (alias champion), accuracy 0.") ||
		!strings.Contains(done.Stdout, "mlflow ui --backend-store-uri") || !strings.Contains(done.Stderr, "trained 10 trees") {
		t.Fatalf("%+v", done)
	}
	champion, err := client.ModelVersions.GetByAlias(t.Context(), "sk-rfc-model", "champion")
	if err != nil || !strings.Contains(done.Stdout, champion.ModelID) {
		t.Errorf("%+v, %v", champion, err)
	}
}

// named gives the environment of the stack's servers, and flags that name everything after the test, whose data is in its bucket.
func named(t *testing.T) (name string, env, flags []string) {
	t.Helper()
	servers := stack.Get(t)
	name = "register-test-" + strings.ToLower(rand.Text())
	env = []string{
		"MLFLOW_TRACKING_URI=" + servers.MLflowURI, "PREFECT_API_URL=" + servers.PrefectAPIURL, "AWS_ENDPOINT_URL_S3=" + servers.S3Endpoint,
		"AWS_ACCESS_KEY_ID=" + servers.S3AccessKey, "AWS_SECRET_ACCESS_KEY=" + servers.S3SecretKey,
	}
	getenv := func(name string) string {
		for _, one := range env {
			if value, ok := strings.CutPrefix(one, name+"="); ok {
				return value
			}
		}
		return ""
	}
	if _, err := (pipeline.Ingest{Bucket: name, Loader: &pipeline.DataLoader{Getenv: getenv}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return name, env, []string{"--bucket", name, "--experiment", name + "-study", "--production-experiment", name + "-production", "--model", name}
}

func TestRegisterIsRecordedInPrefect(t *testing.T) {
	name, env, flags := named(t)
	client := studied(t, stack.Get(t).MLflowURI, name+"-study")
	done := program.Run(t, t.TempDir(), env, flags...)
	if done.Code != 0 || !strings.Contains(done.Stdout, "Registered "+name+" version 1 ") {
		t.Fatalf("%+v", done)
	}
	champion, err := client.ModelVersions.GetByAlias(t.Context(), name, "champion")
	if err != nil {
		t.Fatal(err)
	}
	run, err := client.Runs.Get(t.Context(), champion.RunID)
	if err != nil {
		t.Fatal(err)
	}
	prefect, err := prefectclient.New(stack.Get(t).PrefectAPIURL)
	if err != nil {
		t.Fatal(err)
	}
	defer prefect.Close()
	flowRun, err := prefect.FlowRuns.Read(t.Context(), run.Tags[pipeline.TagFlowRun])
	if err != nil || flowRun.StateType != prefectclient.StateCompleted || string(flowRun.Parameters["bucket_name"]) != fmt.Sprintf("%q", name) {
		t.Errorf("%+v, %v", flowRun, err)
	}
}

// Ctrl-C in the middle of the training ends the run in MLflow and the flow run in Prefect.
func TestCtrlC(t *testing.T) {
	name, env, flags := named(t)
	client := studied(t, stack.Get(t).MLflowURI, name+"-study", func(p *forest.Params) { p.NEstimators, p.MaxDepth = 200_000, 2 })
	command := program.Command(t.Context(), t, t.TempDir(), env, flags...)
	command.Stderr = t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill() }()
	var run *mlflowclient.Run
	production := func() (status mlflowclient.RunStatus) {
		experiment, err := client.Experiments.GetOrCreate(t.Context(), name+"-production")
		if err != nil {
			t.Fatal(err)
		}
		for found, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
			if err != nil {
				t.Fatal(err)
			}
			run, status = found, found.Status
		}
		return status
	}
	for deadline := time.Now().Add(time.Minute); production() != mlflowclient.StatusRunning; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no training within a minute")
		}
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	if status := production(); status != mlflowclient.StatusKilled {
		t.Errorf("the run is %s", status)
	}
	prefect, err := prefectclient.New(stack.Get(t).PrefectAPIURL)
	if err != nil {
		t.Fatal(err)
	}
	defer prefect.Close()
	flowRun, err := prefect.FlowRuns.Read(t.Context(), run.Tags[pipeline.TagFlowRun])
	if err != nil || flowRun.StateType != prefectclient.StateCrashed {
		t.Errorf("%+v, %v", flowRun, err)
	}
}

func TestDeployTwice(t *testing.T) {
	name, env, flags := named(t)
	prefect, err := prefectclient.New(stack.Get(t).PrefectAPIURL)
	if err != nil {
		t.Fatal(err)
	}
	defer prefect.Close()
	flags = append(flags, "--deploy", "--deployment", name, "--pool", name, "--block", name)
	others := []string{pipeline.WineQualityFlow, pipeline.IngestionFlow, pipeline.ExplorationFlow, pipeline.BaselinesFlow, pipeline.StudyFlow}
	first := program.Run(t, t.TempDir(), env, flags...)
	second := program.Run(t, t.TempDir(), env, flags...)
	made, err := prefect.Deployments.ReadByName(t.Context(), pipeline.RegistrationFlow, name)
	if err != nil {
		t.Fatalf("%+v, %v", first, err)
	}
	t.Cleanup(func() {
		for _, flow := range append([]string{pipeline.RegistrationFlow}, others...) {
			if found, err := prefect.Deployments.ReadByName(context.Background(), flow, name); err == nil {
				_ = prefect.Deployments.Delete(context.Background(), found.ID)
			}
		}
		_ = prefect.WorkPools.Delete(context.Background(), name)
		if block, err := prefect.BlockDocuments.ReadByName(context.Background(), "remote-file-system", name); err == nil {
			_ = prefect.BlockDocuments.Delete(context.Background(), block.ID)
		}
	})
	if first.Code != 0 || first != second || first.Stderr != "" || strings.Contains(first.Stdout, stack.Get(t).S3SecretKey) {
		t.Errorf("%+v\n%+v", first, second)
	}
	for _, says := range []string{
		"Deployment Main Registration Flow/" + name + " on pool " + name + ", queue red-wine, schedule 0 0 * * * (UTC).", "Block " + name + " for s3://" + name,
		fmt.Sprintf("go run ./pipeline/worker --pool %q --queue \"red-wine\" --production-experiment %q --model %q\n", name, name+"-production", name),
		prefect.UIURL() + "/deployments/deployment/" + made.ID,
	} {
		if !strings.Contains(first.Stdout, says) {
			t.Errorf("stdout lacks %q:\n%s", says, first.Stdout)
		}
	}
	for _, flow := range others {
		found, err := prefect.Deployments.ReadByName(t.Context(), flow, name)
		if err != nil || found.Parameters["bucket_name"] != name || len(found.Schedules) != 0 || found.WorkPoolName != name ||
			!strings.Contains(first.Stdout, flow+"/"+name) {
			t.Errorf("deployment of %s: %+v, %v\n%s", flow, found, err, first.Stdout)
		}
	}
	if made.Parameters["bucket_name"] != name || made.Schedules[0].Schedule.Cron != "0 0 * * *" {
		t.Errorf("%+v", made)
	}
}

func TestRegisterRefuses(t *testing.T) {
	dir := t.TempDir()
	program.Refused(t, program.Run(t, dir, nil, "--deploy"), 1, "no Prefect server is configured: set PREFECT_API_URL")
	program.Refused(t, program.Run(t, dir, nil, "--features"), 2, "--features")
	program.Refused(t, program.Run(t, dir, []string{"PREFECT_API_URL=nowhere"}), 1, "prefect")
	failed := program.Run(t, dir, nil, "--bucket", "", "--filename", "embedded:")
	lines := strings.Split(strings.TrimSpace(failed.Stderr), "\n")
	const says = `register: experiment "red-wine-quality-hyperopt" does not exist in MLflow at sqlite:///mlflow.db: run go run ./pipeline/hpo first, or name another`
	if failed.Code != 1 || failed.Stdout != "" || lines[len(lines)-1] != says {
		t.Errorf("%+v", failed)
	}
	env := []string{"PREFECT_API_URL=" + stack.Get(t).PrefectAPIURL}
	program.Refused(t, program.Run(t, dir, env, "--deploy", "--bucket", ""), 2, "--deploy needs a --bucket")
}
