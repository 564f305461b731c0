package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/tpe"
)

// both runs a test on the embedded MLflow and on a real server.
func both(t *testing.T, test func(t *testing.T, client *mlflowclient.Client, experiment string)) {
	t.Helper()
	experiment := fmt.Sprintf("tracker-test-%d", time.Now().UnixNano())
	t.Run("embedded", func(t *testing.T) {
		test(t, connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db")), experiment)
	})
	t.Run("server", func(t *testing.T) {
		test(t, connect(t, stack.Get(t).MLflowURI), experiment)
	})
}

func connect(t *testing.T, uri string) *mlflowclient.Client {
	t.Helper()
	client, err := mlflowclient.New(t.Context(), uri, mlflowclient.WithArtifactRoot(t.TempDir())) // a file's, instead of mlruns in this folder
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // one test closes it before
	return client
}

func runsOf(t *testing.T, client *mlflowclient.Client, experiment string) map[string]*mlflowclient.Run {
	t.Helper()
	found, err := client.Experiments.GetByName(t.Context(), experiment)
	if err != nil {
		t.Fatal(err)
	}
	runs := map[string]*mlflowclient.Run{}
	for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{found.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		runs[run.Name] = run
	}
	return runs
}

func tracker(client *mlflowclient.Client, experiment string) *Tracker {
	return &Tracker{Client: client, Experiment: experiment, plain: testing.Short(), Dataset: mlflowclient.DatasetInput{
		Name: "wine", Digest: "0123abcd", SourceType: "local", Source: `{"uri": "wine.csv"}`, Context: "training",
	}}
}

func TestATrackedStudyIsReadBackEqual(t *testing.T) {
	split := redWine(t)
	both(t, func(t *testing.T, client *mlflowclient.Client, experiment string) {
		trials, err := Study{Split: split, Space: smallSpace(), Trials: 12, Tracker: tracker(client, experiment)}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		runs := runsOf(t, client, experiment)
		study := runs["study-tpe"]
		if len(runs) != 13 || study == nil {
			t.Fatalf("runs %v, want study-tpe and 12 trials", slices.Sorted(maps.Keys(runs)))
		}
		best := 0.0
		for _, trial := range trials {
			run := runs[fmt.Sprintf("trial-%d", trial.Number)]
			if run == nil || run.ID != trial.RunID {
				t.Fatalf("trial %d has run id %s, MLflow has %+v", trial.Number, trial.RunID, run)
			}
			if diff := cmp.Diff(namedMap(trial.Params), run.Params); diff != "" {
				t.Errorf("params of trial %d:\n%s", trial.Number, diff)
			}
			want := map[string]float64{}
			for _, metric := range trial.batch(split.Classes, nil).Metrics {
				want[metric.Key] = metric.Value
			}
			got := map[string]float64{}
			for key, point := range run.Metrics {
				got[key] = point.Value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("metrics of trial %d:\n%s", trial.Number, diff)
			}
			if run.Status != mlflowclient.StatusFinished || run.Tags[mlflowclient.TagParentRun] != study.ID || run.Datasets[0].Digest != "0123abcd" {
				t.Errorf("trial %d: %+v", trial.Number, run)
			}
			best = max(best, trial.Report.Accuracy)
		}
		if study.Status != mlflowclient.StatusFinished || study.Metrics["best_accuracy"].Value != best || study.Params["n_trials"] != "12" {
			t.Errorf("study %+v", study)
		}
	})
}

func TestAnExhaustiveStudyKeepsTheCurve(t *testing.T) {
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	trials, err := Study{Split: redWine(t), Space: smallSpace(), Sampler: SamplerExhaustive, Tracker: tracker(client, "all")}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var curve []CurvePoint
	for point, err := range client.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: trials[0].RunID, Key: "accuracy_by_n_estimators"}) {
		if err != nil {
			t.Fatal(err)
		}
		curve = append(curve, CurvePoint{Trees: int(point.Step), Accuracy: point.Value})
	}
	if diff := cmp.Diff(trials[0].Curve, curve); diff != "" || len(curve) != 2 {
		t.Errorf("(-study +MLflow):\n%s", diff)
	}
}

func TestACancelledStudyLeavesNoRunRunning(t *testing.T) {
	split := redWine(t)
	both(t, func(t *testing.T, client *mlflowclient.Client, experiment string) {
		ctx, cancel := context.WithCancel(t.Context())
		space := OriginalSpace()
		space.NEstimators = tpe.IntRange{Low: 100, High: 400, Step: 50}
		study := Study{Split: split, Space: space, Trials: 50, Parallel: 3, Tracker: tracker(client, experiment), OnTrial: func(Trial) { cancel() }}
		trials, err := study.Run(ctx)
		if !errors.Is(err, context.Canceled) || len(trials) == 0 {
			t.Fatalf("%d trials, error %v; want at least one and context.Canceled", len(trials), err)
		}
		states := map[mlflowclient.RunStatus]int{}
		for name, run := range runsOf(t, client, experiment) {
			states[run.Status]++
			if name == "study-tpe" && run.Status != mlflowclient.StatusKilled {
				t.Errorf("the study is %s, want KILLED", run.Status)
			}
		}
		if states[mlflowclient.StatusFinished] != len(trials) || states[mlflowclient.StatusRunning] != 0 || states[mlflowclient.StatusKilled] < 2 {
			t.Errorf("runs by status %v for %d finished trials", states, len(trials))
		}
	})
}

func TestAStudyStopsWhenItCannotBeRecorded(t *testing.T) {
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	study := Study{Split: redWine(t), Space: smallSpace(), Trials: 50, Tracker: tracker(client, "closed"), OnTrial: func(trial Trial) {
		if trial.Number == 2 {
			_ = client.Close()
		}
	}}
	trials, err := study.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "MLflow could not record it") {
		t.Errorf("error %v, want one that names MLflow", err)
	}
	if len(trials) < 2 || len(trials) == 50 {
		t.Errorf("%d trials were run, want an early stop after 2", len(trials))
	}
}

func TestADeletedExperimentIsNamed(t *testing.T) {
	both(t, func(t *testing.T, client *mlflowclient.Client, experiment string) {
		made, err := client.Experiments.GetOrCreate(t.Context(), experiment)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Experiments.Delete(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		_, err = Study{Split: redWine(t), Space: smallSpace(), Trials: 1, Tracker: tracker(client, experiment)}.Run(t.Context())
		if !errors.Is(err, mlflowclient.ErrInvalidState) || !strings.Contains(err.Error(), experiment) {
			t.Errorf("error %v, want ErrInvalidState with the experiment's name", err)
		}
	})
}
