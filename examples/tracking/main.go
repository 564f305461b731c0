// Command tracking trains nothing, but is tracked as a training is: a run with a child for each learning rate, metrics logged in the
// background, a table, a picture at each step, and what the machine did meanwhile.
//
//	go run ./examples/tracking        # Ctrl-C makes the runs KILLED ones
//
// With MLFLOW_TRACKING_URI set it goes to that server; without, to mlflow.db here, which `mlflow ui` shows.
package main

import (
	"context"
	"fmt"
	"image"
	"log"
	"math"
	"os"
	"os/signal"
	"strconv"
	"time"

	"mlopsgo/mlflowclient"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	experiment, err := client.Experiments.GetOrCreate(ctx, "example: tracking")
	if err != nil {
		return err
	}
	study := mlflowclient.StartRun{
		ExperimentID: experiment.ID, Name: "study", Description: "Which **learning rate** is best?",
		SystemMetrics: &mlflowclient.SystemMetrics{Interval: 100 * time.Millisecond},
	}
	return client.Track(ctx, study, func(ctx context.Context, study *mlflowclient.ActiveRun) error {
		table := mlflowclient.Table{Columns: []string{"learning rate", "loss"}}
		for _, rate := range []float64{0.01, 0.05, 0.2} {
			var loss float64
			trial := mlflowclient.StartRun{Name: fmt.Sprint("rate ", rate)}
			err := study.Track(ctx, trial, func(ctx context.Context, trial *mlflowclient.ActiveRun) (err error) {
				loss, err = train(ctx, trial, rate)
				return err
			})
			if err != nil {
				return err
			}
			table.Rows = append(table.Rows, []any{rate, loss})
		}
		if err := study.LogTable(ctx, "rates.json", table); err != nil {
			return err
		}
		fmt.Printf("run %s in experiment %s of %s\n", study.ID, experiment.ID, client.TrackingURI())
		fmt.Println("look at it in MLflow: its children, their loss, the pictures and the table; then: go run ./examples/search")
		return nil
	})
}

// train logs a thousand steps without waiting for the server at each of them.
func train(ctx context.Context, run *mlflowclient.ActiveRun, rate float64) (loss float64, err error) {
	if err := run.LogParam(ctx, "rate", strconv.FormatFloat(rate, 'g', -1, 64)); err != nil {
		return 0, err
	}
	metrics, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{}) // closed when the run ends
	if err != nil {
		return 0, err
	}
	for step := range int64(1000) {
		loss = math.Exp(-rate * float64(step) / 10)
		if err := metrics.Log(ctx, mlflowclient.Metric{Key: "loss", Value: loss, Step: step}); err != nil {
			return 0, err
		}
		if step%500 == 0 {
			picture := image.NewGray(image.Rect(0, 0, 64, 64))
			for i := range picture.Pix {
				picture.Pix[i] = uint8(255 * loss)
			}
			if err := run.LogImage(ctx, mlflowclient.Image{Key: "weights", Step: step, Picture: picture}); err != nil {
				return 0, err
			}
		}
	}
	return loss, nil
}
