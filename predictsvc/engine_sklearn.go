package predictsvc

import (
	"errors"
	"fmt"
	"slices"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/pickle"
	"mlopsgo/internal/pyobject"
	"mlopsgo/internal/sklearn"
	"mlopsgo/internal/skops"
	"mlopsgo/mlflowclient/mlmodel"
)

// readSklearn reads an object of scikit-learn.
func readSklearn(data []byte, f flavor) (*sklearn.Model, error) {
	read := skops.Read
	if f.format == formatPickle {
		read = pickle.Read
	}
	var object pyobject.Value
	object, err := read(data)
	if err != nil {
		return nil, err
	}
	return sklearn.New(object)
}

// newSklearnEngine serves a model of scikit-learn. Its columns are those of the signature; without one, those that it was fitted on,
// all of type double.
func newSklearnEngine(m *sklearn.Model, f flavor, signature *mlmodel.Signature) (*columns, *engine, error) {
	if signature == nil && m.FeatureNames() != nil {
		signature = &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, m.FeatureNames()...)}
	}
	c, err := newColumns(signature)
	if err != nil {
		return nil, nil, err
	}
	if err := agree(c, m); err != nil {
		return nil, nil, err
	}
	e, err := sklearnEngine(m, f.predict, c.single())
	if err != nil {
		return nil, nil, err
	}
	return c, e, nil
}

// agree makes sure that the columns of the signature are those of the model, in its order: scikit-learn would refuse every request.
func agree(c *columns, m *sklearn.Model) error {
	names := make([]string, len(c.list))
	for i, one := range c.list {
		names[i] = one.Name
	}
	switch {
	case len(names) != m.Features():
		return fmt.Errorf("its signature has %d columns, and the model was fitted on %d", len(names), m.Features())
	case c.input.Tensor: // has no names, and scikit-learn only warns
		return nil
	case m.FeatureNames() != nil && !slices.Equal(names, m.FeatureNames()):
		return fmt.Errorf("its signature has the columns %q, and the model was fitted on %q", names, m.FeatureNames())
	}
	return nil
}

// single tells whether the columns are a matrix of float32 in Python.
func (c *columns) single() bool {
	return !slices.ContainsFunc(c.list, func(one column) bool { return one.Kind != mlmodel.Float })
}

// sklearnEngine answers with the labels or the probabilities of a model; what pyfunc does not answer comes after it.
func sklearnEngine(m *sklearn.Model, predict string, single bool) (*engine, error) {
	classes := m.Classes()
	e := &engine{answers: 1, outputs: []onnx.Port{{Type: labelType(&classes), Dims: []int64{-1}}}}
	if m.Probabilities() {
		e.outputs = append(e.outputs, onnx.Port{Type: onnx.Double, Dims: []int64{-1, int64(classes.Len())}})
		for i := range classes.Len() {
			e.classes = append(e.classes, class{label: classes.Text(i), output: 1, column: i})
		}
	}
	e.newEvaluator = func() evaluator { return newSklearnEvaluator(m, e, single) }
	if predict != predictProbabilities {
		return e, nil
	}
	if !m.Probabilities() {
		return nil, errors.New("its predict_fn is predict_proba, and no probabilities of this model are known here")
	}
	slices.Reverse(e.outputs)
	e.label = 1
	for i := range e.classes {
		e.classes[i].output = 0
	}
	return e, nil
}

func labelType(c *sklearn.Classes) onnx.DataType {
	switch {
	case c.Texts != nil:
		return onnx.String
	case c.Bools != nil:
		return onnx.Bool
	case c.Floats != nil:
		return onnx.Double
	}
	return onnx.Int64
}

// sklearnEvaluator gives what a model predicts as tensors.
type sklearnEvaluator struct {
	evaluator            *sklearn.Evaluator
	classes              sklearn.Classes
	single               bool
	label, probabilities onnx.Tensor
	outputs              []*onnx.Tensor
}

func newSklearnEvaluator(m *sklearn.Model, of *engine, single bool) *sklearnEvaluator {
	e := &sklearnEvaluator{evaluator: m.NewEvaluator(), classes: m.Classes(), single: single}
	e.label = onnx.Tensor{Type: labelType(&e.classes), Dims: []int64{0}}
	e.probabilities = onnx.Tensor{Type: onnx.Double, Dims: []int64{0, int64(e.classes.Len())}}
	for i := range of.outputs {
		if i == of.label {
			e.outputs = append(e.outputs, &e.label)
		} else {
			e.outputs = append(e.outputs, &e.probabilities)
		}
	}
	return e
}

func (e *sklearnEvaluator) evaluate(values []float64, _ []string, rows int) ([]*onnx.Tensor, error) {
	if err := e.evaluator.Evaluate(values, e.single); err != nil {
		if errors.Is(err, sklearn.ErrValues) {
			err = fmt.Errorf("%w: %w", errValues, err)
		}
		return nil, err
	}
	e.probabilities.Dims[0], e.probabilities.F64 = int64(rows), e.evaluator.Probabilities
	t, labels := &e.label, e.evaluator.Labels
	t.Dims[0] = int64(rows)
	switch t.Type {
	case onnx.String:
		t.Str = pick(t.Str, e.classes.Texts, labels)
	case onnx.Bool:
		t.Bool = pick(t.Bool, e.classes.Bools, labels)
	case onnx.Double:
		t.F64 = pick(t.F64, e.classes.Floats, labels)
	default:
		t.I64 = pick(t.I64, e.classes.Ints, labels)
	}
	return e.outputs, nil
}

// pick writes the classes of numbers over into.
func pick[T any](into, classes []T, numbers []int) []T {
	into = into[:0]
	for _, n := range numbers {
		into = append(into, classes[n])
	}
	return into
}
