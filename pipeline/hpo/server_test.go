package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// pythonRun is what testdata/read_runs.py prints of a run.
type pythonRun struct {
	ID, Name, Status, User, Artifacts string
	Start, End                        int64
	Params, Tags                      map[string]string
	Metrics                           map[string][][3]float64
	Datasets                          []pythonDataset
}

type pythonDataset struct {
	Name, Digest, Source, Schema, Profile, Context string
	SourceType                                     string `json:"source_type"`
}

// asPython describes a run as the script does.
func asPython(t *testing.T, client *mlflowclient.Client, run *mlflowclient.Run) pythonRun {
	t.Helper()
	out := pythonRun{
		ID: run.ID, Name: run.Name, Status: string(run.Status), User: run.UserID, Artifacts: run.ArtifactURI,
		Start: run.StartTime.UnixMilli(), End: run.EndTime.UnixMilli(), Params: run.Params, Tags: run.Tags,
		Metrics: map[string][][3]float64{},
	}
	for key := range run.Metrics {
		for point, err := range client.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: run.ID, Key: key}) {
			if err != nil {
				t.Fatal(err)
			}
			out.Metrics[key] = append(out.Metrics[key], [3]float64{float64(point.Step), float64(point.Timestamp.UnixMilli()), point.Value})
		}
	}
	for _, d := range run.Datasets {
		out.Datasets = append(out.Datasets, pythonDataset{d.Name, d.Digest, d.Source, d.Schema, d.Profile, d.Context, d.SourceType})
	}
	return out
}

func TestPythonReadsBackWhatWasLoggedToARealServer(t *testing.T) {
	python, uri := stack.Python(t, "mlflow"), stack.Get(t).MLflowURI
	experiment := fmt.Sprintf("hpo-test-%d", time.Now().UnixNano())
	done := program.Run(t, t.TempDir(), []string{"MLFLOW_TRACKING_URI=" + uri, "MLFLOW_EXPERIMENT_NAME=" + experiment}, "5")
	if done.Code != 0 || done.Stderr != "" {
		t.Fatalf("exit code %d, stderr %q", done.Code, done.Stderr)
	}
	if diff := cmp.Diff(published, printed(done.Stdout)); diff != "" {
		t.Errorf("accuracies (-published +printed):\n%s", diff)
	}
	if !strings.Contains(done.Stdout, uri+"/#/experiments/") {
		t.Errorf("the output does not name the page on %s:\n%s", uri, done.Stdout)
	}
	client := connect(t, uri)
	checkStudy(t, client, experiment)

	output, err := exec.CommandContext(t.Context(), python, "testdata/read_runs.py", uri, experiment).Output()
	if err != nil {
		t.Fatal(err)
	}
	study, trials := trialRuns(t, client, experiment)
	ours := map[string]pythonRun{}
	for _, run := range append(trials, study) {
		ours[run.ID] = asPython(t, client, run)
	}
	read := map[string]pythonRun{}
	decoder := json.NewDecoder(bytes.NewReader(output))
	for decoder.More() {
		var one pythonRun
		if err := decoder.Decode(&one); err != nil {
			t.Fatal(err)
		}
		read[one.ID] = one
	}
	if diff := cmp.Diff(read, ours); diff != "" || len(read) != 6 {
		t.Errorf("%d runs read by Python; (-Python +Go):\n%s", len(read), diff)
	}
}

func TestTheRealUserInterfaceShowsTheFolder(t *testing.T) {
	dir := t.TempDir()
	if done := program.Run(t, dir, nil, "5"); done.Code != 0 {
		t.Fatalf("%+v", done)
	}
	uri := stack.MLflowUI(t, dir)
	client := connect(t, uri)
	checkStudy(t, client, "red-wine-quality-hyperopt")
	_, trials := trialRuns(t, client, "red-wine-quality-hyperopt")
	var third string
	var ids []string
	for _, trial := range trials {
		ids = append(ids, `"`+trial.ID+`"`)
		if trial.Name == "trial-3" {
			third = trial.ID
		}
	}

	ctx := stack.Browser(t)
	open := func(page string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(uri+page)); err != nil {
			t.Fatalf("open %s: %v", page, err)
		}
	}
	// The list folds the trials under their study: this opens it.
	open("/#/experiments/1/runs")
	shows(ctx, t, "hpo-list", "study-tpe")
	unfold := `document.querySelector('button[data-component-id*="runnamecellrenderer"]').click(), true`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](unfold)); err != nil {
		t.Fatal(err)
	}
	shows(ctx, t, "hpo-list", "study-tpe", "trial-1", "trial-2", "trial-3", "trial-4", "trial-5", "winequality-red")
	open("/#/experiments/1/runs/" + third)
	shows(ctx, t, "hpo-trial", "trial-3", "accuracy", "0.66", "n_estimators", "min_samples_split", "random_state", "winequality-red")
	open("/#/compare-runs?runs=[" + strings.Join(ids, ",") + `]&experiments=["1"]`)
	shows(ctx, t, "hpo-compare", "Comparing 5 Runs", "Parallel Coordinates Plot")
	// Drawn at first open, with what MLflow takes by itself: the first three hyper-parameters by name, and accuracy.
	drawn(ctx, t, "hpo-compare-parallel", `['bootstrap', 'max_depth', 'max_features', 'accuracy'].every(name => [...document.querySelectorAll('svg text')].some(e => e.textContent === name))`)
	study, _ := trialRuns(t, client, "red-wine-quality-hyperopt")
	open("/#/experiments/1/runs/" + study.ID)
	shows(ctx, t, "hpo-study", "Best accuracy 0.66", "Optuna's TPESampler", "50 to 2000 by 50")
	open("/#/experiments/1/runs/" + study.ID + "/model-metrics")
	shows(ctx, t, "hpo-study-metrics", "best_accuracy", "feature_importances", "confusion_matrix")
}

// drawn waits until a script on the page says true, and keeps a picture.
func drawn(ctx context.Context, t *testing.T, picture, script string) {
	t.Helper()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](script, chromedp.WithPollingTimeout(time.Minute)))
	stack.Screenshot(t, ctx, picture)
	if err != nil {
		t.Errorf("page %s: %v", picture, err)
	}
}

// shows waits until the page holds every text and keeps a picture of it.
func shows(ctx context.Context, t *testing.T, picture string, texts ...string) {
	t.Helper()
	list, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	script := string(list) + `.every(text => document.body.innerText.includes(text))`
	_, err = chromedp.Run(ctx, chromedp.Poll[bool](script, chromedp.WithPollingTimeout(time.Minute)))
	stack.Screenshot(t, ctx, picture)
	if err != nil {
		t.Fatalf("page %s does not show %s: %v", picture, list, err)
	}
}
