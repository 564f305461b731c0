package predictsvc

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/stack"
)

// kind is what Python's scikit-learn predicts of every wine.
type kind struct {
	Kind          string
	Labels        []any
	Probabilities [][]float64
	Rows          []float64
	Texts         []string // to which rows lead for columns of texts
}

// exportKinds has Python export every kind of model.
func exportKinds(t *testing.T) (dir string, kinds []kind) {
	t.Helper()
	python, dir := stack.Python(t, "mlflow"), t.TempDir()
	command := exec.CommandContext(t.Context(), python, "testdata/kinds.py", "../internal/wine/winequality-red.csv", dir)
	command.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MLFLOW_TRACKING_URI=sqlite:///"+filepath.Join(dir, "unused.db"))
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("testdata/kinds.py: %v\n%s", err, output)
	}
	return dir, readKinds(t, filepath.Join(dir, "kinds.json"))
}

func readKinds(t *testing.T, path string) (kinds []kind) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, json.Unmarshal(data, &kinds))
	return kinds
}

func loadKind(tb testing.TB, dir string) *model {
	tb.Helper()
	m, err := loadModel(tb.Context(), dir, source{Name: "kind", URI: "models:/kind/1"}, DefaultTarget)
	if err != nil {
		tb.Fatalf("%s: %v", filepath.Base(dir), err)
	}
	return m
}

// TestEveryKindPredictsAsPython holds every label and every probability of all 1,599 wines against scikit-learn's own.
func TestEveryKindPredictsAsPython(t *testing.T) {
	t.Parallel()
	dir, kinds := exportKinds(t)
	for _, k := range kinds {
		for _, format := range []string{"skops", "cloudpickle", "pickle"} {
			t.Run(k.Kind+"-"+format, func(t *testing.T) {
				m := loadKind(t, filepath.Join(dir, k.Kind+"-"+format))
				if none := strings.Contains(k.Kind, "machine"); none != (k.Probabilities == nil) || none != (len(m.engine.classes) == 0) {
					t.Errorf("%d classes with probabilities, %d in Python; only LinearSVC and SVC have none", len(m.engine.classes), len(k.Probabilities))
				}
				checkKind(t, m, k)
				if format == "skops" {
					checkRows(t, m, k)
				}
			})
		}
	}
	t.Run("predict_proba", func(t *testing.T) { testProbabilitiesAnswered(t, filepath.Join(dir, "probabilities"), kinds[0]) })
	for _, k := range readKinds(t, filepath.Join(dir, "graphs.json")) {
		t.Run(k.Kind+" of skl2onnx", func(t *testing.T) {
			m := loadKind(t, filepath.Join(dir, k.Kind+"-onnx"))
			if len(m.engine.classes) > 0 != (k.Probabilities != nil) {
				t.Errorf("%d classes with probabilities", len(m.engine.classes))
			}
			checkKind(t, m, k)
		})
	}
	t.Run("crafted", func(t *testing.T) { testCraftedTrees(t, dir) })
	t.Run("compact form", func(t *testing.T) {
		testCompactForm(t, filepath.Join(dir, "forest-skops"), "model.skops", `"features":4`, `"Fancyness":4`)
	})
	t.Run("no signature", func(t *testing.T) {
		m := loadKind(t, filepath.Join(dir, "without a signature"))
		if got := m.columns.String(); got != `"volatile acidity" (double), "citric acid" (double), "sulphates" (double), "alcohol" (double)` {
			t.Error(got)
		}
		checkKind(t, m, kinds[0])
	})
}

// checkKind predicts all wines at once.
func checkKind(t *testing.T, m *model, k kind) *scorer {
	t.Helper()
	s := m.scorer()
	s.table.values, s.table.texts, s.table.rows = k.Rows, k.Texts, len(k.Labels)
	must(t, s.score())
	compareKind(t, s, k, 0)
	return s
}

// checkRows predicts wine after wine.
func checkRows(t *testing.T, m *model, k kind) {
	t.Helper()
	s, width := m.scorer(), len(m.columns.list)
	for i := range k.Labels {
		s.table.values, s.table.texts, s.table.rows = k.Rows[i*width:(i+1)*width], k.Texts, 1
		must(t, s.score())
		compareKind(t, s, k, i)
	}
}

// compareKind compares the rows in s with those of Python from a row on.
func compareKind(t *testing.T, s *scorer, k kind, from int) {
	t.Helper()
	const most = 1e-6
	for i := range s.table.rows {
		var got any
		if err := json.Unmarshal(s.appendLabel(nil, i), &got); err != nil || got != k.Labels[from+i] {
			t.Fatalf("row %d: label %v, Python %v (%v)", from+i, got, k.Labels[from+i], err)
		}
		for c, class := range s.model.engine.classes {
			if p := s.probability(class, i); math.Abs(p-k.Probabilities[from+i][c]) > most {
				t.Fatalf("row %d: probability %v of class %s, Python %v", from+i, p, class.label, k.Probabilities[from+i][c])
			}
		}
	}
}

// testProbabilitiesAnswered looks at a model that pyfunc answers with its probabilities: they are the same to the last bit.
func testProbabilitiesAnswered(t *testing.T, dir string, k kind) {
	m := loadKind(t, dir)
	if e := m.engine; e.answers != 1 || e.outputs[0].Type != onnx.Double || !slices.Equal(e.outputs[0].Dims, []int64{-1, 6}) || e.label != 1 {
		t.Fatalf("%+v", e)
	}
	s := checkKind(t, m, k)
	for i, row := range k.Probabilities {
		if got := s.outputs[0].F64[i*len(row) : (i+1)*len(row)]; !slices.Equal(got, row) {
			t.Fatalf("row %d: %v, Python %v", i, got, row)
		}
	}
}
