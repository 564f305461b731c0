package pipeline

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
)

// TestOtherDataSets explores, learns, optimises and registers on data that have nothing to do with wine's quality, and compares the baselines with
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
			data, err := LoadTable(t.Context(), file, dataset.ReadOptions{Need: []string{"class"}, Text: []string{"class"}})
			if err != nil {
				t.Fatal(err)
			}
			split, err := Problem{Target: "class", TestSize: 0.25}.Prepare(data.Table)
			if err != nil {
				t.Fatal(err)
			}
			compareBaselines(t, split, models)
			exploreOther(t, data)
			registerOther(t, file)
		})
	}
}

// compareBaselines compares every label of the test part.
func compareBaselines(t *testing.T, split *Split, want map[string][]string) {
	t.Helper()
	baselines, err := Baselines{Split: split}.Run(t.Context())
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
func exploreOther(t *testing.T, data *Data) {
	t.Helper()
	out := t.TempDir()
	found, err := Exploration{Data: data, Target: "class", Out: out}.Run(t.Context())
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

// registerOther has the flow of the whole loop put the table into a bucket, optimise on all of its columns, and register the best forest twice.
func registerOther(t *testing.T, file string) {
	t.Helper()
	loader, _, bucket := storage(t)
	registration, _ := local(connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db")), "other")
	registration.Loader, registration.studySpace = loader, smallSpace()
	flows, err := NewFlows(registration)
	if err != nil {
		t.Fatal(err)
	}
	params := DefaultWineQualityParameters()
	params.Data, params.BucketName, params.Filename, params.Target, params.Features = file, bucket, filepath.Base(file), "class", []string{allFeatures}
	params.Explore, params.Baselines, params.Trials = false, false, 2
	for _, want := range []struct {
		version string
		outcome Outcome
	}{{"1", OutcomeFirst}, {"2", OutcomeEqual}} {
		done, err := flows.WineQuality.Run(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		c := done.Comparison
		if done.Version != want.version || done.Alias != ChampionAlias || done.Accuracy < 0.8 || c.Outcome != want.outcome || c.New.Accuracy != done.Accuracy {
			t.Errorf("%+v, compared %+v", done, c)
		}
	}
}
