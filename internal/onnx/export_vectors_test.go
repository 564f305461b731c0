package onnx

import (
	"strings"
	"testing"
)

// Models of whole machines are compared with scikit-learn's and onnxruntime's answers in package pipeline.

func TestVectorsOfTwoClasses(t *testing.T) {
	line := &Vectors{Mean: []float64{10}, Scale: []float64{2}, StringClasses: []string{"dry", "sweet"}, Coef: []float64{1}, Intercept: []float64{0}}
	model, err := line.Model()
	if err != nil {
		t.Fatal(err)
	}
	if model, err = Decode(model.Encode()); err != nil {
		t.Fatal(err)
	}
	session, err := Load(model)
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.NewRunner().Run(NewDoubles([]float64{9, 10, 12}, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	// On the line itself the first class wins, as in scikit-learn.
	if got := strings.Join(out[0].Str, " "); got != "dry dry sweet" || out[1].F64[2] != 1 || session.Outputs()[1].Name != "decision_sweet" {
		t.Errorf("labels %q, decision %v of %s", got, out[1].F64, session.Outputs()[1].Name)
	}
}

func TestVectorsRefuse(t *testing.T) {
	for says, change := range map[string]func(*Vectors){
		"either integer or string": func(v *Vectors) { v.StringClasses = []string{"a", "b", "c"} },
		"at least two classes":     func(v *Vectors) { v.IntClasses = []int64{2, 1} },
		"want 3 surfaces of 1":     func(v *Vectors) { v.Coef = v.Coef[1:] },
		"1 means, 0 scales":        func(v *Vectors) { v.Scale = nil },
		"scale 0":                  func(v *Vectors) { v.Scale = []float64{0} },
	} {
		v := &Vectors{Mean: []float64{0}, Scale: []float64{1}, IntClasses: []int64{1, 2, 3}, Coef: []float64{1, 2, 3}, Intercept: []float64{1, 2, 3}}
		change(v)
		if _, err := v.Model(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}
