package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/mlflowclient"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "hpo")) }

// published are the accuracies in the original's notebook.
var published = []string{"0.645", "0.63", "0.66", "0.645", "0.6275"}

// printed finds the accuracies in the trials' lines.
func printed(stdout string) []string {
	var all []string
	for _, found := range regexp.MustCompile(`(?m)^trial +\d+ +accuracy ([0-9.]+) `).FindAllStringSubmatch(stdout, -1) {
		all = append(all, found[1])
	}
	return all
}

// trialRuns reads the child runs of an experiment, in the order of their start.
func trialRuns(t *testing.T, client *mlflowclient.Client, experiment string) (study *mlflowclient.Run, trials []*mlflowclient.Run) {
	t.Helper()
	found, err := client.Experiments.GetByName(t.Context(), experiment)
	if err != nil {
		t.Fatal(err)
	}
	for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{
		ExperimentIDs: []string{found.ID}, OrderBy: []string{"attributes.start_time ASC"},
	}) {
		if err != nil {
			t.Fatal(err)
		}
		if run.Tags[mlflowclient.TagParentRun] == "" {
			study = run
			continue
		}
		trials = append(trials, run)
	}
	if study == nil {
		t.Fatalf("no study run among %d runs", len(trials))
	}
	return study, trials
}

// checkStudy compares what MLflow holds with the published study.
func checkStudy(t *testing.T, client *mlflowclient.Client, experiment string) {
	t.Helper()
	study, trials := trialRuns(t, client, experiment)
	byName := map[string]*mlflowclient.Run{}
	for _, trial := range trials {
		byName[trial.Name] = trial
	}
	if len(trials) != 5 || len(byName) != 5 {
		t.Fatalf("%d trials of %d names, want 5", len(trials), len(byName))
	}
	for i, want := range []float64{0.645, 0.63, 0.66, 0.645, 0.6275} {
		trial := byName["trial-"+string(rune('1'+i))]
		if trial == nil {
			t.Fatalf("no run trial-%d", i+1)
		}
		if trial.Metrics["accuracy"].Value != want || trial.Status != mlflowclient.StatusFinished {
			t.Errorf("trial %d: accuracy %v, status %s; want %v, FINISHED", i+1, trial.Metrics["accuracy"].Value, trial.Status, want)
		}
		if trial.Tags["model"] != "random_forest_classifier" || trial.Tags[mlflowclient.TagParentRun] != study.ID {
			t.Errorf("trial %d: tags %v", i+1, trial.Tags)
		}
		if len(trial.Datasets) != 1 || trial.Datasets[0].Context != "training" || trial.Datasets[0].Name != "winequality-red" {
			t.Errorf("trial %d: data sets %+v", i+1, trial.Datasets)
		}
	}
	want := map[string]string{
		"n_estimators": "1100", "max_features": "sqrt", "max_depth": "60", "bootstrap": "False",
		"min_samples_leaf": "2", "min_samples_split": "10", "random_state": "0",
	}
	if diff := cmp.Diff(want, byName["trial-1"].Params); diff != "" {
		t.Errorf("params of trial 1 (-want +got):\n%s", diff)
	}
	if study.Status != mlflowclient.StatusFinished || study.Metrics["best_accuracy"].Value != 0.66 {
		t.Errorf("study: status %s, best_accuracy %v", study.Status, study.Metrics["best_accuracy"].Value)
	}
	if _, has := study.Metrics["accuracy"]; has {
		t.Error("the study's run has a metric accuracy: it would win over its best trial")
	}
}

func connect(t *testing.T, uri string) *mlflowclient.Client {
	t.Helper()
	client, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestWithoutServerOrEnvironment(t *testing.T) {
	dir := t.TempDir()
	done := program.Run(t, dir, nil, "5")
	if done.Code != 0 || done.Stderr != "" {
		t.Fatalf("exit code %d, stderr %q", done.Code, done.Stderr)
	}
	if diff := cmp.Diff(published, printed(done.Stdout)); diff != "" {
		t.Errorf("accuracies (-published +printed):\n%s", diff)
	}
	for _, want := range []string{"Best of 5 trials", "mlflow ui --backend-store-uri sqlite:///mlflow.db", "http://127.0.0.1:5000/#/experiments/1"} {
		if !strings.Contains(done.Stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, done.Stdout)
		}
	}
	checkStudy(t, connect(t, "sqlite:///"+filepath.Join(dir, "mlflow.db")), "red-wine-quality-hyperopt")
}
