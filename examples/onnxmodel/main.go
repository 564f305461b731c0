// Command onnxmodel trains a random forest in Go, logs it to MLflow as an ONNX model that Python loads too, and registers it.
//
//	go run ./examples/onnxmodel                                             # into mlflow.db and mlruns in this folder
//	MLFLOW_TRACKING_URI=http://127.0.0.1:5000 go run ./examples/onnxmodel   # on a server
//	go run ./examples/onnxmodel my-name                                     # registered under another name
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline"
	"mlopsgo/pipeline/forest"
)

func main() {
	name := "red-wine-forest"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, name)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "onnxmodel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, name string) (err error) {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	// The red wine table, divided and scaled. With data of your own, fill a forest.Matrix, and a pipeline.ForestModel by its fields.
	input := pipeline.Input{Data: "embedded:", Target: "quality", Features: []string{"volatile acidity", "sulphates", "alcohol"}, TestSize: 0.25}
	split, data, err := input.Load(ctx, os.Getenv, out)
	if err != nil {
		return err
	}
	params := forest.DefaultParams()
	params.NEstimators = 200
	trained, err := forest.Fit(ctx, split.TrainX, split.TrainY, params)
	if err != nil {
		return err
	}
	model, err := split.Model(trained).Export(ctx)
	if err != nil {
		return err
	}

	experiment, err := client.Experiments.GetOrCreate(ctx, name)
	if err != nil {
		return err
	}
	var version *mlflowclient.ModelVersion
	err = client.Track(ctx, mlflowclient.StartRun{ExperimentID: experiment.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		dataset := data.TrainingInput(client)
		if err := run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{dataset}}); err != nil {
			return err
		}
		labels, err := trained.Predict(ctx, split.TestX)
		if err != nil {
			return err
		}
		right := 0
		for i, label := range labels {
			if label == split.TestY[i] {
				right++
			}
		}
		logged, err := run.LogModel(ctx, mlflowclient.LogModel{
			Name: name, Type: "classifier", Params: map[string]string{"n_estimators": "200"}, Dataset: &dataset,
			Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: float64(right) / float64(len(labels))}},
			Files: func(modelID string) ([]mlmodel.File, error) {
				model.RunID, model.ModelID = run.ID, modelID
				return model.Files()
			},
		})
		if err != nil {
			return err
		}
		version, err = client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: name, ModelID: logged.ID, Alias: "champion"})
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s version %s is registered, on %s. Load it in Python with one of\n\n"+
		"  mlflow.pyfunc.load_model(%[4]q)    labels\n  mlflow.sklearn.load_model(%[4]q)   the Pipeline, to look into and fit again\n"+
		"  mlflow.onnx.load_model(%[4]q)      the graph\n\nor serve it: go run ./predictsvc/predictor\n",
		name, version.Version, client.TrackingURI(), "models:/"+name+"@champion")
	return err
}
