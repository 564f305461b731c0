package onnx

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mlopsgo/internal/stack"
)

// sklearn is a forest that scikit-learn trained, and what scikit-learn predicts for rows.
type sklearn struct {
	name   string
	dir    string
	forest *Forest
	rows   []float64 // 4 columns
	labels []int64   // indices of classes
	probas []float64
}

const wineCSV = "../wine/winequality-red.csv"

func python(tb testing.TB, script string, args ...string) []byte {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), stack.Python(tb, "mlflow"), append([]string{"testdata/" + script}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s %v: %v\n%s", script, args, err, out)
	}
	return out
}

// trainSklearn runs testdata/forest.py; mode is train or convert, a spec trees-labels-scaling such as 50-int-scaled.
func trainSklearn(tb testing.TB, mode string, specs ...string) []*sklearn {
	tb.Helper()
	dir := tb.TempDir()
	python(tb, "forest.py", append([]string{mode, dir, wineCSV}, specs...)...)
	var all []*sklearn
	for _, spec := range specs {
		s := &sklearn{name: spec, dir: filepath.Join(dir, spec)}
		s.rows, s.labels, s.probas = s.doubles(tb, "rows.bin"), s.ints(tb, "label.bin"), s.doubles(tb, "proba.bin")
		s.forest = s.readForest(tb)
		all = append(all, s)
	}
	return all
}

func (s *sklearn) readForest(tb testing.TB) *Forest {
	tb.Helper()
	var meta struct {
		Classes     []any
		Mean, Scale []float64
		Scaled      bool
	}
	raw, err := os.ReadFile(filepath.Join(s.dir, "meta.json"))
	if err == nil {
		err = json.Unmarshal(raw, &meta)
	}
	if err != nil {
		tb.Fatal(err)
	}
	f := &Forest{Features: 4, Producer: "test"}
	if meta.Scaled {
		f.Mean, f.Scale = meta.Mean, meta.Scale
	}
	for _, c := range meta.Classes {
		switch c := c.(type) {
		case string:
			f.StringClasses = append(f.StringClasses, c)
		case float64:
			f.IntClasses = append(f.IntClasses, int64(c))
		}
	}
	left, right, feature := s.ints(tb, "left.bin"), s.ints(tb, "right.bin"), s.ints(tb, "feature.bin")
	threshold, values := s.doubles(tb, "threshold.bin"), s.doubles(tb, "values.bin")
	classes := len(meta.Classes)
	at := 0
	for _, n := range s.ints(tb, "counts.bin") {
		end := at + int(n)
		f.Trees = append(f.Trees, Tree{
			Left: asInts(left[at:end]), Right: asInts(right[at:end]), Feature: asInts(feature[at:end]),
			Threshold: threshold[at:end], Values: values[at*classes : end*classes],
		})
		at = end
	}
	return f
}

func asInts(v []int64) []int {
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = int(x)
	}
	return out
}

func (s *sklearn) words(tb testing.TB, name string) []uint64 {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]uint64, len(raw)/8)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	return out
}

func (s *sklearn) ints(tb testing.TB, name string) []int64 {
	tb.Helper()
	words := s.words(tb, name)
	out := make([]int64, len(words))
	for i, w := range words {
		out[i] = int64(w)
	}
	return out
}

func (s *sklearn) doubles(tb testing.TB, name string) []float64 {
	tb.Helper()
	words := s.words(tb, name)
	out := make([]float64, len(words))
	for i, w := range words {
		out[i] = math.Float64frombits(w)
	}
	return out
}

func (s *sklearn) floats(tb testing.TB, name string) []float32 {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// save exports the forest and returns the path and the loaded session.
func (s *sklearn) save(tb testing.TB) (string, *Session) {
	tb.Helper()
	m, err := s.forest.Model()
	if err != nil {
		tb.Fatal(err)
	}
	data := m.Encode()
	path := filepath.Join(s.dir, "model.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path, load(tb, data)
}

func load(tb testing.TB, data []byte) *Session {
	tb.Helper()
	m, err := Decode(data)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := Load(m)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
