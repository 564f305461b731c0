package mlflowclient_test

import (
	"context"
	"fmt"
	"image"

	"mlopsgo/mlflowclient"
)

// A study and its trials: each run ends by itself, as FINISHED here, and the metrics of a trial go in batches.
func ExampleActiveRun_NewMetricWriter() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()
	var trial string
	err := client.Track(ctx, mlflowclient.StartRun{Name: "study"}, func(ctx context.Context, study *mlflowclient.ActiveRun) error {
		return study.Track(ctx, mlflowclient.StartRun{Name: "trial"}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
			trial = run.ID
			metrics, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{})
			if err != nil {
				return err
			}
			for step := range int64(2500) {
				if err := metrics.Log(ctx, mlflowclient.Metric{Key: "loss", Value: 1 / float64(step+1), Step: step}); err != nil {
					return err
				}
			}
			return metrics.Close(ctx) // nil: the server has all of them
		})
	})
	check(err)
	run, err := client.Runs.Get(ctx, trial)
	check(err)
	fmt.Println(run.Name, run.Status, run.Metrics["loss"].Step, run.Metrics["loss"].Value)
	// Output: trial FINISHED 2499 0.0004
}

// What MLflow's pages show as text, dictionary, image chart and table.
func ExampleActiveRun_LogTable() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()
	err := client.Track(ctx, mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		if err := run.LogText(ctx, "notes.md", "# A dry year"); err != nil {
			return err
		}
		if err := run.LogDict(ctx, "settings.yaml", map[string]any{"trees": 100, "features": "sqrt"}); err != nil {
			return err
		}
		if err := run.LogImage(ctx, mlflowclient.Image{Key: "label", Step: 1, Picture: image.NewGray(image.Rect(0, 0, 8, 8))}); err != nil {
			return err
		}
		for _, wine := range []string{"Dão", "Douro"} { // the second call adds a row
			table := mlflowclient.Table{Columns: []string{"wine", "quality"}, Rows: [][]any{{wine, 6.5}}}
			if err := run.LogTable(ctx, "tastings.json", table); err != nil {
				return err
			}
		}
		store, err := run.Artifacts()
		if err != nil {
			return err
		}
		files, err := store.List(ctx, "")
		for _, file := range files {
			fmt.Println(file.Path, file.IsDir)
		}
		return err
	})
	check(err)
	// Output:
	// images true
	// notes.md false
	// settings.yaml false
	// tastings.json false
}
