package onnx

import (
	"slices"
	"testing"
)

// scanModel finds the nearest of three points by a Scan, as skl2onnx writes it.
func scanModel() *Model {
	body := &Graph{
		Inputs:  []*ValueInfo{{Name: "kept", Type: TensorType(Float, -1, 2)}, {Name: "point", Type: TensorType(Float, 2)}},
		Outputs: []*ValueInfo{{Name: "keptOut"}, {Name: "distance"}},
	}
	body.node("Identity", []string{"kept"}, []string{"keptOut"})
	body.node("Sub", []string{"kept", "point"}, []string{"difference"})
	body.node("ReduceSumSquare", []string{"difference", "axis"}, []string{"distance"}, intAttr("keepdims", 0))
	g := &Graph{
		Inputs:  []*ValueInfo{{Name: "x", Type: TensorType(Float, -1, 2)}},
		Outputs: []*ValueInfo{{Name: "value"}, {Name: "place"}, {Name: "root"}},
	}
	g.constant("axis", NewInts([]int64{1}))
	g.constant("k", NewInts([]int64{1}))
	g.constant("points", NewFloats([]float32{0, 0, 1, 1, 5, 5}, 3, 2))
	g.node("Scan", []string{"x", "points"}, []string{"last", "distances"},
		&Attribute{Name: "body", Type: AttrGraph, G: body}, intAttr("num_scan_inputs", 1))
	g.node("Transpose", []string{"distances"}, []string{"turned"})
	g.node("TopK", []string{"turned", "k"}, []string{"value", "place"}, intAttr("largest", 0))
	g.node("Sqrt", []string{"value"}, []string{"root"})
	return &Model{IRVersion: 8, OpsetImports: []OpsetID{{"", 18}}, Graph: g}
}

// classifiersModel has a linear classifier and a support vector machine.
func classifiersModel() *Model {
	floats := func(name string, v ...float32) *Attribute { return &Attribute{Name: name, Type: AttrFloats, Floats: v} }
	labels := intsAttr("classlabels_ints", []int64{3, 8})
	g := &Graph{
		Inputs:  []*ValueInfo{{Name: "x", Type: TensorType(Float, -1, 2)}},
		Outputs: []*ValueInfo{{Name: "linear"}, {Name: "scores"}, {Name: "svm"}, {Name: "probabilities"}, {Name: "clear"}},
	}
	g.node("LinearClassifier", []string{"x"}, []string{"linear", "scores"}, labels,
		floats("coefficients", 1, -1), floats("intercepts", 0.25), &Attribute{Name: "post_transform", Type: AttrString, S: []byte("LOGISTIC")})
	g.node("SVMClassifier", []string{"x"}, []string{"svm", "probabilities"}, labels,
		floats("coefficients", 1, -1), floats("rho", 0.5), floats("support_vectors", 1, 2, 3, 4), intsAttr("vectors_per_class", []int64{1, 1}),
		floats("kernel_params", 0.5, 0, 3), &Attribute{Name: "kernel_type", Type: AttrString, S: []byte("RBF")}, floats("prob_a", -1), floats("prob_b", 0))
	g.node("Slice", []string{"probabilities", "first", "second"}, []string{"part"})
	g.node("Greater", []string{"part", "half"}, []string{"clear"})
	g.constant("first", NewInts([]int64{0, 1}))
	g.constant("second", NewInts([]int64{9, 2}))
	g.constant("half", NewFloats([]float32{0.5}))
	for _, n := range g.Nodes {
		if mlOperator(n.OpType) != nil {
			n.Domain = "ai.onnx.ml"
		}
	}
	return &Model{IRVersion: 8, OpsetImports: []OpsetID{{"", 18}, {"ai.onnx.ml", 1}}, Graph: g}
}

// TestSeedModels keeps the seeds of FuzzLoad models that run, twice in the same buffers and for other numbers of rows.
func TestSeedModels(t *testing.T) {
	for name, m := range map[string]*Model{"scan": scanModel(), "classifiers": classifiersModel(), "trees": treesV5Model()} {
		r := load(t, m.Encode()).NewRunner()
		for _, rows := range []int{1, 3, 2} {
			out, err := r.Run(NewFloats([]float32{0.9, 0.8, 4, 4, -1, 0}[:2*rows], int64(rows), 2))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if out[0].Dims[0] != int64(rows) {
				t.Errorf("%s: shape %v for %d rows", name, out[0].Dims, rows)
			}
			if want := []int64{1, 2, 0}[:rows]; name == "scan" && !slices.Equal(out[1].I64, want) {
				t.Errorf("nearest points %v, want %v", out[1].I64, want)
			}
		}
	}
}
