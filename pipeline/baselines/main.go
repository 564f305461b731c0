// Command baselines trains the four classifiers to start from and records each as a run in MLflow.
//
//	go run ./pipeline/baselines
//	go run ./pipeline/baselines --help
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"mlopsgo/internal/command"
	"mlopsgo/internal/progress"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
)

const description = `Trains LinearSVC, SVC, KNeighborsClassifier and RandomForestClassifier, each with scikit-learn's default parameters behind a StandardScaler,
and records each as a run in MLflow with what mlflow.sklearn.autolog records in Python: parameters, figures of the training and the test part,
pictures, the data set, and the model, which mlflow.sklearn and mlflow.pyfunc load. The predictions are scikit-learn's.

Without any flag it works on the red wine data that the program carries and writes to mlflow.db and mlruns in this folder, as Python's MLflow does;
no server is needed. With MLFLOW_TRACKING_URI set it writes to that server.

Examples:
  baselines --seed 1
  baselines --features all
  baselines --data flowers.csv --target species --features all`

// baselines is the command's flags.
type baselines struct {
	pipeline.Input
	Experiment string `help:"MLflow experiment, made when missing." default:"red-wine-quality-prediction" env:"MLFLOW_EXPERIMENT_NAME"`
	Seed       uint32 `help:"Seed (random_state) of the random forest; the other classifiers draw nothing at random." default:"0"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "baselines", Description: description}, &baselines{}))
}

// Run trains and prints the table.
func (b *baselines) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	split, data, err := b.Load(ctx, os.Getenv, stderr)
	if err != nil {
		return err
	}
	client, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	fmt.Fprintf(stdout, "%d training rows, %d test rows, recorded in %s\n", split.TrainX.Rows, split.TestX.Rows, client.TrackingURI())
	bar := progress.New(stdout, stderr, len(pipeline.BaselineNames()), "classifiers")
	done, err := pipeline.Baselines{
		Split: split, Seed: b.Seed, Client: client, Experiment: b.Experiment, Data: data,
		OnStart: func(name string) { bar.Step(0, name) },
		OnDone: func(one pipeline.Baseline) {
			bar.Line("%-22s  accuracy %v", one.Name, one.Test.Accuracy)
			bar.Step(1, one.Name)
		},
	}.Run(ctx)
	bar.Close()
	return errors.Join(err, b.summary(stdout, client, done))
}

// summary prints the table and what to do next.
func (b *baselines) summary(stdout io.Writer, client *mlflowclient.Client, done []pipeline.Baseline) error {
	if len(done) == 0 {
		return nil
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\nclassifier\taccuracy\tf1_macro\ttraining\tfit\tpredict\trun\t")
	for _, one := range done {
		fmt.Fprintf(table, "%s\t%.4f\t%.4f\t%.4f\t%.1f ms\t%.1f ms\t%s\t\n", one.Name, one.Test.Accuracy, one.Test.Macro.F1, one.Training.Accuracy,
			1000*one.FitTime.Seconds(), 1000*one.ScoreTime.Seconds(), one.RunID)
	}
	_ = table.Flush() // to memory
	fmt.Fprintf(&text, "\n%s", pipeline.LookAt(client, done[0].ExperimentID, ""))
	fmt.Fprintf(&text, "Next:        go run ./pipeline/hpo%s   (optimises the random forest)\n", b.Flags())
	_, err := io.WriteString(stdout, text.String())
	return err
}
