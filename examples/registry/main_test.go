package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// program is the example, built.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "registry")) }

// TestOnServer also loads what the example downloaded with the real MLflow.
func TestOnServer(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	folder := check(t, uri, []string{"MLFLOW_TRACKING_URI=" + uri}, t.TempDir(), fmt.Sprintf("registry-test-%d", time.Now().UnixNano()))
	output, err := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), "testdata/labels.py", folder, "0.05", "0.45", "0.55", "2").Output()
	if want := `["no", "no", "yes", "yes"]`; err != nil || strings.TrimSpace(string(output)) != want {
		t.Errorf("%s, %v", output, err)
	}
}

func TestInThisFolder(t *testing.T) {
	dir := t.TempDir()
	check(t, "sqlite:///"+filepath.Join(dir, "mlflow.db"), nil, dir, "forest")
}

// check runs the example, reads back what it made, and returns the folder that it downloaded.
func check(t *testing.T, uri string, env []string, dir, name string) string {
	t.Helper()
	done := program.Run(t, dir, env, name, "downloaded")
	if done.Code != 0 || done.Stderr != "" || !strings.Contains(done.Stdout, "champion is version 2") || !strings.Contains(done.Stdout, "input number (double)") {
		t.Fatalf("%+v", done)
	}
	client, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for version, trees := range map[string]string{"1": "a forest of 1 trees", "2": "a forest of 20 trees"} {
		made, err := client.ModelVersions.Get(t.Context(), name, version)
		if err != nil || made.Description != trees || made.Tags["checked"] != "yes" || (len(made.Aliases) == 1) != (version == "2") {
			t.Errorf("%+v, %v", made, err)
		}
	}
	folder := filepath.Join(dir, "downloaded")
	if _, err := os.Stat(filepath.Join(folder, "model.skops")); err != nil {
		t.Error(err)
	}
	return folder
}
