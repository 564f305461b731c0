package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// baselineCase is a set of columns on which both sides train.
type baselineCase struct {
	Target   string                       `json:"target"`
	Features []string                     `json:"features"`
	Seed     uint32                       `json:"seed"`
	Runs     map[string]map[string]string `json:"runs"`

	accuracy map[string]float64
}

func trainBaselines(t *testing.T, client *mlflowclient.Client, file string, c *baselineCase) {
	t.Helper()
	data, err := LoadTable(t.Context(), file, dataset.ReadOptions{Text: []string{"grade"}})
	if err != nil {
		t.Fatal(err)
	}
	split, err := Problem{Features: c.Features, Target: c.Target, TestSize: 0.25}.Prepare(data.Table)
	if err != nil {
		t.Fatal(err)
	}
	c.Runs, c.accuracy = map[string]map[string]string{}, map[string]float64{}
	done, err := Baselines{Split: split, Data: data, Client: client, Experiment: "baselines of " + c.Target, Seed: c.Seed}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range done {
		c.Runs[one.Name] = map[string]string{"run": one.RunID, "model": one.ModelID}
		c.accuracy[one.Name] = one.Test.Accuracy
	}
}

// TestBaselinesAreThoseOfAutolog trains the pipelines under the real mlflow.sklearn.autolog and compares: runs by all they hold, models by
// their attributes, and labels on every row, as scikit-learn, pyfunc and onnxruntime give them for what Go wrote.
func TestBaselinesAreThoseOfAutolog(t *testing.T) {
	python, file, dir := stack.Python(t, "mlflow"), wineInGrades(t), t.TempDir()
	store := "sqlite:///" + filepath.Join(dir, "mlflow.db")
	client, err := mlflowclient.New(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	few := RedWine().Features
	cases := []*baselineCase{
		{Target: "quality", Features: few},
		{Target: "grade", Features: append([]string{"pH", "total sulfur dioxide"}, few...), Seed: 7},
		{Target: "good", Features: few[1:], Seed: 1},
	}
	for _, c := range cases {
		trainBaselines(t, client, file, c)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "cases.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "testdata/baselines.py", file, store, "sqlite:///"+filepath.Join(dir, "own.db"), list)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var answer struct {
		Different []string
		Table     [][]any
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, line := range answer.Different {
		t.Error(line)
	}
	if len(answer.Table) != 4*len(cases) {
		t.Fatalf("%d results", len(answer.Table))
	}
	t.Logf("%-8s %-24s %-20s %-20s %s", "target", "classifier", "accuracy (Go)", "scikit-learn's", "rows with another label")
	for i, row := range answer.Table {
		mine := cases[i/4].accuracy[fmt.Sprint(row[1])]
		t.Logf("%-8v %-24v %-20v %-20v %v", row[0], row[1], mine, row[2], row[3])
		if mine != row[2] || row[3] != 0.0 {
			t.Errorf("%v: accuracy %v, scikit-learn's is %v", row[:2], mine, row[2])
		}
	}
}

// TestBaselinesEndTheirRuns ends the context while the second is at work.
func TestBaselinesEndTheirRuns(t *testing.T) {
	client, err := mlflowclient.New(t.Context(), "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	data, err := LoadTable(t.Context(), "embedded:", dataset.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	split, err := RedWine().Prepare(data.Table)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var started []string
	_, err = Baselines{Split: split, Data: data, Client: client, OnStart: func(name string) {
		if started = append(started, name); len(started) == 2 {
			cancel()
		}
	}}.Run(ctx)
	if err == nil || !strings.Contains(err.Error(), "baseline SVC: ") || !slices.Equal(started, BaselineNames()[:2]) {
		t.Fatalf("started %v: %v", started, err)
	}
	experiment, err := client.Experiments.GetByName(t.Context(), BaselinesExperiment)
	if err != nil {
		t.Fatal(err)
	}
	for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		if run.Status != mlflowclient.StatusFinished {
			t.Errorf("run %s is %s", run.Name, run.Status)
		}
	}
}

func TestBaselinesRefuse(t *testing.T) {
	if _, err := (Baselines{}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "split") {
		t.Errorf("without a split: %v", err)
	}
	split := &Split{Classes: Classes{}}
	split.TrainX.Cols = 1
	if _, err := (Baselines{Split: split}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "baseline LinearSVC: ") {
		t.Errorf("without rows: %v", err)
	}
	client, err := mlflowclient.New(t.Context(), "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := (Baselines{Split: split, Client: client}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Baselines.Data") {
		t.Errorf("without the table: %v", err)
	}
}
