package mlflowclient_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// exampleModel logs a model in a run of its own.
func exampleModel(ctx context.Context, client *mlflowclient.Client, name string) *mlflowclient.LoggedModel {
	var model *mlflowclient.LoggedModel
	check(client.Track(ctx, mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) (err error) {
		model, err = run.LogModel(ctx, mlflowclient.LogModel{
			Name:   name,
			Params: map[string]string{"max_depth": "60"},
			Files: func(id string) ([]mlmodel.File, error) {
				return mlmodel.ONNXModel{Data: []byte("the bytes of an ONNX model"), ModelID: id, RunID: run.ID}.Files()
			},
		})
		return err
	}))
	return model
}

// A model is logged by the run that trains it, registered, and found again by its alias.
func ExampleActiveRun_LogModel() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	err := client.Track(ctx, mlflowclient.StartRun{Name: "training"}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		model, err := run.LogModel(ctx, mlflowclient.LogModel{
			Name:    "red-wine-model",
			Type:    "classifier",
			Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: 0.7}},
			Files: func(id string) ([]mlmodel.File, error) {
				return mlmodel.ONNXModel{Data: []byte("the bytes of an ONNX model"), ModelID: id, RunID: run.ID}.Files()
			},
		})
		if err != nil {
			return err
		}
		_, err = client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: model.ID, Alias: "champion"})
		return err
	})
	check(err)

	found, err := client.ResolveModel(ctx, "models:/wine@champion")
	check(err)
	tmp, err := os.MkdirTemp("", "example")
	check(err)
	defer func() { _ = os.RemoveAll(tmp) }()
	dir := filepath.Join(tmp, "model")
	check(client.DownloadModel(ctx, found, dir))
	folder, err := mlmodel.OpenFolder(dir)
	check(err)
	data, err := folder.ONNX()
	check(err)
	fmt.Printf("version %s of %s: %s\n", found.Version, found.Name, data)
	// Output: version 1 of wine: the bytes of an ONNX model
}

func ExampleClient_RegisterModel() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	model := exampleModel(ctx, client, "forest")
	for range 2 { // the second time finds what the first made
		version, err := client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: model.ID, Alias: "champion"})
		check(err)
		fmt.Println(version.Name, version.Version, version.Aliases)
	}
	// Output:
	// wine 1 [champion]
	// wine 1 [champion]
}

func ExampleLoggedModelService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	for _, name := range []string{"small forest", "large forest"} {
		model := exampleModel(ctx, client, name)
		check(client.LoggedModels.SetTags(ctx, model.ID, map[string]string{"team": "wine"}))
	}
	q := mlflowclient.SearchLoggedModels{
		ExperimentIDs: []string{mlflowclient.DefaultExperimentID},
		Filter:        "params.max_depth = '60' AND tags.team = 'wine'",
		OrderBy:       []mlflowclient.LoggedModelOrder{{Field: "name"}},
	}
	for model, err := range client.LoggedModels.Search(ctx, q) {
		check(err)
		fmt.Println(model.Name, model.Status)
	}
	// Output:
	// large forest LOGGED_MODEL_READY
	// small forest LOGGED_MODEL_READY
}

func ExampleRegisteredModelService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	_, err := client.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: "wine", Tags: map[string]string{"team": "cellar"}})
	check(err)
	for _, name := range []string{"first", "second"} {
		_, err := client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: exampleModel(ctx, client, name).ID})
		check(err)
	}
	check(client.RegisteredModels.SetAlias(ctx, "wine", "champion", "1"))
	check(client.RegisteredModels.SetAlias(ctx, "wine", "champion", "2")) // moves it
	for model, err := range client.RegisteredModels.Search(ctx, mlflowclient.SearchRegisteredModels{Filter: "tags.team = 'cellar'"}) {
		check(err)
		fmt.Println(model.Name, model.Aliases, "of", model.Latest[0].Version)
	}
	_, err = client.RegisteredModels.Get(ctx, "beer")
	fmt.Println(errors.Is(err, mlflowclient.ErrNotFound))
	// Output:
	// wine map[champion:2] of 2
	// true
}

func ExampleModelVersionService() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	for _, name := range []string{"first", "second"} {
		_, err := client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: exampleModel(ctx, client, name).ID, Description: "the " + name})
		check(err)
	}
	check(client.ModelVersions.SetTag(ctx, "wine", "1", "checked", "yes"))
	for version, err := range client.ModelVersions.Search(ctx, mlflowclient.SearchModelVersions{Filter: "name = 'wine'", OrderBy: []string{"version_number"}}) {
		check(err)
		fmt.Printf("%s: %s, checked: %q\n", version.Version, version.Description, version.Tags["checked"])
	}
	latest, err := client.ModelVersions.Latest(ctx, "wine")
	check(err)
	fmt.Println("latest:", latest.Version)
	// Output:
	// 1: the first, checked: "yes"
	// 2: the second, checked: ""
	// latest: 2
}

// A URI that leads nowhere says what there is.
func ExampleClient_ResolveModel() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	model := exampleModel(ctx, client, "forest")
	_, err := client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: model.ID, Alias: "champion"})
	check(err)
	for _, uri := range []string{"models:/wine@champion", "models:/wine/latest", "models:/" + model.ID, "runs:/" + model.SourceRunID + "/forest"} {
		found, err := client.ResolveModel(ctx, uri)
		check(err)
		fmt.Printf("%t %q\n", found.ModelID == model.ID, found.Version)
	}
	_, err = client.ResolveModel(ctx, "models:/wine@challenger")
	fmt.Println(errors.Is(err, mlflowclient.ErrNotFound))
	// Output:
	// true "1"
	// true "1"
	// true ""
	// true ""
	// true
}
