package drift_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/drift"
)

const wineReference = 1000

// answer is what testdata/evidently_drift.py prints.
type answer struct {
	Preset []struct {
		Config struct {
			Type, Column, Method string
			Threshold            float64
		}
		Value json.RawMessage
	}
	Cases []evidentlyDrift
}

type evidentlyDrift struct {
	Name, Kind, Method string
	Score, Threshold   float64
	Drifted            bool
	Scores             map[drift.Method]float64
}

func TestParityWithEvidently(t *testing.T) {
	cases := parityCases()
	if len(cases) < 60 {
		t.Fatalf("only %d columns to compare, want at least 60", len(cases))
	}
	answer := askEvidently(t, cases)
	t.Run("preset on red wine", func(t *testing.T) { checkPreset(t, answer) })
	if len(answer.Cases) != len(cases) {
		t.Fatalf("Evidently answered %d of %d cases", len(answer.Cases), len(cases))
	}
	methods := map[drift.Method]int{}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) { checkCase(t, c, answer.Cases[i], methods) })
	}
	for _, method := range []drift.Method{
		drift.MethodKS, drift.MethodWasserstein, drift.MethodChiSquare, drift.MethodZ, drift.MethodJensenShannon,
	} {
		if methods[method] == 0 {
			t.Errorf("no case has %s by default", method)
		}
	}
	t.Logf("%d columns, by default method: %v", len(cases), methods)
}

// checkPreset compares the report of the whole table.
func checkPreset(t *testing.T, answer answer) {
	report, err := drift.Detect(wineColumns(t), drift.Options{})
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]drift.ColumnDrift{}
	for _, c := range report.Columns {
		byName[c.Name] = c
	}
	for _, metric := range answer.Preset {
		if metric.Config.Type == "evidently:metric_v2:DriftedColumnsCount" {
			var value struct{ Count, Share float64 }
			if err := json.Unmarshal(metric.Value, &value); err != nil {
				t.Fatal(err)
			}
			if float64(report.Drifted) != value.Count || report.Share != value.Share || !report.DatasetDrift {
				t.Errorf("%d columns drifted (%v), Evidently says %v (%v)", report.Drifted, report.Share, value.Count, value.Share)
			}
			continue
		}
		got := byName[metric.Config.Column]
		delete(byName, metric.Config.Column)
		var score float64
		if err := json.Unmarshal(metric.Value, &score); err != nil {
			t.Fatal(err)
		}
		if !near(got.Score, score) || got.Method.DisplayName() != metric.Config.Method || got.Threshold != metric.Config.Threshold {
			t.Errorf("%+v, Evidently says %v by %+v", got, score, metric.Config)
		}
	}
	if len(byName) != 0 {
		t.Errorf("Evidently says nothing about %v", byName)
	}
}

// checkCase compares the default verdict and the score of every method that fits the column.
func checkCase(t *testing.T, c drift.Column, want evidentlyDrift, defaults map[drift.Method]int) {
	got := detectOne(t, c, drift.Options{})
	if got.Kind.String() != want.Kind || got.Method.DisplayName() != want.Method || got.Threshold != want.Threshold ||
		got.Drifted != want.Drifted || !near(got.Score, want.Score) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	defaults[got.Method]++
	for method, score := range want.Scores {
		got, err := drift.Detect([]drift.Column{c}, drift.Options{Method: method})
		switch {
		case err != nil && math.IsNaN(score):
		case errors.Is(err, drift.ErrRange) && score == 0: // Evidently divides by an infinite deviation
		case err != nil:
			t.Errorf("%s: %v; Evidently says %v", method, err, score)
		case method == drift.MethodChiSquare && math.IsNaN(score): // with one category, see ChiSquare
			if got.Columns[0].Score != 1 {
				t.Errorf("chi-square with one category: %v", got.Columns[0].Score)
			}
		case !near(got.Columns[0].Score, score):
			t.Errorf("%s: got %v, want %v (by %.2g)", method, got.Columns[0].Score, score, got.Columns[0].Score-score)
		}
	}
}

func detectOne(t *testing.T, c drift.Column, options drift.Options) drift.ColumnDrift {
	t.Helper()
	report, err := drift.Detect([]drift.Column{c}, options)
	if err != nil {
		t.Fatal(err)
	}
	return report.Columns[0]
}

// near says whether two scores agree to 1e-11 of their size, or to 1e-12 where rounding leaves the formulas no digits: in a p-value got as
// 1-Φ, or in the root of a tiny divergence.
func near(got, want float64) bool {
	difference := math.Abs(got - want)
	return difference <= 1e-11*math.Abs(want) || difference <= 1e-12
}

// askEvidently runs Evidently on the wine and on all cases.
func askEvidently(t *testing.T, cases []drift.Column) answer {
	t.Helper()
	python := stack.Python(t, "evidently")
	folder := t.TempDir()
	manifest := struct {
		Table string           `json:"table"`
		Rows  int              `json:"rows"`
		Cases []map[string]any `json:"cases"`
	}{Table: wineFile(t), Rows: wineReference}
	for _, c := range cases {
		manifest.Cases = append(manifest.Cases, map[string]any{
			"name": c.Name, "kind": c.Kind.String(),
			"reference": writeSide(t, folder, c.Name+" reference", c.Reference), "current": writeSide(t, folder, c.Name+" current", c.Current),
		})
	}
	path := filepath.Join(folder, "manifest.json")
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "testdata/evidently_drift.py", path)
	command.Env = append(os.Environ(), "DO_NOT_TRACK=1", "OMP_NUM_THREADS=1")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("evidently_drift.py: %v", err)
	}
	return parseAnswer(t, out)
}
