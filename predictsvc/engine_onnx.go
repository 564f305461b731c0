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

// newONNXEngine serves a compiled graph that takes the columns of a signature. Example gives rows that it can be tried on.
func newONNXEngine(file *onnx.Model, session *onnx.Session, c *columns, example func() (*table, error)) (*engine, error) {
	inputs, err := bindInputs(session.Inputs(), c)
	if err != nil {
		return nil, err
	}
	e := &engine{outputs: session.Outputs(), answers: len(session.Outputs())}
	if err := e.findRoles(); err != nil {
		return nil, err
	}
	width := len(c.list)
	e.newEvaluator = func() evaluator { return newONNXEvaluator(session, inputs, width) }
	if len(e.classes) > 0 {
		return e, nil
	}
	tried, err := example()
	if err != nil {
		return nil, fmt.Errorf("its input example: %w", err)
	}
	outputs, err := e.newEvaluator().evaluate(tried.values[:width], tried.texts, 1)
	switch {
	case errors.Is(err, errValues) && c.texts: // a category that nobody knows: there was no example
	case err != nil:
		return nil, fmt.Errorf("a row to try it: %w", err)
	default:
		e.findClasses(outputs, file.Graph)
	}
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
		const most = 1e-3 // sums of float32
		sum, within := 0.0, true
		for c := range n {
			p := number(t, c)
			sum += p
			within = within && p >= 0 && p <= 1+most
		}
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
	labels := make([]string, 0, len(t.I64)+len(t.I32))
	for _, v := range t.I64 {
		labels = append(labels, strconv.FormatInt(v, 10))
	}
	for _, v := range t.I32 {
		labels = append(labels, strconv.FormatInt(int64(v), 10))
	}
	return labels
}

// labelsOfNodes are the labels of the one classifier of a graph that has n of them, or of the one list of n constants out of which a graph that
// is made of plain operators picks its label; nil when there is none, or several that differ.
func labelsOfNodes(graph *onnx.Graph, n int) (labels []string) {
	for _, node := range graph.Nodes {
		for _, found := range labelsOfNode(graph, node) {
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

// labelsOfNode are the lists of a node that may be those of labels.
func labelsOfNode(graph *onnx.Graph, node *onnx.Node) (lists [][]string) {
	for _, a := range node.Attributes {
		switch a.Name {
		case "classlabels_int64s", "classlabels_ints":
			lists = append(lists, labelsOf(onnx.NewInts(a.Ints)))
		case "classlabels_strings":
			var found []string
			for _, s := range a.Strings {
				found = append(found, string(s))
			}
			lists = append(lists, found)
		}
	}
	if node.OpType != "ArrayFeatureExtractor" || len(node.Inputs) == 0 {
		return lists
	}
	for _, constant := range graph.Initializers {
		if constant.Name == node.Inputs[0] {
			lists = append(lists, labelsOf(constant))
		}
	}
	return lists
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
