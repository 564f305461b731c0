package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// program is the example, built.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "artifacts")) }

func TestOnServer(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	check(t, uri, []string{"MLFLOW_TRACKING_URI=" + uri}, t.TempDir())
}

func TestInThisFolder(t *testing.T) {
	dir := t.TempDir()
	check(t, "sqlite:///"+filepath.Join(dir, "mlflow.db"), nil, dir)
}

var said = regexp.MustCompile(`^stored data/notes.txt, 23 bytes
stored data/tables/wine.csv, 22 bytes
fetched into (.*)
The files of run ([0-9a-f]{32}) are at `)

// check runs the example and looks at what it made.
func check(t *testing.T, uri string, env []string, dir string) {
	t.Helper()
	done := program.Run(t, dir, append(env, "TMPDIR="+t.TempDir()))
	found := said.FindStringSubmatch(done.Stdout)
	if done.Code != 0 || found == nil {
		t.Fatalf("%+v", done)
	}
	if text, err := os.ReadFile(filepath.Join(found[1], "tables", "wine.csv")); err != nil || string(text) != "alcohol,quality\n9.4,5\n" {
		t.Errorf("%q, %v", text, err)
	}
	client, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	store, err := client.Artifacts.ForRun(t.Context(), found[2])
	if err != nil {
		t.Fatal(err)
	}
	body, err := store.Open(t.Context(), "data/notes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if text, err := io.ReadAll(body); err != nil || string(text) != "what was done, and why\n" {
		t.Errorf("%q, %v", text, err)
	}
}
