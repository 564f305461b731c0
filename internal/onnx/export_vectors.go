package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Vectors is a standardised support vector machine as plain arrays: a Pipeline of scikit-learn's StandardScaler and LinearSVC, or SVC with
// kernel rbf, as it predicts.
type Vectors struct {
	// Mean and Scale standardise each feature: (x − Mean) / Scale.
	Mean, Scale []float64
	// Classes are the labels in ascending order: either integers or strings.
	IntClasses    []int64
	StringClasses []string
	// Coef has a row of weights for each surface and Intercept a constant. Without Support the surfaces are planes in the features, one
	// for each class, or one for two, positive for the second class. With Support they are one for each pair of classes, (0,1), (0,2), …,
	// (1,2), …, positive for the first, and weights are those of support vectors.
	Coef, Intercept []float64
	// Support are the support vectors, row by row, and Gamma the factor in exp(−Gamma·|a−b|²). No vectors make a linear machine.
	Support []float64
	Gamma   float64
	// Producer names the program that trained it, for the file's header.
	Producer, ProducerVersion string
}

// DecisionPrefix and a class's label name the decision value of a class in a linear machine.
const DecisionPrefix = "decision_"

// Model writes the machine with standard operators in float64, so that labels are scikit-learn's wherever a row does not lie on a surface
// itself; the operators of ai.onnx.ml compute in float32 and give other labels near it.
//
//	input DOUBLE [N,features] → Sub mean → Div scale → (squared distances by products → Exp) → MatMul weights → Add constants
//	                            → (votes of the pairs) → ArgMax → Gather the label → label [N]
//
// A linear machine has the decision values of its classes as further outputs, decision_<label> [N].
func (v *Vectors) Model() (*Model, error) {
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("onnx: export of a support vector machine: %w", err)
	}
	features := len(v.Mean)
	g := &Graph{Name: "vectors", Inputs: []*ValueInfo{{Name: ForestInput, Type: vectorOrMatrix(Double, features)}}}
	g.constant("mean", NewDoubles(slices.Clone(v.Mean)))
	g.constant("scale", NewDoubles(slices.Clone(v.Scale)))
	g.node("Sub", []string{ForestInput, "mean"}, []string{"centred"})
	g.node("Div", []string{"centred", "scale"}, []string{"standardised"})
	weighed := "standardised"
	if v.Support != nil {
		v.kernel(g)
		weighed = "kernel"
	}
	surfaces := len(v.Intercept)
	g.constant("weights", matrixOf(transposed(v.Coef, surfaces), surfaces))
	g.constant("constants", NewDoubles(slices.Clone(v.Intercept)))
	g.node("MatMul", []string{weighed, "weights"}, []string{"weighted"})
	g.node("Add", []string{"weighted", "constants"}, []string{"surfaces"})
	v.choose(g)
	v.label(g)
	return &Model{
		IRVersion: 8, OpsetImports: []OpsetID{{Version: 15}}, ProducerName: v.Producer, ProducerVersion: v.ProducerVersion, Graph: g,
	}, nil
}

func (v *Vectors) check() error {
	classes, features, surfaces := v.classes(), len(v.Mean), len(v.Intercept)
	want, width := classes, features
	switch {
	case v.Support != nil:
		want = classes * (classes - 1) / 2
		if features > 0 {
			width = len(v.Support) / features
		}
	case classes == 2:
		want = 1
	}
	switch {
	case (len(v.IntClasses) == 0) == (len(v.StringClasses) == 0):
		return errors.New("want either integer or string classes")
	case !ascending(v.IntClasses) || !ascending(v.StringClasses) || classes < 2:
		return errors.New("want at least two classes in ascending order without repetition")
	case features < 1 || len(v.Scale) != features || len(v.Support)%features != 0:
		return fmt.Errorf("%d means, %d scales and %d coordinates of support vectors", features, len(v.Scale), len(v.Support))
	case surfaces != want || len(v.Coef) != surfaces*width:
		return fmt.Errorf("%d weights for %d surfaces, want %d surfaces of %d weights", len(v.Coef), surfaces, want, width)
	}
	for i, s := range v.Scale {
		if !finite(s) || s == 0 || !finite(v.Mean[i]) {
			return fmt.Errorf("feature %d has mean %v and scale %v", i, v.Mean[i], s)
		}
	}
	return nil
}

func (v *Vectors) classes() int { return len(v.IntClasses) + len(v.StringClasses) }

// kernel computes exp(−gamma (|x|² − 2 x·s + |s|²)) for every support vector s.
func (v *Vectors) kernel(g *Graph) {
	features := len(v.Mean)
	n := len(v.Support) / features
	squares, ones := make([]float64, n), make([]float64, features)
	for i := range n {
		for _, s := range v.Support[i*features : (i+1)*features] {
			squares[i] += s * s
		}
	}
	for j := range ones {
		ones[j] = 1
	}
	g.constant("vectors", matrixOf(transposed(v.Support, n), n))
	g.constant("vector_squares", NewDoubles(squares))
	g.constant("ones", matrixOf(ones, 1))
	g.constant("minus_two", NewDoubles([]float64{-2}))
	g.constant("minus_gamma", NewDoubles([]float64{-v.Gamma}))
	g.node("Mul", []string{"standardised", "standardised"}, []string{"squared"})
	g.node("MatMul", []string{"squared", "ones"}, []string{"row_squares"})
	g.node("MatMul", []string{"standardised", "vectors"}, []string{"products"})
	g.node("Mul", []string{"products", "minus_two"}, []string{"twice"})
	g.node("Add", []string{"twice", "row_squares"}, []string{"partial"})
	g.node("Add", []string{"partial", "vector_squares"}, []string{"distances"})
	g.node("Mul", []string{"distances", "minus_gamma"}, []string{"exponents"})
	g.node("Exp", []string{"exponents"}, []string{"kernel"})
}

// choose makes the number of the winning class, "winner", of the surfaces.
func (v *Vectors) choose(g *Graph) {
	scores := "surfaces"
	switch {
	case v.Support != nil:
		v.votes(g)
		scores = "votes"
	case v.classes() == 2:
		// The sum with 0 is exact: two columns, of which the larger wins.
		g.constant("both_sides", matrixOf([]float64{0, 1}, 2))
		g.node("MatMul", []string{"surfaces", "both_sides"}, []string{"sides"})
		scores = "sides"
	}
	g.node("ArgMax", []string{scores}, []string{"winner"}, intAttr("axis", 1), intAttr("keepdims", 0))
}

// votes counts the pairs' votes: one above 0 goes to the first class, any other to the second.
func (v *Vectors) votes(g *Graph) {
	classes, pairs := v.classes(), len(v.Intercept)
	turn, base := make([]float64, pairs*classes), make([]float64, classes)
	pair := 0
	for i := range classes {
		for j := i + 1; j < classes; j++ {
			turn[pair*classes+i], turn[pair*classes+j] = 1, -1
			base[j]++
			pair++
		}
	}
	g.constant("zero", NewDoubles([]float64{0}))
	g.constant("turn", matrixOf(turn, classes))
	g.constant("base", NewDoubles(base))
	g.node("Greater", []string{"surfaces", "zero"}, []string{"first_wins"})
	g.node("Cast", []string{"first_wins"}, []string{"wins"}, intAttr("to", int64(Double)))
	g.node("MatMul", []string{"wins", "turn"}, []string{"turned"})
	g.node("Add", []string{"turned", "base"}, []string{"votes"})
}

// label turns the winner into its label, and hands the decision values of a linear machine out.
func (v *Vectors) label(g *Graph) {
	labels := &Tensor{Type: Int64, Dims: []int64{int64(v.classes())}, I64: slices.Clone(v.IntClasses)}
	if v.StringClasses != nil {
		labels = &Tensor{Type: String, Dims: labels.Dims, Str: slices.Clone(v.StringClasses)}
	}
	g.constant("labels", labels)
	g.node("Gather", []string{"labels", "winner"}, []string{ForestLabel}, intAttr("axis", 0))
	g.Outputs = []*ValueInfo{{Name: ForestLabel, Type: vectorOrMatrix(labels.Type, 0)}}
	if v.Support != nil {
		return
	}
	for k := range v.Intercept {
		class := k
		if v.classes() == 2 {
			class = 1
		}
		name := DecisionPrefix + v.text(class)
		g.constant("column_"+v.text(class), &Tensor{Type: Int64, I64: []int64{int64(k)}})
		g.node("Gather", []string{"surfaces", "column_" + v.text(class)}, []string{name}, intAttr("axis", 1))
		g.Outputs = append(g.Outputs, &ValueInfo{Name: name, Type: vectorOrMatrix(Double, 0)})
	}
}

func (v *Vectors) text(class int) string {
	if v.StringClasses != nil {
		return v.StringClasses[class]
	}
	return strconv.FormatInt(v.IntClasses[class], 10)
}

// matrixOf wraps values as a matrix of so many columns.
func matrixOf(values []float64, columns int) *Tensor {
	return NewDoubles(values, int64(len(values)/columns), int64(columns))
}

// transposed turns a matrix of so many rows.
func transposed(values []float64, rows int) []float64 {
	columns := len(values) / rows
	out := make([]float64, len(values))
	for r := range rows {
		for c := range columns {
			out[c*rows+r] = values[r*columns+c]
		}
	}
	return out
}
