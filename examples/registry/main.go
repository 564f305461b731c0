// Command registry shows MLflow's model registry from Go: two models become versions of one name, an alias moves from the first to the second,
// and the model behind the alias is found and downloaded. Without MLFLOW_TRACKING_URI all is kept in mlflow.db and mlruns in this folder.
//
//	go run ./examples/registry [name folder-to-download-to]
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
	name, folder := "larger-than-half", "downloaded"
	if len(os.Args) == 3 {
		name, folder = os.Args[1], os.Args[2]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, name, folder)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, name, folder string) (err error) {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for _, trees := range []int{1, 20} {
		model, err := logged(ctx, client, name, trees)
		if err != nil {
			return err
		}
		// RegisterModel makes the registered model when it is missing, and may be repeated. The alias follows the newest version.
		version, err := client.RegisterModel(ctx, mlflowclient.RegisterModel{
			Name: name, ModelID: model.ID, Alias: "champion", Description: fmt.Sprintf("a forest of %d trees", trees), Tags: map[string]string{"checked": "yes"},
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "version %s: %s, aliases %v\n", version.Version, version.Description, version.Aliases)
	}
	// Whoever serves asks for the alias, never for a version. ResolveModel also takes models:/name/1, models:/name/latest, runs:/… and more.
	found, err := client.ResolveModel(ctx, "models:/"+name+"@champion")
	if err != nil {
		return err
	}
	if err := client.DownloadModel(ctx, found, folder); err != nil {
		return err
	}
	model, err := mlmodel.OpenFolder(folder)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "champion is version %s of run %s, now in %s:\n", found.Version, found.RunID, folder)
	for _, flavor := range model.Model.Flavors {
		fmt.Fprintf(out, "  flavor %s\n", flavor.Name)
	}
	input := model.Model.Signature.Inputs.Columns[0]
	_, err = fmt.Fprintf(out, "  input %s (%s)\n", input.Name, input.Type.Kind)
	return err
}

// logged trains a forest on the question whether a number is larger than a half, and logs it in a run of its own.
func logged(ctx context.Context, client *mlflowclient.Client, name string, trees int) (model *mlflowclient.LoggedModel, err error) {
	x := forest.Matrix{Data: []float64{0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9}, Rows: 8, Cols: 1}
	scaler, err := forest.FitStandardScaler(x)
	if err != nil {
		return nil, err
	}
	scaled, err := scaler.Transform(x)
	if err != nil {
		return nil, err
	}
	params := forest.Params{NEstimators: trees, MinSamplesSplit: 2, MinSamplesLeaf: 1, Bootstrap: true}
	trained, err := forest.Fit(ctx, scaled, []int{0, 0, 0, 0, 1, 1, 1, 1}, params)
	if err != nil {
		return nil, err
	}
	export, err := pipeline.ForestModel{Forest: trained, Scaler: scaler, Features: []string{"number"}, Labels: []string{"no", "yes"}, Example: x}.Export(ctx)
	if err != nil {
		return nil, err
	}
	err = client.Track(ctx, mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		model, err = run.LogModel(ctx, mlflowclient.LogModel{Name: name, Files: func(id string) ([]mlmodel.File, error) {
			export.RunID, export.ModelID = run.ID, id
			return export.Files()
		}})
		return err
	})
	return model, err
}
