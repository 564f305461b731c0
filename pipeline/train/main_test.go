package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "train")) }

// flowers is a table with text classes and features of very different size: 120 rows of three kinds.
func flowers(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("petal;sepal;height;species\n")
	for row := range 120 {
		kind := row * 7 % 3
		fmt.Fprintf(&text, "%d;%g;%g;%s\n", 10*kind+row%13, float64(row%17)/8+float64(kind), 1e6*float64(row%5), []string{"rose", "tulip", "aster"}[kind])
	}
	file := filepath.Join(t.TempDir(), "flowers.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestScikitLearnTrainsTheSameModel(t *testing.T) {
	python := stack.Python(t, "mlflow")
	wine, err := filepath.Abs("../../internal/wine/winequality-red.csv")
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"the best point of the study's space": {"--params", "n_estimators=200,bootstrap=False,min_samples_split=10"},
		"every feature, balanced":             {"--data", wine, "--features", "all", "--params", "class_weight=balanced,max_depth=8,n_estimators=60"},
		"text classes":                        {"--data", flowers(t), "--target", "species", "--features", "all", "--params", "criterion=entropy,n_estimators=30"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			done := program.Run(t, dir, nil, append(args, "--out", "models/first")...)
			if done.Code != 0 || done.Stderr != "" {
				t.Fatalf("%+v", done)
			}
			table := wine
			if strings.Contains(args[1], "flowers") {
				table = strings.ReplaceAll(args[1], ".csv", "-comma.csv")
				text, err := os.ReadFile(args[1])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(table, []byte(strings.ReplaceAll(string(text), ";", ",")), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			folder := filepath.Join(dir, "models", "first")
			output, err := exec.CommandContext(t.Context(), python, "testdata/same.py", table, folder).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			var same struct {
				Accuracy  float64
				Rows      int
				Different int     `json:"different_labels"`
				Error     float64 `json:"probability_error"`
				Sklearn   float64 `json:"sklearn_error"`
			}
			if err := json.Unmarshal(output, &same); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			if same.Different != 0 || same.Error > 1e-7 || same.Sklearn != 0 || same.Rows == 0 {
				t.Errorf("%+v: want no different label, probabilities of ONNX within 1e-7 and those of scikit-learn equal", same)
			}
			if !strings.Contains(done.Stdout, fmt.Sprintf("accuracy %v,", same.Accuracy)) {
				t.Errorf("scikit-learn's accuracy is %v, the command says:\n%s", same.Accuracy, done.Stdout)
			}
		})
	}
}

func TestTheRunHoldsWhatTheFolderHolds(t *testing.T) {
	dir := t.TempDir()
	done := program.Run(t, dir, nil, "--params", "n_estimators=10,max_depth=5", "--out", "model")
	if done.Code != 0 {
		t.Fatalf("%+v", done)
	}
	text, err := os.ReadFile(filepath.Join(dir, "model", "training.json"))
	if err != nil {
		t.Fatal(err)
	}
	var training struct {
		RunID   string `json:"run_id"`
		Params  map[string]string
		Metrics map[string]float64
		Classes []string
	}
	if err := json.Unmarshal(text, &training); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"3", "4", "5", "6", "7", "8"}, training.Classes); diff != "" {
		t.Error(diff)
	}
	client, err := mlflowclient.New(t.Context(), "sqlite:///"+filepath.Join(dir, "mlflow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	run, err := client.Runs.Get(t.Context(), training.RunID)
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]float64{}
	for key, point := range run.Metrics {
		metrics[key] = point.Value
	}
	if diff := cmp.Diff(training.Params, run.Params) + cmp.Diff(training.Metrics, metrics); diff != "" || run.Params["max_depth"] != "5" {
		t.Errorf("(-training.json +run):\n%s", diff)
	}
	if run.Status != mlflowclient.StatusFinished || len(run.Datasets) != 1 || !strings.Contains(done.Stdout, run.ID) {
		t.Errorf("run %+v", run)
	}
	for _, name := range []string{"MLmodel", "model.onnx", "input_example.json", "training.json"} {
		here, err := os.ReadFile(filepath.Join(dir, "model", name))
		if err != nil {
			t.Fatal(err)
		}
		there, err := os.ReadFile(filepath.Join(run.ArtifactURI, "model", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(here, there) || len(here) == 0 {
			t.Errorf("%s has %d bytes in the folder and %d in MLflow", name, len(here), len(there))
		}
	}
}

func TestBadInputIsOneClearLineAndLeavesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no folder":          {code: 2, says: "--out"},
		"folder is there":    {args: []string{"--out", "."}, code: 1, says: "exists already"},
		"unknown parameter":  {args: []string{"--out", "m", "--params", "trees=5"}, code: 2, says: `"trees"`},
		"bad parameter":      {args: []string{"--out", "m", "--params", "max_depth=-1"}, code: 2, says: "max_depth"},
		"refused by forest":  {args: []string{"--out", "m", "--params", "oob_score=True,bootstrap=False"}, code: 2, says: "oob_score"},
		"not a pair":         {args: []string{"--out", "m", "--params", "max_depth"}, code: 2, says: "params"},
		"no such file":       {args: []string{"--out", "m", "--data", "gone.csv"}, code: 1, says: "gone.csv"},
		"text as a feature":  {args: []string{"--out", "m", "--data", flowers(t), "--target", "petal", "--features", "all"}, code: 1, says: `"species"`},
		"folder in a file":   {args: []string{"--out", "/dev/null/m"}, code: 1, says: "/dev/null"},
		"too many max_feats": {args: []string{"--out", "m", "--params", "max_features=many"}, code: 2, says: "max_features"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program.Refused(t, program.Run(t, dir, nil, test.args...), test.code, test.says)
			left, err := filepath.Glob(filepath.Join(dir, "m*"))
			if err != nil {
				t.Fatal(err)
			}
			if len(left) != 0 && test.code == 2 {
				t.Errorf("left behind: %v", left)
			}
			if _, err := os.Stat(filepath.Join(dir, "m")); !os.IsNotExist(err) {
				t.Error("a model's folder was left behind")
			}
		})
	}
}
