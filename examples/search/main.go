// Command search finds the best run of an experiment and reads the whole history of one of its metrics, page by page as it goes.
//
//	go run ./examples/tracking
//	go run ./examples/search
//
// With MLFLOW_TRACKING_URI set it asks that server; without, mlflow.db here.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

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
	experiment, err := client.Experiments.GetByName(ctx, "example: tracking")
	if errors.Is(err, mlflowclient.ErrNotFound) {
		return errors.New("there is nothing to search: go run ./examples/tracking first")
	}
	if err != nil {
		return err
	}
	var best *mlflowclient.Run
	runs := client.Runs.Search(ctx, mlflowclient.SearchRuns{
		ExperimentIDs: []string{experiment.ID},
		Filter:        "attributes.status = 'FINISHED' AND metrics.loss < 0.5",
		OrderBy:       []string{"metrics.loss ASC"},
	})
	for run, err := range runs { // a request for each thousand runs
		if err != nil {
			return err
		}
		fmt.Printf("%s  rate %-5s  loss %.3g\n", run.ID, run.Params["rate"], run.Metrics["loss"].Value)
		if best == nil {
			best = run
		}
	}
	if best == nil {
		return errors.New("no run has finished with a loss below 0.5")
	}
	for point, err := range client.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: best.ID, Key: "loss"}) {
		if err != nil {
			return err
		}
		if point.Value < 0.5 {
			fmt.Printf("run %s is best; its loss fell below 0.5 at step %d\n", best.Name, point.Step)
			break // asks for no further page
		}
	}
	fmt.Println("look next at its parent, tag", mlflowclient.TagParentRun+":", best.Tags[mlflowclient.TagParentRun])
	return nil
}
