package predictsvc

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mlopsgo/internal/onnx"
)

// newONNXEngine compiles an ONNX file that takes the columns of a signature.
func newONNXEngine(data []byte, c *columns) (*engine, error) {
	file, err := onnx.Decode(data)
	if err != nil {
		return nil, err
	}
	session, err := onnx.Load(file)
	if err != nil {
		return nil, err
	}
	if err := takes(session.Inputs(), len(c.list)); err != nil {
		return nil, err
	}
	e := &engine{outputs: session.Outputs(), answers: len(session.Outputs())}
	if err := e.findRoles(); err != nil {
		return nil, err
	}
	e.newEvaluator = func() evaluator { return newONNXEvaluator(session, len(c.list)) }
	if len(e.classes) > 0 {
		return e, nil
	}
	tried, err := e.newEvaluator().evaluate(make([]float64, len(c.list)), 1)
	if err != nil {
		return nil, fmt.Errorf("a row of zeros: %w", err)
	}
	e.findClasses(tried, file.Graph)
	return e, nil
}

// findClasses looks for probabilities as skl2onnx and onnxmltools give them: a map or a matrix with a value for each class. Exporters
// give the scores of support vector machines so, too; only a row that adds up to one is taken for probabilities.
func (e *engine) findClasses(tried []*onnx.Tensor, graph *onnx.Graph) {
	for i, t := range tried {
		n := width(t)
		if i == e.label || (t.Type != onnx.Float && t.Type != onnx.Double) || n < 2 || t.Len() != n {
			continue
		}
		labels := labelsOf(t.MapKeys)
		if t.MapKeys == nil {
			labels = labelsOfNodes(graph, n)
		}
		sum, within := 0.0, true
		for c := range n {
			p := number(t, c)
			sum += p
			within = within && p >= 0 && p <= 1
		}
		const most = 1e-3 // sums of float32
		if len(labels) != n || !within || math.Abs(sum-1) > most {
			continue
		}
		for c, label := range labels {
			e.classes = append(e.classes, class{label: label, output: i, column: c})
		}
		return
	}
}

// labelsOf writes the labels of a tensor as texts.
func labelsOf(t *onnx.Tensor) []string {
	switch {
	case t == nil:
		return nil
	case t.Type == onnx.String:
		return t.Str
	}
	labels := make([]string, len(t.I64))
	for i, v := range t.I64 {
		labels[i] = strconv.FormatInt(v, 10)
	}
	return labels
}

// labelsOfNodes are the labels of the one classifier of a graph that has n of them; nil when there is none, or several that differ.
func labelsOfNodes(graph *onnx.Graph, n int) (labels []string) {
	for _, node := range graph.Nodes {
		for _, a := range node.Attributes {
			var found []string
			switch a.Name {
			case "classlabels_int64s", "classlabels_ints":
				found = labelsOf(onnx.NewInts(a.Ints))
			case "classlabels_strings":
				for _, s := range a.Strings {
					found = append(found, string(s))
				}
			}
			if len(found) != n {
				continue
			}
			if labels != nil && !slices.Equal(labels, found) {
				return nil
			}
			labels = found
		}
	}
	return labels
}

// takes finds out whether a graph can be given rows of this width.
func takes(inputs []onnx.Port, width int) error {
	if len(inputs) != 1 || (inputs[0].Type != onnx.Double && inputs[0].Type != onnx.Float) {
		return errors.New("its graph does not take one matrix of DOUBLE or FLOAT, which is what this service can give it")
	}
	dims := inputs[0].Dims
	if undeclared := dims == nil; !undeclared && (len(dims) != 2 || dims[0] >= 0 || (dims[1] >= 0 && dims[1] != int64(width))) {
		return fmt.Errorf("its graph takes shape %v, and its signature has %d columns", dims, width)
	}
	return nil
}

// findRoles finds the label and the probabilities among the outputs.
func (e *engine) findRoles() error {
	for i, out := range e.outputs {
		name, ok := strings.CutPrefix(out.Name, onnx.ProbabilityPrefix)
		switch {
		case ok && !out.Map && (out.Type == onnx.Float || out.Type == onnx.Double):
			e.classes = append(e.classes, class{label: name, output: i})
		case out.Name == onnx.ForestLabel:
			e.label = i
		}
	}
	switch out := e.outputs[e.label]; {
	case out.Map:
		return fmt.Errorf("its output %q is a map, where a label was expected", out.Name)
	case out.Type == onnx.Int32:
		return fmt.Errorf("its output %q is of type %v, where an INT64, STRING, BOOL, FLOAT or DOUBLE was expected", out.Name, out.Type)
	}
	return nil
}

// onnxEvaluator runs a graph that takes one matrix.
type onnxEvaluator struct {
	runner *onnx.Runner
	input  onnx.Tensor
	inputs [1]*onnx.Tensor
}

func newONNXEvaluator(session *onnx.Session, width int) *onnxEvaluator {
	e := &onnxEvaluator{runner: session.NewRunner()}
	e.input = onnx.Tensor{Type: session.Inputs()[0].Type, Dims: []int64{0, int64(width)}}
	e.inputs[0] = &e.input
	return e
}

func (e *onnxEvaluator) evaluate(values []float64, rows int) ([]*onnx.Tensor, error) {
	e.input.Dims[0] = int64(rows)
	if e.input.Type == onnx.Double {
		e.input.F64 = values
		return e.runner.Run(e.inputs[:]...)
	}
	e.input.F32 = e.input.F32[:0]
	for _, v := range values {
		e.input.F32 = append(e.input.F32, float32(v))
	}
	return e.runner.Run(e.inputs[:]...)
}
