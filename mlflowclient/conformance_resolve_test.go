package mlflowclient_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// TestResolveModelThatIsNot wants an error that names what is missing and what there is.
func TestResolveModelThatIsNot(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		model := logModel(t, c, "forest")
		name, empty := unique("resolved"), unique("empty")
		_, err := c.RegisterModel(ctx, mlflowclient.RegisterModel{Name: name, ModelID: model.ID, Alias: "champion"})
		must(t, err)
		newModel(t, c, empty, nil)
		pending, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: model.ExperimentID, Name: "pending", SourceRunID: model.SourceRunID})
		must(t, err)
		run, err := c.Artifacts.ForRun(ctx, model.SourceRunID)
		must(t, err)
		must(t, run.Upload(ctx, "notes/a.txt", strings.NewReader("x"), 1))
		for _, tt := range []struct {
			uri  string
			want error
			says []string
		}{
			{"models:/none/1", mlflowclient.ErrNotFound, []string{"has no model \"none\"", "register one first", c.TrackingURI()}},
			{"models:/none@champion", mlflowclient.ErrNotFound, []string{"has no model \"none\""}},
			{"models:/none/latest", mlflowclient.ErrNotFound, []string{"has no model \"none\""}},
			{"models:/" + empty + "/latest", mlflowclient.ErrNotFound, []string{"has no versions"}},
			{"models:/" + empty + "/Staging", mlflowclient.ErrNotFound, []string{"no version is in stage \"Staging\""}},
			{"models:/" + name + "/7", mlflowclient.ErrNotFound, []string{"version=7", "its highest version is 1", "champion"}},
			{"models:/" + name + "@challenger", mlflowclient.ErrNotFound, []string{"alias challenger not found", "its aliases are champion"}},
			{"models:/" + name + "/best", mlflowclient.ErrInvalidParameter, []string{"Invalid Model Version stage: best"}},
			{"models:/" + name, mlflowclient.ErrInvalidParameter, []string{"try models:/" + name + "/latest"}},
			{"models:/m-" + missing, mlflowclient.ErrNotFound, []string{"Logged model with ID"}},
			{"models:/" + pending.ID, mlflowclient.ErrInvalidState, []string{"LOGGED_MODEL_PENDING", "log it again"}},
			{"runs:/" + model.SourceRunID + "/pending", mlflowclient.ErrInvalidState, []string{"LOGGED_MODEL_PENDING"}},
			{"runs:/" + model.SourceRunID + "/none", mlflowclient.ErrNotFound, []string{"has no model \"none\"", "its logged models are \"forest\"", "its artifacts are \"notes\""}},
			{"runs:/" + model.SourceRunID + "/notes", mlflowclient.ErrNotFound, []string{"has no model \"notes\""}},
			{"runs:/" + model.SourceRunID, mlflowclient.ErrNotFound, []string{"its logged models are \"forest\""}},
			{"runs:/" + missing + "/model", mlflowclient.ErrNotFound, []string{"Run with id=" + missing}},
			{run.URI, mlflowclient.ErrNotFound, []string{"is no model folder"}},
			{filepath.Join(t.TempDir(), "none"), mlflowclient.ErrNotFound, []string{"is no model folder"}},
			{"", mlflowclient.ErrInvalidParameter, []string{"the URI is empty", "models:/name/1"}},
			{"models:", mlflowclient.ErrInvalidParameter, []string{"cannot be read"}},
			{"models:/", mlflowclient.ErrInvalidParameter, []string{"cannot be read"}},
			{"models:/a/b/c", mlflowclient.ErrInvalidParameter, []string{"cannot be read"}},
			{"models:/a/", mlflowclient.ErrInvalidParameter, []string{"cannot be read"}},
			{"models://host/a/1", mlflowclient.ErrInvalidParameter, []string{"Databricks"}},
			{"runs:/", mlflowclient.ErrInvalidParameter, []string{"cannot be read"}},
			{"runs:" + missing, mlflowclient.ErrInvalidParameter, []string{"cannot be read"}},
			{"runs:/" + model.SourceRunID + "/../x", mlflowclient.ErrInvalidParameter, []string{"not a plain relative path"}},
			{"gs://bucket/model", mlflowclient.ErrNotImplemented, []string{"--serve-artifacts"}},
		} {
			found, err := c.ResolveModel(ctx, tt.uri)
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: %+v, error %v", tt.uri, found, err)
				continue
			}
			for _, word := range tt.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%s: the error %q does not say %q", tt.uri, err, word)
				}
			}
		}
	})
}

// TestResolveOtherPlaces finds models where older clients put them, and where nothing is registered.
func TestResolveOtherPlaces(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		resolveOtherPlaces(t, c, newRun(t, c, mlflowclient.CreateRun{}))
	})
	t.Run("s3", func(t *testing.T) {
		t.Parallel()
		c, run := runOnS3(t)
		resolveOtherPlaces(t, c, run)
	})
}

func resolveOtherPlaces(t *testing.T, c *mlflowclient.Client, run *mlflowclient.Run) {
	t.Helper()
	ctx := t.Context()
	store, err := c.Artifacts.ForRun(ctx, run.ID)
	must(t, err)
	local := filepath.Join(t.TempDir(), "a model")
	files, err := mlmodel.ONNXModel{Data: []byte("onnx"), RunID: run.ID}.Files()
	must(t, err)
	must(t, mlmodel.WriteFolder(local, files))
	must(t, store.UploadDir(ctx, local, "my model/100%"))
	name := unique("by path")
	newModel(t, c, name, nil)
	_, err = c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: name, Source: "runs:/" + run.ID + "/my model/100%", RunID: run.ID})
	must(t, err)
	for _, uri := range []string{
		"runs:/" + run.ID + "/my model/100%", "runs:/" + run.ID + "/my model/100%/", "models:/" + name + "/1", local, "file://" + strings.ReplaceAll(local, " ", "%20"),
	} {
		found, err := c.ResolveModel(ctx, uri)
		if err != nil || found.RunID != run.ID || found.ModelID != "" || found.URI != uri {
			t.Errorf("%s: %+v %v", uri, found, err)
			continue
		}
		dir := filepath.Join(t.TempDir(), "got")
		must(t, c.DownloadModel(ctx, found, dir))
		if folder, err := mlmodel.OpenFolder(dir); err != nil || folder.Model.RunID != run.ID {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
