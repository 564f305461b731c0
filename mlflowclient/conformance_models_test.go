package mlflowclient_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// someFiles makes a model folder that mlmodel.OpenFolder reads; the bytes of its model are not looked at.
func someFiles(modelID string) ([]mlmodel.File, error) {
	files, err := mlmodel.ONNXModel{Data: []byte("onnx"), ModelID: modelID, Created: time.UnixMilli(1_700_000_000_000)}.Files()
	return append(files, mlmodel.File{Name: "data/ünï cödé.txt", Data: []byte("ü")}, mlmodel.File{Name: "empty"}), err
}

func startRun(t *testing.T, c *mlflowclient.Client) *mlflowclient.ActiveRun {
	t.Helper()
	run, err := c.Start(t.Context(), mlflowclient.StartRun{ExperimentID: newExperiment(t, c)})
	must(t, err)
	return run
}

func logModel(t *testing.T, c *mlflowclient.Client, name string) *mlflowclient.LoggedModel {
	t.Helper()
	model, err := startRun(t, c).LogModel(t.Context(), mlflowclient.LogModel{Name: name, Files: someFiles})
	must(t, err)
	return model
}

func TestLogModel(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := startRun(t, c)
		at := time.UnixMilli(1_700_000_000_000)
		var given string
		model, err := run.LogModel(ctx, mlflowclient.LogModel{
			Name: "wine forest", Type: "classifier", Params: map[string]string{"depth": "60", "leaf ü": ""}, Tags: map[string]string{"team": "wine"},
			Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: 0.625, Timestamp: at, Step: 3}, {Key: "f1", Value: math.Inf(1), Timestamp: at}},
			Dataset: &mlflowclient.DatasetInput{Name: "red wine", Digest: "7e2d"},
			Files: func(modelID string) ([]mlmodel.File, error) {
				given = modelID
				return someFiles(modelID)
			},
		})
		must(t, err)
		got, err := c.LoggedModels.Get(ctx, model.ID)
		must(t, err)
		if !reflect.DeepEqual(got, model) {
			t.Errorf("the model is\n%+v, LogModel gave\n%+v", got, model)
		}
		if model.ID != given || model.Name != "wine forest" || model.Type != "classifier" || model.Status != mlflowclient.LoggedModelReady ||
			model.SourceRunID != run.ID || model.ExperimentID != run.ExperimentID || model.Created.Before(at) || model.Updated.Before(model.Created) ||
			!reflect.DeepEqual(model.Params, map[string]string{"depth": "60", "leaf ü": ""}) || !reflect.DeepEqual(model.Tags, map[string]string{"team": "wine"}) {
			t.Errorf("model %+v", model)
		}
		slices.SortFunc(model.Metrics, func(a, b mlflowclient.Metric) int { return strings.Compare(a.Key, b.Key) })
		want := mlflowclient.Metric{
			Key: "accuracy", Value: 0.625, Timestamp: at, Step: 3, ModelID: model.ID, DatasetName: "red wine", DatasetDigest: "7e2d", RunID: run.ID,
		}
		if len(model.Metrics) != 2 || model.Metrics[0] != want || !math.IsInf(model.Metrics[1].Value, 1) {
			t.Errorf("metrics %+v", model.Metrics)
		}
		whole := getRun(t, c, run.ID)
		if len(whole.ModelOutputs) != 1 || whole.ModelOutputs[0] != (mlflowclient.ModelOutput{ModelID: model.ID}) || whole.Metrics["accuracy"].Value != 0.625 {
			t.Errorf("run %+v", whole)
		}
		store, err := c.Artifacts.At(model.ArtifactURI)
		must(t, err)
		files, err := someFiles(model.ID)
		must(t, err)
		for _, f := range files[:len(files)-3] { // MLmodel has an id of its own
			if readArtifact(t, store, f.Name) != string(f.Data) {
				t.Errorf("%s differs", f.Name)
			}
		}
		if n := len(collect(t, store.Walk(ctx, ""))); n != len(files) {
			t.Errorf("%d files of %d", n, len(files))
		}
	})
}

func TestRegisterModelAndFindIt(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		name := unique("wine ü 'quoted'")
		model := logModel(t, c, "forest")
		in := mlflowclient.RegisterModel{Name: name, ModelID: model.ID, Alias: "champion", Description: "first", Tags: map[string]string{"k": "v"}}
		version, err := c.RegisterModel(ctx, in)
		must(t, err)
		if version.Name != name || version.Version != "1" || version.ModelID != model.ID || version.RunID != model.SourceRunID || version.Description != "first" ||
			version.Status != mlflowclient.VersionReady || !slices.Equal(version.Aliases, []string{"champion"}) || version.Tags["k"] != "v" {
			t.Errorf("version %+v", version)
		}
		again, err := c.RegisterModel(ctx, in)
		must(t, err)
		if !reflect.DeepEqual(again, version) {
			t.Errorf("registered again it is\n%+v, before\n%+v", again, version)
		}
		second := logModel(t, c, "forest")
		_, err = c.RegisterModel(ctx, mlflowclient.RegisterModel{Name: name, ModelID: second.ID})
		must(t, err)
		for uri, want := range map[string]*mlflowclient.ResolvedModel{
			"models:/" + name + "/1":                 {Name: name, Version: "1", ModelID: model.ID, RunID: model.SourceRunID},
			"models:/" + name + "@champion":          {Name: name, Version: "1", ModelID: model.ID, RunID: model.SourceRunID},
			"models:/" + name + "/latest":            {Name: name, Version: "2", ModelID: second.ID, RunID: second.SourceRunID},
			"models:///" + name + "/2":               {Name: name, Version: "2", ModelID: second.ID, RunID: second.SourceRunID},
			"models:/" + model.ID:                    {ModelID: model.ID, RunID: model.SourceRunID},
			"runs:/" + model.SourceRunID + "/forest": {ModelID: model.ID, RunID: model.SourceRunID},
			model.ArtifactURI:                        {ModelID: model.ID},
		} {
			want.URI, want.ArtifactURI = uri, model.ArtifactURI
			if want.ModelID == second.ID {
				want.ArtifactURI = second.ArtifactURI
			}
			got, err := c.ResolveModel(ctx, uri)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s is\n%+v (%v), want\n%+v", uri, got, err, want)
			}
		}
	})
}

func TestDownloadModel(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		model := logModel(t, c, "forest")
		found, err := c.ResolveModel(ctx, "models:/"+model.ID)
		must(t, err)
		parent := t.TempDir()
		dir := filepath.Join(parent, "not", "there")
		must(t, c.DownloadModel(ctx, found, dir))
		folder, err := mlmodel.OpenFolder(dir)
		must(t, err)
		data, err := folder.ONNX()
		if err != nil || !bytes.Equal(data, []byte("onnx")) || folder.Model.ModelID != model.ID {
			t.Errorf("%q %v of model %s", data, err, folder.Model.ModelID)
		}
		if data, err := os.ReadFile(filepath.Join(dir, "data", "ünï cödé.txt")); err != nil || string(data) != "ü" {
			t.Errorf("%q %v", data, err)
		}
		if err := c.DownloadModel(ctx, found, dir); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a folder with files: %v", err)
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := c.DownloadModel(cancelled, found, filepath.Join(parent, "late")); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
		if entries, _ := os.ReadDir(parent); len(entries) != 1 {
			t.Errorf("left %v", entries)
		}
	})
}

// TestDownloadModelToWhereOneIs fills an empty folder that cannot be replaced, like the working directory or the top of a volume.
func TestDownloadModelToWhereOneIs(t *testing.T) {
	c := embeddedEnd(t)
	found, err := c.ResolveModel(t.Context(), "models:/"+logModel(t, c, "forest").ID)
	must(t, err)
	t.Chdir(t.TempDir())
	before, err := os.Stat(".")
	must(t, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.DownloadModel(cancelled, found, "."); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	must(t, c.DownloadModel(t.Context(), found, "."))
	here, err := os.Getwd()
	must(t, err)
	after, err := os.Stat(here)
	must(t, err)
	if !os.SameFile(before, after) {
		t.Error("the folder is another one")
	}
	folder, err := mlmodel.OpenFolder(here)
	must(t, err)
	if data, err := folder.ONNX(); err != nil || string(data) != "onnx" {
		t.Errorf("%q, %v", data, err)
	}
	if hidden, _ := filepath.Glob(".*"); len(hidden) != 0 {
		t.Errorf("left %v", hidden)
	}
}
