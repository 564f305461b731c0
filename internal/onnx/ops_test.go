package onnx

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOperatorsEqualOnnxruntime evaluates the models of testdata/ops.py and compares with onnxruntime. A model may be
// refused only if refusals names it, and onnxruntime must refuse no model that is evaluated here.
func TestOperatorsEqualOnnxruntime(t *testing.T) {
	dir := t.TempDir()
	python(t, "ops.py", dir)
	cases, err := os.ReadDir(dir)
	if err != nil || len(cases) < 900 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	var refused []string
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			if !operatorCase(t, filepath.Join(dir, c.Name())) {
				refused = append(refused, c.Name())
			}
		})
	}
	for _, name := range refused {
		if !refusal(name) {
			t.Errorf("%s is refused", name)
		}
	}
	t.Logf("%d models, %d refused: %v", len(cases), len(refused), refused)
}

// refusal says which models are refused on purpose: see finisher.
func refusal(name string) bool {
	twoClasses := strings.HasSuffix(name, "both_2") || strings.HasSuffix(name, "1_2_base")
	probit := strings.HasPrefix(name, "Post_PROBIT") && (strings.HasSuffix(name, "_2") || strings.HasSuffix(name, "_2_base"))
	oneClass := strings.HasPrefix(name, "Post_") && strings.HasSuffix(name, "_1")
	return twoClasses || probit || oneClass
}

// operatorCase returns false when the model is refused on loading.
func operatorCase(t *testing.T, dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(m)
	if errors.Is(err, ErrUnsupported) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	if message, err := os.ReadFile(filepath.Join(dir, "error.txt")); err == nil {
		t.Fatalf("onnxruntime refuses this model: %s", message)
	}
	var inputs []*Tensor
	for i := range s.Inputs() {
		inputs = append(inputs, readTensor(t, filepath.Join(dir, fmt.Sprintf("in_%d.pb", i))))
	}
	run := s.NewRunner()
	for range 2 { // the second run finds used buffers
		out, err := run.Run(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range out {
			sameTensor(t, got, readTensor(t, filepath.Join(dir, fmt.Sprintf("out_%d.pb", i))), comparison(dir))
		}
	}
	return true
}

// comparison tells how closely the numbers of a case must agree: exp, log and sqrt of float32 differ in their last
// digits, everything else is equal.
func comparison(dir string) func(a, b float64) bool {
	name := filepath.Base(dir)
	if strings.HasPrefix(name, "Post_PROBIT") { // ends in the square root of a small difference
		return func(a, b float64) bool { return near(a*math.Abs(a), b*math.Abs(b), 1e-5, 1) }
	}
	if strings.HasPrefix(name, "SVM") || strings.HasPrefix(name, "UnaryTanh") { // onnxruntime approximates tanh to some 1e-7
		return func(a, b float64) bool { return near(a, b, 1e-5, 1) }
	}
	if strings.HasPrefix(name, "Linear_") { // and the logistic function
		return func(a, b float64) bool { return near(a, b, 1e-6, 1) }
	}
	approximate := []string{
		"Post_LOGISTIC", "Post_SOFTMAX", "Normalizer", "Unary", "Softmax", "LogSoftmax", "Pow", "ReduceL", "Gemm", "MatMul", "VariadicMean",
	}
	for _, p := range approximate {
		if strings.HasPrefix(name, p) {
			return func(a, b float64) bool { return near(a, b, 3e-6, 1e-3) }
		}
	}
	return func(a, b float64) bool { return near(a, b, 0, 0) }
}

// near allows a difference relative to the larger value, or to floor if that is larger.
func near(a, b, tolerance, floor float64) bool {
	if a == b || (math.IsNaN(a) && math.IsNaN(b)) {
		return true
	}
	return math.Abs(a-b) <= tolerance*max(math.Abs(a), math.Abs(b), floor)
}

func readTensor(t *testing.T, path string) *Tensor {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := &decoder{budget: memoryFor(len(data))}
	x := decodeTensor(d.message("tensor", data, 0))
	if d.err != nil {
		t.Fatal(d.err)
	}
	return x
}

func sameTensor(t *testing.T, got, want *Tensor, equal func(a, b float64) bool) {
	t.Helper()
	if got.Type != want.Type || !slices.Equal(got.Dims, want.Dims) {
		t.Fatalf("got %v %v, want %v %v", got.Type, got.Dims, want.Type, want.Dims)
	}
	same := slices.Equal(got.I64, want.I64) && slices.Equal(got.I32, want.I32) &&
		slices.Equal(got.Bool, want.Bool) && slices.Equal(got.Str, want.Str)
	same = same && slices.EqualFunc(got.F32, want.F32, func(a, b float32) bool { return equal(float64(a), float64(b)) })
	same = same && slices.EqualFunc(got.F64, want.F64, equal)
	if !same {
		t.Fatalf("got  %v\nwant %v", *got, *want)
	}
}
