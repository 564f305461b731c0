package onnx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

// loss is what an export loses against scikit-learn: at most so many labels of 1,599, and so much of a score.
type loss struct {
	labels int
	scores float64
	why    string
}

const (
	rounded    = "inputs, thresholds or weights are float32, and values of this data lie on thresholds"
	halves     = "two classes at one half each: the sum of float32 weights falls on one side or the other"
	swapped    = "weights of neighbours are 1/max(-distance, 1e-6), which is the same for all"
	cancelling = "distances are |a|²+|b|²-2ab in float32, and equal rows are not at distance 0"
	large      = "a decision function whose terms are a thousand times the result"
)

// exported names the kinds and types of input whose export differs from scikit-learn in some label, or in a score by more than 1e-5. The
// numbers are those of onnxruntime too, where it loads the file.
var exported = map[string]loss{
	"forest-f32":      {6, 0.2, rounded},
	"forest-f64":      {15, 0.2, rounded},
	"extra-f64":       {24, 0, halves},
	"tree-f32":        {3, 1, rounded},
	"tree-f64":        {12, 1, rounded},
	"bagging-f32":     {3, 0.41, rounded},
	"bagging-f64":     {13, 0.41, rounded},
	"gradient-f32":    {0, 0.04, rounded},
	"gradient-f64":    {1, 0.2, rounded},
	"xgboost-f32":     {31, 0.4, rounded},
	"xgboost-f64":     {76, 0.5, rounded},
	"lightgbm-f64":    {0, 0.03, rounded},
	"knndistance-f32": {387, 0.9, swapped},
	"knndistance-f64": {387, 0.9, swapped},
	"knn-f32-optim":   {1, 0.21, cancelling},
	"svclinear-f32":   {0, 0.0001, large},
	"svclinear-f64":   {0, 0.0001, large},
	"svcpoly-f32":     {0, 0.0003, large},
	"svcpoly-f64":     {0, 0.0003, large},
}

// TestExports evaluates what skl2onnx and onnxmltools make of every kind of classifier, on all rows of the wine data: labels must equal
// onnxruntime's in every row, and scores must be within 1e-6 of them. Against scikit-learn itself, exported tells what the exporter loses.
func TestExports(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "exporters"), "testdata/export.py", dir, wineCSV)
	cmd.Stderr = os.Stderr
	if out, err := cmd.Output(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cases, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			count[exportCase(t, exportFolder{t, filepath.Join(dir, c.Name())})]++
		})
	}
	t.Logf("%d cases: %v", len(cases), count)
	if count["equal"] < 120 {
		t.Errorf("only %d exports were compared with onnxruntime", count["equal"])
	}
}

// exportFolder is what testdata/export.py wrote for one case.
type exportFolder struct {
	*testing.T
	dir string
}

func (f exportFolder) name() string { return filepath.Base(f.dir) }

func (f exportFolder) read(name string) []byte {
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		f.Fatal(err)
	}
	return data
}

func (f exportFolder) tensor(name string) *Tensor { return readTensor(f.T, filepath.Join(f.dir, name)) }

// exportCase returns what became of a case: equal to onnxruntime, refused by the exporter or by onnxruntime, or evaluated here alone.
func exportCase(t *testing.T, f exportFolder) string {
	if why := f.read("refused.txt"); why != nil {
		t.Logf("the exporter refuses: %s", why)
		return "no export"
	}
	m, err := Decode(f.read("model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(m)
	theirs := f.read("error.txt")
	if theirs != nil && err != nil {
		t.Logf("onnxruntime refuses: %s\nhere: %v", theirs, err)
		return "refused by both"
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.NewRunner().Run(f.tensor("in_0.pb"))
	if err != nil {
		t.Fatal(err)
	}
	if data, ok := s.Compact(); ok {
		sameCompact(t, data, f.tensor("in_0.pb"), out)
	}
	f.againstSklearn(out)
	if theirs != nil {
		t.Logf("onnxruntime refuses: %s", theirs)
		return "evaluated here alone"
	}
	f.againstOnnxruntime(out)
	return "equal"
}

func (f exportFolder) againstOnnxruntime(out []*Tensor) {
	f.Helper()
	tolerance := 1e-6
	if strings.HasPrefix(f.name(), "svcsigmoid") {
		tolerance = 1e-5 // a sum of some hundred tanh of float32, for which onnxruntime has an approximation
	}
	var worst float64
	for i, got := range out {
		want := f.tensor(fmt.Sprintf("out_%d.pb", i))
		if i == 0 {
			sameTensor(f.T, got, want, func(a, b float64) bool { return a == b })
		} else {
			worst = max(worst, distance(got, want.float))
		}
	}
	f.Logf("scores within %.2g of onnxruntime", worst)
	if worst > tolerance {
		f.Errorf("scores differ from onnxruntime's by %g", worst)
	}
}

// distance is the largest difference of scores, relative to values above one.
func distance(got *Tensor, want func(int) float64) (worst float64) {
	for i := range got.Len() {
		a, b := got.float(i), want(i)
		worst = max(worst, math.Abs(a-b)/max(1, math.Abs(b)))
	}
	return worst
}

func (f exportFolder) againstSklearn(out []*Tensor) {
	f.Helper()
	labels, scores := f.tensor("labels.pb"), f.tensor("scores.pb")
	var found loss
	for i := range labels.Len() {
		if out[0].label(i) != labels.label(i) {
			found.labels++
		}
	}
	found.scores = scoreDistance(out[1:], scores)
	f.Logf("%d labels and scores up to %.2g beside scikit-learn's", found.labels, found.scores)
	parts := strings.Split(f.name(), "-")
	allowed, ok := exported[parts[0]+"-"+parts[2]+"-"+parts[len(parts)-1]]
	if !ok {
		allowed = exported[parts[0]+"-"+parts[2]]
	}
	if found.labels > allowed.labels || found.scores > max(1e-5, allowed.scores) {
		f.Errorf("%d labels and scores up to %g beside scikit-learn's, expected %+v", found.labels, found.scores, allowed)
	}
}

// scoreDistance compares one matrix of scores, or a vector for each class. A decision function of two classes is one of two columns.
func scoreDistance(out []*Tensor, want *Tensor) float64 {
	rows := int(want.Dims[0])
	if columns := want.Len() / rows; len(out) > 1 {
		var worst float64
		for c, t := range out {
			worst = max(worst, distance(t, func(i int) float64 { return want.float(i*columns + c) }))
		}
		return worst
	}
	columns := out[0].Len() / rows
	if columns == want.Len()/rows {
		return distance(out[0], want.float)
	}
	best := math.Inf(1)
	for c := range columns {
		column := NewDoubles(make([]float64, rows))
		for i := range rows {
			column.F64[i] = out[0].float(i*columns + c)
		}
		best = min(best, distance(column, want.float))
	}
	return best
}
