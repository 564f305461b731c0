package onnx

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestExportEqualsSklearn trains forests with the real scikit-learn, exports them, and compares scikit-learn, the real
// onnxruntime and this evaluator on 20,000 rows.
func TestExportEqualsSklearn(t *testing.T) {
	forests := trainSklearn(t, "train", "1-int-scaled", "50-int-scaled", "500-int-scaled", "50-string-scaled",
		"50-two-scaled", "10-one-scaled", "20-int-raw")
	sessions := make([]*Session, len(forests))
	args := []string{"run"}
	for i, s := range forests {
		var path string
		path, sessions[i] = s.save(t)
		args = append(args, path)
	}
	python(t, "forest.py", args...)
	for i, s := range forests {
		t.Run(s.name, func(t *testing.T) {
			out, err := sessions[i].NewRunner().Run(NewDoubles(s.rows, int64(len(s.rows)/4), 4))
			if err != nil {
				t.Fatal(err)
			}
			checkLabels(t, s, out[0])
			checkProbabilities(t, s, out[1:])
		})
	}
}

// checkLabels allows a difference only where scikit-learn's two best classes are tied.
func checkLabels(t *testing.T, s *sklearn, ours *Tensor) {
	t.Helper()
	index := map[string]int64{}
	classes := len(s.probas) / len(s.labels)
	for c := range classes {
		index[s.forest.label(c)] = int64(c)
	}
	runtime := s.outputLabels(t, "model_0")
	ties := 0
	for i, want := range s.labels {
		for _, x := range []*Tensor{ours, runtime} {
			got := index[x.label(i)]
			if got == want {
				continue
			}
			p := s.probas[i*classes : (i+1)*classes]
			if ties++; math.Abs(p[got]-p[want]) > 1e-12 || i < 1599 {
				t.Fatalf("row %d %v: label of class %d, scikit-learn says %d; probabilities %v", i, s.rows[4*i:4*i+4], got, want, p)
			}
		}
	}
	t.Logf("%d rows, %d labels differ by exact ties", len(s.labels), ties)
}

// outputLabels reads the labels that onnxruntime gave.
func (s *sklearn) outputLabels(t *testing.T, name string) *Tensor {
	t.Helper()
	if s.forest.StringClasses == nil {
		return NewInts(s.ints(t, name))
	}
	labels := NewStrings(nil)
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err == nil {
		err = json.Unmarshal(raw, &labels.Str)
	}
	if err != nil {
		t.Fatal(err)
	}
	return labels
}

// label is element i as text.
func (t *Tensor) label(i int) string {
	if t.Type == String {
		return t.Str[i]
	}
	return strconv.FormatInt(t.I64[i], 10)
}

func checkProbabilities(t *testing.T, s *sklearn, ours []*Tensor) {
	t.Helper()
	classes := len(ours)
	var worst, worstRuntime float64
	for c, x := range ours {
		runtime := s.floats(t, fmt.Sprintf("model_%d", c+1))
		for i := range s.labels {
			want := s.probas[i*classes+c]
			worst = max(worst, math.Abs(float64(x.F32[i])-want))
			worstRuntime = max(worstRuntime, math.Abs(float64(runtime[i])-want))
		}
	}
	t.Logf("probabilities differ by at most %.1e (ours), %.1e (onnxruntime)", worst, worstRuntime)
	if worst > 1e-7 || worstRuntime > 1e-7 {
		t.Fatalf("probabilities differ by %g and %g from scikit-learn's", worst, worstRuntime)
	}
}
