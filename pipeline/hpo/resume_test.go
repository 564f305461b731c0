package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
	"mlopsgo/prefectclient"
)

// killedAfter starts a study and ends its process, as kill -9 does, when it has printed some trials.
func killedAfter(t *testing.T, trials int, dir string, env []string, args ...string) {
	t.Helper()
	process := program.Command(t.Context(), t, dir, env, args...)
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	process.Stderr = t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	printed := 0
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "trial") {
			continue
		}
		if printed++; printed == trials {
			_ = process.Process.Kill()
		}
	}
	_ = process.Wait() // killed
	if printed < trials || process.ProcessState.Success() {
		t.Fatalf("the study ended after %d trials, before it was killed", printed)
	}
}

// resumed carries the study of an experiment on and checks that it ends as the published one.
func resumed(t *testing.T, client *mlflowclient.Client, experiment, dir string, env []string) {
	t.Helper()
	study, _ := trialRuns(t, client, experiment)
	if study.Status != mlflowclient.StatusRunning {
		t.Errorf("the killed study is %s", study.Status)
	}
	done := program.Run(t, dir, env, "--resume", study.ID)
	if done.Code != 0 || !strings.Contains(done.Stdout, "Best of 5 trials") {
		t.Fatalf("%+v", done)
	}
	checkStudy(t, client, experiment)
	again, trials := trialRuns(t, client, experiment)
	if again.ID != study.ID {
		t.Errorf("the study has another run %s", again.ID)
	}
	for _, trial := range trials {
		points := 0
		for _, err := range client.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: trial.ID, Key: "accuracy"}) {
			if err != nil {
				t.Fatal(err)
			}
			points++
		}
		if points != 1 {
			t.Errorf("%s has %d accuracies", trial.Name, points)
		}
	}
}

func TestAKilledStudyIsCarriedOn(t *testing.T) {
	dir := t.TempDir()
	killedAfter(t, 2, dir, nil, "5")
	resumed(t, connect(t, "sqlite:///"+filepath.Join(dir, "mlflow.db")), "red-wine-quality-hyperopt", dir, nil)
}

// TestAKilledStudyOnAPoolIsCarriedOn kills the process of a study whose trials go on at a worker, and has another one take it up.
func TestAKilledStudyOnAPoolIsCarriedOn(t *testing.T) {
	servers, name := stack.Get(t), "hpo-pool-"+strings.ToLower(rand.Text())
	client := connect(t, servers.MLflowURI)
	prefect, err := prefectclient.New(servers.PrefectAPIURL)
	if err != nil {
		t.Fatal(err)
	}
	defer prefect.Close()
	flow, err := (&pipeline.Trials{Client: client}).Flow()
	if err != nil {
		t.Fatal(err)
	}
	worker, err := prefectclient.NewWorker(prefect, prefectclient.WorkerConfig{Pool: name, Queues: []string{"red-wine"}, Name: name, Limit: 1}, flow)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		forget(prefect, name)
	}()
	env := []string{"MLFLOW_TRACKING_URI=" + servers.MLflowURI, "PREFECT_API_URL=" + servers.PrefectAPIURL, "MLFLOW_EXPERIMENT_NAME=" + name}
	dir := t.TempDir()
	killedAfter(t, 2, dir, env, "5", "--on", "prefect", "--pool", name, "--parallel", "3")
	study, _ := trialRuns(t, client, name)
	resumed(t, client, name, dir, env)
	if former, err := prefect.FlowRuns.Read(t.Context(), study.Tags[pipeline.TagFlowRun]); err != nil || former.StateType != prefectclient.StateCrashed {
		t.Errorf("the killed study's flow run: %+v, %v", former, err)
	}
	checkFlowRuns(t, prefect, client, name)
}

// checkFlowRuns makes sure that the trials' flow runs were begun as those of the study's, and that none is left without an end.
func checkFlowRuns(t *testing.T, prefect *prefectclient.Client, client *mlflowclient.Client, experiment string) {
	t.Helper()
	study, trials := trialRuns(t, client, experiment)
	if study.Tags[pipeline.TagFlowRun] == "" {
		t.Errorf("the study does not lead to its flow run: %v", study.Tags)
	}
	graph, err := prefect.FlowRuns.Graph(t.Context(), study.Tags[pipeline.TagFlowRun])
	if err != nil || graph == nil {
		t.Errorf("graph of the study's flow run: %v", err)
	}
	for _, trial := range trials {
		run, err := prefect.FlowRuns.Read(t.Context(), trial.Tags[pipeline.TagFlowRun])
		if err != nil {
			t.Errorf("%s: its flow run: %v", trial.Name, err)
			continue
		}
		if run.StateType != prefectclient.StateCompleted || run.ParentTaskRunID == "" {
			t.Errorf("%s: flow run %s is %s, below %q", trial.Name, run.Name, run.StateType, run.ParentTaskRunID)
		}
	}
}

func forget(prefect *prefectclient.Client, pool string) {
	ctx := context.Background()
	made, err := prefect.Deployments.ReadByName(ctx, pipeline.TrialFlow, pool)
	if err == nil {
		err = prefect.Deployments.Delete(ctx, made.ID)
	}
	_ = errors.Join(err, prefect.WorkPools.Delete(ctx, pool)) // what is left disturbs nobody
}
