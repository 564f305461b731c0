package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// program is the example, built.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "onnxmodel")) }

func TestRegistersOnServer(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	check(t, uri, []string{"MLFLOW_TRACKING_URI=" + uri}, t.TempDir(), fmt.Sprintf("onnxmodel-test-%d", time.Now().UnixNano()))
}

func TestRegistersInThisFolder(t *testing.T) {
	dir := t.TempDir()
	check(t, "sqlite:///"+filepath.Join(dir, "mlflow.db"), nil, dir, "forest")
}

// check runs the example and reads back what it made.
func check(t *testing.T, uri string, env []string, dir, name string) {
	t.Helper()
	done := program.Run(t, dir, env, name)
	if done.Code != 0 || done.Stderr != "" || !strings.Contains(done.Stdout, name+" version 1 is registered") {
		t.Fatalf("%+v", done)
	}
	client, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	found, err := client.ResolveModel(t.Context(), "models:/"+name+"@champion")
	if err != nil || found.Version != "1" {
		t.Fatal(found, err)
	}
	logged, err := client.LoggedModels.Get(t.Context(), found.ModelID)
	if err != nil || len(logged.Metrics) != 1 || logged.Metrics[0].Value < 0.6 || logged.Metrics[0].DatasetName == "" {
		t.Errorf("%+v, %v", logged, err)
	}
	folder := filepath.Join(t.TempDir(), "model")
	if err := client.DownloadModel(t.Context(), found, folder); err != nil {
		t.Fatal(err)
	}
	model, err := mlmodel.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	for flavor, key := range map[string]string{"onnx": "data", "sklearn": "pickled_model"} {
		if data, err := model.FlavorFile(flavor, key); err != nil || len(data) < 1<<20 {
			t.Errorf("%s: %d bytes, %v", flavor, len(data), err)
		}
	}
	if model.Model.ModelID != found.ModelID || model.Model.RunID != found.RunID || found.RunID == "" {
		t.Errorf("MLmodel is of model %s of run %s, the registry's of %s of %s", model.Model.ModelID, model.Model.RunID, found.ModelID, found.RunID)
	}
}
