package pipeline_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/pipeline"
)

// TestOtherDataSets explores, learns and optimises on data that have nothing to do with wine's quality, and compares the baselines with
// scikit-learn's, label by label.
func TestOtherDataSets(t *testing.T) {
	python := stack.Python(t, "mlflow")
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), python, "testdata/othersets.py", dir)
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]map[string][]string // labels by set and classifier
	if err := json.Unmarshal(output, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != 4 {
		t.Fatalf("%d sets", len(want))
	}
	for name, models := range want {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".csv")
			data, err := pipeline.LoadTable(t.Context(), file, dataset.ReadOptions{Need: []string{"class"}, Text: []string{"class"}})
			if err != nil {
				t.Fatal(err)
			}
			split, err := pipeline.Problem{Target: "class", TestSize: 0.25}.Prepare(data.Table)
			if err != nil {
				t.Fatal(err)
			}
			compareBaselines(t, split, models)
			exploreOther(t, data)
			study := pipeline.Study{Split: split, Space: pipeline.OriginalSpace(), Trials: 2}
			trials, err := study.Run(t.Context())
			if err != nil || len(trials) != 2 || trials[0].Report.Accuracy < 0.9 {
				t.Errorf("trials %+v: %v", trials, err)
			}
		})
	}
}

// compareBaselines compares every label of the test part.
func compareBaselines(t *testing.T, split *pipeline.Split, want map[string][]string) {
	t.Helper()
	baselines, err := pipeline.Baselines{Split: split}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range baselines {
		labels := one.Predicted()
		if len(labels) != len(want[one.Name]) {
			t.Errorf("%s: %d labels, scikit-learn has %d", one.Name, len(labels), len(want[one.Name]))
			continue
		}
		different := 0
		for row, label := range labels {
			if split.Classes.Text(label) != want[one.Name][row] {
				different++
			}
		}
		t.Logf("%-24s accuracy %.4f, %d of %d labels differ from scikit-learn's", one.Name, one.Test.Accuracy, different, len(labels))
		if different != 0 {
			t.Errorf("%s: %d of %d labels differ from scikit-learn's", one.Name, different, len(labels))
		}
	}
}

// exploreOther makes the report.
func exploreOther(t *testing.T, data *pipeline.Data) {
	t.Helper()
	out := t.TempDir()
	found, err := pipeline.Exploration{Data: data, Target: "class", Out: out}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if found.Rows != data.Table.Rows() || len(found.Classes) < 2 || len(found.Kept()) == 0 {
		t.Errorf("%d rows, classes %v, kept %v", found.Rows, found.Classes, found.Kept())
	}
	if info, err := os.Stat(found.Report); err != nil || info.Size() < 10_000 {
		t.Errorf("report %v: %v", info, err)
	}
}
