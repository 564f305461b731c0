// Command explore shows what is in the data before anything is learnt from it: figures in the terminal, pictures and a report in a folder and in
// MLflow.
//
//	go run ./pipeline/explore
//	go run ./pipeline/explore --help
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"mlopsgo/internal/command"
	"mlopsgo/internal/progress"
	"mlopsgo/pipeline"
)

const description = `Describes every column, counts classes, missing values, repeated rows and outliers, correlates the features with each other and with the target, and draws
densities, as a whole and class by class. The features that tell most of the target are named at the end.

The report is one HTML file that needs no other; with the pictures it lies in the folder --out and among the artifacts of a run in MLflow: in mlflow.db and
mlruns in this folder, or on the server that MLFLOW_TRACKING_URI names.

Examples:
  explore --out report
  explore --data s3://mlflow-artifacts/winequality-red.csv
  explore --data flowers.csv --target species --out flowers`

// explore is the command's flags.
type explore struct {
	Data       string   `help:"Data: embedded: (the red wine table), uci (the same, downloaded), a CSV, CSV.gz or zip file, https://…, s3://bucket/key." default:"embedded:"`
	Target     string   `help:"Column that holds the class: whole numbers or text." default:"quality"`
	Features   []string `help:"Columns to look at, separated by commas; all stands for every numeric column but the target." default:"all"`
	Threshold  float64  `help:"Correlation with the target above which a feature is worth keeping." default:"0.2"`
	Out        string   `help:"Folder for the report and the pictures; files of an earlier report are replaced." default:"exploration"`
	Experiment string   `help:"MLflow experiment, made when missing." default:"red-wine-quality-exploration" env:"MLFLOW_EXPERIMENT_NAME"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "explore", Description: description}, &explore{}))
}

// Run explores.
func (e *explore) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if e.Threshold <= 0 || e.Threshold > 1 {
		return command.Usagef("--threshold is %v: a correlation lies between 0 and 1", e.Threshold)
	}
	look := pipeline.Exploration{Target: e.Target, Threshold: e.Threshold, Out: e.Out, Experiment: e.Experiment}
	if !slices.Equal(e.Features, []string{"all"}) {
		look.Features = e.Features
	}
	if look.Data, err = look.Load(ctx, &pipeline.DataLoader{Getenv: os.Getenv}, e.Data); err != nil {
		return err
	}
	if look.Client, err = pipeline.Connect(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, look.Client.Close()) }()

	bar := progress.New(stdout, stderr, 4, "figures")
	look.OnStep = func(done, _ int, what string) {
		if done > 0 {
			bar.Step(1, what)
		}
	}
	found, err := look.Run(ctx)
	bar.Close()
	if err != nil {
		return err
	}
	out := report{stdout}
	out.write(found)
	out.printf("\nReport:      %s\n%s", found.Report, pipeline.LookAt(look.Client, found.Run.ExperimentID, found.Run.ID))
	out.printf("Next:        go run ./pipeline/baselines%s\n", pipeline.InputFor(e.Data, e.Target, look.Data.Table.Names()).Flags())
	return nil
}
