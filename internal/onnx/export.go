package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Forest is a standardised random forest as plain arrays: what a Pipeline of scikit-learn's StandardScaler and
// RandomForestClassifier knows when it predicts.
type Forest struct {
	// Mean and Scale standardise each feature: (x - Mean) / Scale in float64, then rounded to float32. Both nil for a
	// forest on raw features; Features then gives their number.
	Mean, Scale []float64
	Features    int
	Trees       []Tree
	// Classes are the labels in ascending order: either integers or strings.
	IntClasses    []int64
	StringClasses []string
	// Producer names the program that trained the forest, for the file's header.
	Producer, ProducerVersion string
}

// Tree is one decision tree in scikit-learn's arrays, indexed by node; node 0 is the root. A row goes to Left when its
// feature, rounded to float32, is <= Threshold. Leaves have Left and Right -1.
type Tree struct {
	Left, Right []int
	Feature     []int
	Threshold   []float64
	// Values holds the class proportions of node i at i*classes to (i+1)*classes.
	Values []float64
}

// Names of the input and outputs that [Forest.Model] writes. The output of class c is ProbabilityPrefix + its label.
const (
	ForestInput       = "input"
	ForestLabel       = "label"
	ProbabilityPrefix = "probability_"
)

// Model writes the forest as an ONNX model that gives scikit-learn's label in every row (but for exact ties of classes,
// where the order of a sum decides), and its probabilities within float32:
//
//	input DOUBLE [N,features] → Sub mean → Div scale → Cast FLOAT → Cast DOUBLE → TreeEnsembleClassifier → label [N]
//	                                            scores → Div by the number of trees → Gather one column → probability_c [N]
//
// Standardising happens in float64 and is rounded to float32, as scikit-learn does before it compares with float64
// thresholds; comparing in float32 moves rows whose value equals a threshold. Thresholds and weights are float64 tensors
// (ai.onnx.ml 3). Weights are the leaves' proportions themselves, not divided by the number of trees, so that
// sums of whole numbers stay exact. Every output is a vector, because MLflow's pyfunc flavor makes a column of each.
// One matrix as input, because pyfunc passes a DataFrame of any number of columns so; the signature in MLmodel names them.
//
// With fewer than three classes, classes without weights are added to the ensemble's labels: for two classes
// onnxruntime does not take the larger sum. No output shows them.
func (f *Forest) Model() (*Model, error) {
	features, classes, err := f.check()
	if err != nil {
		return nil, fmt.Errorf("onnx: export of a forest: %w", err)
	}
	ensemble, err := f.ensembleNode(features, classes)
	if err != nil {
		return nil, fmt.Errorf("onnx: export of a forest: %w", err)
	}
	g := &Graph{
		Name:   "forest",
		Inputs: []*ValueInfo{{Name: ForestInput, Type: vectorOrMatrix(Double, features)}},
	}
	value := ForestInput
	if f.Mean != nil {
		g.constant("mean", NewDoubles(slices.Clone(f.Mean)))
		g.constant("scale", NewDoubles(slices.Clone(f.Scale)))
		g.node("Sub", []string{value, "mean"}, []string{"centred"})
		g.node("Div", []string{"centred", "scale"}, []string{"standardised"})
		value = "standardised"
	}
	g.node("Cast", []string{value}, []string{"rounded"}, intAttr("to", int64(Float)))
	g.node("Cast", []string{"rounded"}, []string{"features"}, intAttr("to", int64(Double)))
	g.Nodes = append(g.Nodes, ensemble)
	g.constant("trees", &Tensor{Type: Float, F32: []float32{float32(len(f.Trees))}})
	g.node("Div", []string{"scores", "trees"}, []string{"probabilities"})
	g.Outputs = []*ValueInfo{{Name: ForestLabel, Type: vectorOrMatrix(f.labelType(), 0)}}
	for c := range classes {
		name := ProbabilityPrefix + f.label(c)
		g.constant("class_"+f.label(c), &Tensor{Type: Int64, I64: []int64{int64(c)}})
		g.node("Gather", []string{"probabilities", "class_" + f.label(c)}, []string{name}, intAttr("axis", 1))
		g.Outputs = append(g.Outputs, &ValueInfo{Name: name, Type: vectorOrMatrix(Float, 0)})
	}
	return &Model{
		IRVersion:       8,
		OpsetImports:    []OpsetID{{Domain: "", Version: 15}, {Domain: "ai.onnx.ml", Version: 3}},
		ProducerName:    f.Producer,
		ProducerVersion: f.ProducerVersion,
		Graph:           g,
	}, nil
}

// vectorOrMatrix declares [N] or [N,width] with the free dimension named N.
func vectorOrMatrix(t DataType, width int) *Type {
	dims := []Dim{{Param: "N"}}
	if width > 0 {
		dims = append(dims, Dim{Known: true, Value: int64(width)})
	}
	return &Type{Kind: KindTensor, Elem: t, Shape: &Shape{Dims: dims}}
}

func (g *Graph) constant(name string, t *Tensor) {
	t.Name = name
	g.Initializers = append(g.Initializers, t)
}

func (g *Graph) node(op string, in, out []string, attrs ...*Attribute) {
	g.Nodes = append(g.Nodes, &Node{Name: out[0] + "_node", OpType: op, Inputs: in, Outputs: out, Attributes: attrs})
}

func intAttr(name string, v int64) *Attribute { return &Attribute{Name: name, Type: AttrInt, I: v} }

func intsAttr(name string, v []int64) *Attribute {
	return &Attribute{Name: name, Type: AttrInts, Ints: v}
}

func (f *Forest) labelType() DataType {
	if f.StringClasses != nil {
		return String
	}
	return Int64
}

func (f *Forest) label(c int) string {
	if f.StringClasses != nil {
		return f.StringClasses[c]
	}
	return strconv.FormatInt(f.IntClasses[c], 10)
}

// check validates everything but the trees' links, and returns the numbers of features and classes.
func (f *Forest) check() (features, classes int, err error) {
	classes = len(f.IntClasses) + len(f.StringClasses)
	features = f.Features
	if f.Mean != nil {
		features = len(f.Mean)
	}
	switch {
	case (len(f.IntClasses) == 0) == (len(f.StringClasses) == 0):
		return 0, 0, errors.New("want either integer or string classes")
	case !ascending(f.IntClasses) || !ascending(f.StringClasses):
		return 0, 0, errors.New("the classes are not in ascending order without repetition")
	case len(f.Mean) != len(f.Scale):
		return 0, 0, fmt.Errorf("%d means and %d scales", len(f.Mean), len(f.Scale))
	case f.Features != 0 && f.Features != features:
		return 0, 0, fmt.Errorf("%d features, but means for %d", f.Features, features)
	case features < 1:
		return 0, 0, errors.New("no features")
	case len(f.Trees) == 0:
		return 0, 0, errors.New("no trees")
	}
	for i, s := range f.Scale {
		if !finite(s) || s == 0 || !finite(f.Mean[i]) {
			return 0, 0, fmt.Errorf("feature %d has mean %v and scale %v", i, f.Mean[i], s)
		}
	}
	return features, classes, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func ascending[T int64 | string](s []T) bool {
	for i := 1; i < len(s); i++ {
		if s[i-1] >= s[i] {
			return false
		}
	}
	return true
}
