package mlflowclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mlopsgo/mlflowclient"
)

// check stands for what a program does with an error.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// scratch is a client of a database file in a folder that the returned function removes.
func scratch(ctx context.Context) (*mlflowclient.Client, func()) {
	dir, err := os.MkdirTemp("", "mlflow")
	check(err)
	client, err := mlflowclient.New(ctx, "sqlite:///"+filepath.Join(dir, "mlflow.db"), mlflowclient.WithArtifactRoot(filepath.Join(dir, "mlruns")))
	check(err)
	return client, func() {
		check(errors.Join(client.Close(), os.RemoveAll(dir)))
	}
}

// A run is opened, logged to and closed, whatever happens in between.
func Example() {
	ctx := context.Background()
	client, done := scratch(ctx) // mlflowclient.FromEnv(ctx) in a program
	defer done()

	experiment, err := client.Experiments.GetOrCreate(ctx, "wine")
	check(err)
	err = client.Track(ctx, mlflowclient.StartRun{ExperimentID: experiment.ID, Name: "first"}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		if err := run.LogParam(ctx, "max_depth", "60"); err != nil {
			return err
		}
		return run.LogMetric(ctx, mlflowclient.Metric{Key: "accuracy", Value: 0.645})
	})
	check(err)
	for run, err := range client.Runs.Search(ctx, mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}, Filter: "metrics.accuracy > 0.6"}) {
		check(err)
		fmt.Println(run.Name, run.Status, run.Params["max_depth"], run.Metrics["accuracy"].Value)
	}
	// Output: first FINISHED 60 0.645
}

func ExampleExperimentService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	for _, name := range []string{"red", "white", "rosé"} {
		id, err := client.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: name, Tags: map[string]string{"drink": "wine"}})
		check(err)
		if name == "white" {
			check(client.Experiments.Delete(ctx, id))
		}
	}
	q := mlflowclient.SearchExperiments{Filter: "tags.drink = 'wine'", OrderBy: []string{"name"}, View: mlflowclient.All}
	for e, err := range client.Experiments.Search(ctx, q) {
		check(err)
		fmt.Println(e.ID, e.Name, e.Stage)
	}
	_, err := client.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: "white"})
	fmt.Println(errors.Is(err, mlflowclient.ErrAlreadyExists))
	// Output:
	// 1 red active
	// 3 rosé active
	// 2 white deleted
	// true
}

func ExampleRunService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	run, err := client.Runs.Create(ctx, mlflowclient.CreateRun{Name: "by hand", StartTime: time.UnixMilli(1_700_000_000_000)})
	check(err)
	// A batch of this size is stored wholly or not at all.
	err = client.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{
		Params:  map[string]string{"features": "sqrt"},
		Metrics: []mlflowclient.Metric{{Key: "loss", Value: 0.5, Step: 1}, {Key: "loss", Value: math.NaN(), Step: 2}},
		Tags:    map[string]string{"model": "random_forest_classifier"},
	})
	check(err)
	info, err := client.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: mlflowclient.StatusFailed, EndTime: run.StartTime.Add(time.Minute)})
	check(err)
	got, err := client.Runs.Get(ctx, run.ID)
	check(err)
	fmt.Println(info.Status, info.EndTime.Sub(info.StartTime), got.Params["features"], got.Metrics["loss"].Value)

	err = client.Runs.LogParam(ctx, run.ID, "features", "log2") // params are written once
	fmt.Println(errors.Is(err, mlflowclient.ErrInvalidParameter))
	// Output:
	// FAILED 1m0s sqrt NaN
	// true
}

func ExampleRunService_LogInputs() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	run, err := client.Start(ctx, mlflowclient.StartRun{Name: "trained on wine"})
	check(err)
	err = run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{{
		Name: "winequality-red", Digest: "2daeecee", SourceType: "http", Source: `{"url": "https://example.org/winequality-red.csv"}`,
		Profile: `{"num_rows": 1599, "num_elements": 19188}`, Context: "training",
	}}})
	check(err)
	q := mlflowclient.SearchRuns{ExperimentIDs: []string{run.ExperimentID}, Filter: "dataset.context = 'training'"}
	for found, err := range client.Runs.Search(ctx, q) {
		check(err)
		fmt.Println(found.Name, found.Datasets[0].Name, found.Datasets[0].Context)
	}
	// Output: trained on wine winequality-red training
}

func ExampleMetricService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	run, err := client.Start(ctx, mlflowclient.StartRun{})
	check(err)
	for step := range int64(3) {
		check(run.LogMetric(ctx, mlflowclient.Metric{Key: "accuracy", Value: 0.6 + 0.1*float64(step), Step: step}))
	}
	for m, err := range client.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: "accuracy"}) {
		check(err)
		fmt.Printf("%d: %.1f\n", m.Step, m.Value)
	}
	// Output:
	// 0: 0.6
	// 1: 0.7
	// 2: 0.8
}

func ExampleArtifactService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	run, err := client.Start(ctx, mlflowclient.StartRun{})
	check(err)
	store, err := client.Artifacts.ForRun(ctx, run.ID)
	check(err)
	check(store.Upload(ctx, "reports/summary.txt", strings.NewReader("all is well"), -1))
	for file, err := range store.Walk(ctx, "") {
		check(err)
		body, err := store.Open(ctx, file.Path)
		check(err)
		content, err := io.ReadAll(body)
		check(errors.Join(err, body.Close()))
		fmt.Printf("%s (%d bytes): %s\n", file.Path, file.Size, content)
	}
	// Output: reports/summary.txt (11 bytes): all is well
}

func ExampleServerService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	check(client.Server.Health(ctx))
	version, err := client.Server.Version(ctx)
	check(err)
	info, err := client.Server.Info(ctx)
	check(err)
	fmt.Println(version, info.StoreType)
	// Output: 3.17.2 SqlStore
}

// Any operation without a method of its own is reached by its path.
func ExampleClient_Do() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	var out struct {
		Experiment struct {
			Name string `json:"name"`
		} `json:"experiment"`
	}
	err := client.Do(ctx, mlflowclient.Call{Path: "/api/2.0/mlflow/experiments/get?experiment_id=0", Out: &out})
	check(err)
	fmt.Println(out.Experiment.Name)
	// Output: Default
}
