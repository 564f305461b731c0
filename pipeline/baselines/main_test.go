package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/mlflowclient"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "baselines")) }

// TestWithoutAServer reads the runs back that the table names.
func TestWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	done := program.Run(t, dir, nil)
	if done.Code != 0 || done.Stderr != "" {
		t.Fatalf("%+v", done)
	}
	client, err := mlflowclient.New(t.Context(), "sqlite:///"+filepath.Join(dir, "mlflow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for name, accuracy := range map[string]string{
		"LinearSVC": "0.5850", "SVC": "0.6125", "KNeighborsClassifier": "0.5600", "RandomForestClassifier": "0.6350",
	} {
		line := regexp.MustCompile(`(?m)^\s*` + name + `\s+` + accuracy + `\s.*\s([0-9a-f]{32})\s*$`).FindStringSubmatch(done.Stdout)
		if line == nil {
			t.Errorf("no line of %s with accuracy %s:\n%s", name, accuracy, done.Stdout)
			continue
		}
		run, err := client.Runs.Get(t.Context(), line[1])
		if err != nil {
			t.Fatal(err)
		}
		if run.Name != name || run.Status != mlflowclient.StatusFinished || fmt.Sprintf("%.4f", run.Metrics["Pipeline_score_X_test"].Value) != accuracy {
			t.Errorf("run %s of %s is %s with %v", run.Name, name, run.Status, run.Metrics["Pipeline_score_X_test"].Value)
		}
	}
	for _, says := range []string{"1199 training rows, 400 test rows", "mlflow ui --backend-store-uri sqlite:///mlflow.db", "go run ./pipeline/hpo"} {
		if !strings.Contains(done.Stdout, says) {
			t.Errorf("nothing about %q:\n%s", says, done.Stdout)
		}
	}
}

// TestOtherData has text classes, whole numbers as a feature, and a class in three rows only.
func TestOtherData(t *testing.T) {
	dir := t.TempDir()
	var text strings.Builder
	text.WriteString("petal,height,species\n")
	for row := range 90 {
		species := []string{"rose", "tulip"}[row%2]
		if row%30 == 0 {
			species = "aster"
		}
		fmt.Fprintf(&text, "%d,%g,%s\n", row%7+9*(row%2), float64(row%11)/4, species)
	}
	if err := os.WriteFile(filepath.Join(dir, "flowers.csv"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	done := program.Run(t, dir, nil, "--data", "flowers.csv", "--target", "species", "--features", "all", "--seed", "3", "--experiment", "flowers")
	const next = "go run ./pipeline/hpo --data \"flowers.csv\" --target \"species\" --features all "
	if !strings.Contains(done.Stdout, next) {
		t.Errorf("no %q in\n%s", next, done.Stdout)
	}
	if done.Code != 0 || done.Stderr != "" || strings.Count(done.Stdout, "accuracy 0.") < 1 {
		t.Fatalf("%+v", done)
	}
}

func TestBaselinesRefuse(t *testing.T) {
	program.Refused(t, program.Run(t, t.TempDir(), nil, "--colour", "red"), 2, "--colour")
	program.Refused(t, program.Run(t, t.TempDir(), nil, "--data", "gone.csv"), 1, "gone.csv")
	program.Refused(t, program.Run(t, t.TempDir(), nil, "--target", "taste"), 1, `"taste"`)
}
