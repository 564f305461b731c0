package predictsvc

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"mlopsgo/internal/onnx"
	"mlopsgo/mlflowclient/mlmodel"
)

// graphInput is one input of a graph and where its values come from: a matrix takes all columns, any other input one of them.
type graphInput struct {
	port   onnx.Port
	column int // wholeMatrix for a matrix
}

const wholeMatrix = -1

// bindInputs finds out how a graph is given rows of these columns: as one matrix, or with an input [n] or [n, 1] for each column, by its name.
// Columns that no input takes are left out, as mlflow.pyfunc does.
func bindInputs(ports []onnx.Port, c *columns) ([]graphInput, error) {
	if len(ports) == 1 {
		if ok, err := takesMatrix(ports[0], c); ok || err != nil {
			return []graphInput{{ports[0], wholeMatrix}}, err
		}
	}
	inputs := make([]graphInput, len(ports))
	seen := make([]bool, len(c.list))
	for i, port := range ports {
		column, ok := c.named(port.Name)
		if !ok && len(ports) == 1 && len(c.list) == 1 {
			column, ok = 0, true
		}
		switch {
		case !ok:
			return nil, fmt.Errorf("its graph has the input %q of shape %v, which is none of the columns %s of its signature and no matrix of them all", port.Name, port.Dims, c)
		case seen[column]:
			return nil, fmt.Errorf("its graph has two inputs for %s", c.list[column].text)
		case !vector(port.Dims):
			return nil, fmt.Errorf("its graph's input %q has shape %v; this service gives [n] or [n, 1] for a column", port.Name, port.Dims)
		case !converts(c.list[column].Kind, port.Type):
			return nil, fmt.Errorf("its graph's input %q is of type %v, which is not that of %s, %s", port.Name, port.Type, c.list[column].text, c.list[column].Kind)
		}
		seen[column] = true
		inputs[i] = graphInput{port, column}
	}
	return inputs, nil
}

// takesMatrix finds out whether an input takes all columns at once. An error is for one that is meant to and cannot.
func takesMatrix(port onnx.Port, c *columns) (bool, error) {
	texts := 0
	for _, one := range c.list {
		if one.Kind == mlmodel.String {
			texts++
		}
	}
	switch {
	case port.Type == onnx.String && texts == len(c.list), (port.Type == onnx.Double || port.Type == onnx.Float) && texts == 0:
	case len(c.list) == 1:
		return false, nil // perhaps the input of that column
	default:
		return false, fmt.Errorf("its graph takes one tensor of %v, which is not what the columns %s make", port.Type, c)
	}
	dims, width := port.Dims, int64(len(c.list))
	switch undeclared := dims == nil; {
	case width == 1 && len(dims) == 1:
		return false, nil
	case !undeclared && (len(dims) != 2 || dims[0] >= 0 || (dims[1] >= 0 && dims[1] != width)):
		return false, fmt.Errorf("its graph takes shape %v, and its signature has %d columns", dims, width)
	}
	return true, nil
}

// named finds the column of an input. Exporters write other names than columns have: skl2onnx makes an underscore of what is no letter.
func (c *columns) named(input string) (int, bool) {
	if i, ok := c.index[input]; ok {
		return i, true
	}
	found := -1
	for i, one := range c.list {
		if variable(one.Name) != input {
			continue
		}
		if found >= 0 {
			return 0, false // two columns could be meant
		}
		found = i
	}
	return found, found >= 0
}

// variable is a column's name as skl2onnx writes it.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, name)
}

// vector tells whether a tensor with a value for each row fits a declared shape.
func vector(dims []int64) bool {
	switch {
	case dims == nil:
		return true
	case len(dims) == 2 && dims[1] != 1 && dims[1] >= 0, len(dims) != 1 && len(dims) != 2:
		return false
	}
	return dims[0] < 0
}

// converts tells whether an input can take the values of a column. Numbers are given as floating-point numbers too, as exporters declare them
// for columns of integers.
func converts(kind mlmodel.Kind, to onnx.DataType) bool {
	switch kind {
	case mlmodel.String:
		return to == onnx.String
	case mlmodel.Boolean:
		return to == onnx.Bool
	case mlmodel.Long:
		return slices.Contains([]onnx.DataType{onnx.Int64, onnx.Float, onnx.Double}, to)
	case mlmodel.Integer:
		return slices.Contains([]onnx.DataType{onnx.Int32, onnx.Int64, onnx.Float, onnx.Double}, to)
	default:
		return to == onnx.Float || to == onnx.Double
	}
}

// onnxEvaluator runs a graph.
type onnxEvaluator struct {
	runner  *onnx.Runner
	of      []graphInput
	width   int
	tensors []onnx.Tensor
	inputs  []*onnx.Tensor
}

func newONNXEvaluator(session *onnx.Session, of []graphInput, width int) *onnxEvaluator {
	e := &onnxEvaluator{runner: session.NewRunner(), of: of, width: width, tensors: make([]onnx.Tensor, len(of))}
	for i, in := range of {
		t := &e.tensors[i]
		t.Type, t.Dims = in.port.Type, []int64{0}
		switch {
		case in.column == wholeMatrix:
			t.Dims = append(t.Dims, int64(width))
		case len(in.port.Dims) != 1:
			t.Dims = append(t.Dims, 1)
		}
		e.inputs = append(e.inputs, t)
	}
	return e
}

func (e *onnxEvaluator) evaluate(values []float64, texts []string, rows int) ([]*onnx.Tensor, error) {
	for i, in := range e.of {
		t := &e.tensors[i]
		t.Dims[0] = int64(rows)
		from, step := in.column, e.width
		if in.column == wholeMatrix {
			if from, step = 0, 1; t.Type == onnx.Double {
				t.F64 = values
				continue
			}
		}
		if err := fill(t, values[from:], step, texts); err != nil {
			return nil, fmt.Errorf("%w: input %q: %w", errValues, in.port.Name, err)
		}
	}
	outputs, err := e.runner.Run(e.inputs...)
	if errors.Is(err, onnx.ErrValues) {
		err = fmt.Errorf("%w: %w", errValues, err)
	}
	return outputs, err
}

// mostExact bounds the integers that float64, in which values come here, has all: the one after it was rounded to it.
const mostExact = 1 << 53

// fill gives a tensor every step-th of the values.
func fill(t *onnx.Tensor, values []float64, step int, texts []string) error {
	t.F32, t.F64, t.I64, t.I32, t.Bool, t.Str = t.F32[:0], t.F64[:0], t.I64[:0], t.I32[:0], t.Bool[:0], t.Str[:0]
	for i := 0; i < len(values); i += step {
		switch v := values[i]; t.Type {
		case onnx.Float:
			t.F32 = append(t.F32, float32(v))
		case onnx.Double:
			t.F64 = append(t.F64, v)
		case onnx.Int64:
			if math.Abs(v) >= mostExact {
				return fmt.Errorf("%v is not within ±2^53, where integers are exact", v)
			}
			t.I64 = append(t.I64, int64(v))
		case onnx.Int32:
			t.I32 = append(t.I32, int32(v))
		case onnx.Bool:
			t.Bool = append(t.Bool, v != 0)
		default:
			t.Str = append(t.Str, texts[int(v)])
		}
	}
	return nil
}
