package mlflowclient_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// TestEveryFormOfModelURI resolves and downloads one model by each form of URI that there is, on the real server and on MinIO.
func TestEveryFormOfModelURI(t *testing.T) {
	ctx := t.Context()
	c := open(t, serverEnd(t).TrackingURI(), ofStack(t))
	run, name := startRun(t, c), unique("every form")
	model, err := run.LogModel(ctx, mlflowclient.LogModel{Name: "forest", Files: func(id string) ([]mlmodel.File, error) {
		return mlmodel.ONNXModel{Data: []byte("onnx"), RunID: run.ID, ModelID: id}.Files()
	}})
	must(t, err)
	_, err = c.RegisterModel(ctx, mlflowclient.RegisterModel{Name: name, ModelID: model.ID, Alias: "champion"})
	must(t, err)
	first := filepath.Join(t.TempDir(), "a model")
	found, err := c.ResolveModel(ctx, "models:/"+name+"/1")
	must(t, err)
	must(t, c.DownloadModel(ctx, found, first))
	bucket, err := c.Artifacts.At("s3://mlflow-artifacts/" + unique("models") + "/a model")
	must(t, err)
	must(t, bucket.UploadDir(ctx, first, ""))
	want, err := mlmodel.OpenFolder(first)
	must(t, err)
	data, err := want.ONNX()
	must(t, err)
	for _, uri := range []string{
		"models:/" + name + "/1", "models:/" + name + "/latest", "models:/" + name + "@champion", "models:/" + model.ID,
		"runs:/" + run.ID + "/forest", model.ArtifactURI, bucket.URI, "file://" + strings.ReplaceAll(first, " ", "%20"), first,
	} {
		found, err := c.ResolveModel(ctx, uri)
		if err != nil || found.RunID != run.ID || found.ModelID != model.ID || found.URI != uri ||
			(found.Version == "1") != strings.HasPrefix(uri, "models:/"+name) {
			t.Errorf("%s: %+v %v", uri, found, err)
			continue
		}
		dir := filepath.Join(t.TempDir(), "got")
		must(t, c.DownloadModel(ctx, found, dir))
		folder, err := mlmodel.OpenFolder(dir)
		must(t, err)
		if got, err := folder.ONNX(); err != nil || !bytes.Equal(got, data) || folder.Model.ModelID != model.ID {
			t.Errorf("%s: %d bytes of model %s, %v", uri, len(got), folder.Model.ModelID, err)
		}
	}
	for _, scheme := range []string{"mlflow-artifacts:/", "s3://"} {
		if !strings.HasPrefix(model.ArtifactURI, scheme) && !strings.HasPrefix(bucket.URI, scheme) {
			t.Errorf("no %s was tried: %s, %s", scheme, model.ArtifactURI, bucket.URI)
		}
	}
}
