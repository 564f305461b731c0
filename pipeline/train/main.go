// Command train trains one random forest with given hyper-parameters, writes it to a folder and records it as a run in MLflow.
//
//	go run ./pipeline/train --params n_estimators=200,max_depth=30 --out model
//	go run ./pipeline/train --help
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mlopsgo/internal/command"
	"mlopsgo/internal/progress"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
)

const description = `Trains one random forest and keeps it as a folder and as a run in MLflow. The folder is an MLflow model (mlflow.pyfunc.load_model
reads it, and mlflow models serve serves it) with the forest in model.onnx and, as scikit-learn's Pipeline, in model.skops; training.json tells
how it came about.

The hyper-parameters are those of scikit-learn's RandomForestClassifier, by its names and with its defaults; the forest is the one that scikit-learn
trains, bit for bit. Without MLFLOW_TRACKING_URI the run goes to mlflow.db and mlruns in this folder.

Examples:
  train --params n_estimators=200,bootstrap=False,min_samples_split=10 --out model
  train --data flowers.csv --target species --features all --out flowers`

// train is the command's flags.
type train struct {
	pipeline.Input
	Params     map[string]string `help:"Hyper-parameters, name=value separated by commas; what is left out keeps scikit-learn's default." mapsep:","`
	Out        string            `help:"Folder to write; it must not exist yet." required:""`
	Experiment string            `help:"MLflow experiment, made when missing." default:"red-wine-quality-train" env:"MLFLOW_EXPERIMENT_NAME"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "train", Description: description}, &train{}))
}

// Run trains.
func (t *train) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	params, err := pipeline.ParseParams(t.Params)
	if err != nil {
		return command.Usagef("--params: %s", err)
	}
	split, data, err := t.Load(ctx, os.Getenv, stderr)
	if err != nil {
		return err
	}
	client, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	bar := progress.New(stdout, stderr, params.NEstimators, "trees")
	trained, err := pipeline.Training{
		Split: split, Params: params, Dataset: data.TrainingInput(client), Out: t.Out, Client: client, Experiment: t.Experiment,
		OnTree: func(int, int) { bar.Step(1, "trees") },
	}.Train(ctx)
	bar.Close()
	if err != nil {
		return err
	}
	return t.summary(stdout, client, split, trained)
}

// summary prints the figures and what to do next.
func (t *train) summary(stdout io.Writer, client *mlflowclient.Client, split *pipeline.Split, trained *pipeline.Trained) error {
	var text strings.Builder
	report := trained.Trial.Report
	fmt.Fprintf(&text, "%d trees in %.2f s; on the %d test rows accuracy %v, macro F1 %.4f\n\n", trained.Trial.Params.NEstimators,
		trained.Trial.FitTime.Seconds(), split.TestX.Rows, report.Accuracy, report.Macro.F1)
	fmt.Fprintf(&text, "  %12s  %9s  %6s  %6s  %4s\n", split.Target, "precision", "recall", "f1", "rows")
	for i, class := range report.PerClass {
		fmt.Fprintf(&text, "  %12s  %9.4f  %6.4f  %6.4f  %4d\n", split.Classes.Text(report.Classes[i]), class.Precision, class.Recall, class.F1, class.Support)
	}
	fmt.Fprintf(&text, "\nModel in %s, run %s.\n%s", t.Out, trained.Run.ID, pipeline.LookAt(client, trained.Run.ExperimentID, trained.Run.ID))
	_, err := io.WriteString(stdout, text.String())
	return err
}
