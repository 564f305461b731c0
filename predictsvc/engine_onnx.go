package predictsvc

import (
	"errors"
	"fmt"
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
	return e, nil
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
