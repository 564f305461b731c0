package predictsvc

import (
	"errors"
	"fmt"
	"slices"

	"mlopsgo/internal/onnx"
)

// engine is a compiled model, whatever its format: what it gives and how that is computed. It is immutable and safe for concurrent use.
//
// Values are tensors of package onnx, for which a row is the first dimension, because they carry the type, the shape and the names of
// maps that an answer needs, and because the fastest of the engines has them already.
type engine struct {
	// outputs describe what an evaluation gives, in order. The first answers of them are what mlflow.pyfunc gives for this model:
	// the outputs of an ONNX graph by their names, one output without a name for a model of scikit-learn.
	outputs []onnx.Port
	answers int
	// label is the number of the output that holds one prediction for each row: INT64, STRING, BOOL, FLOAT or DOUBLE.
	label int
	// classes say where the probability of each class is; none when the model gives no probabilities.
	classes []class
	// newEvaluator makes an evaluator with empty buffers.
	newEvaluator func() evaluator
	// file is the file that it was made of, and compact gives a form of it that is read faster; nil when it was read from that form.
	file    string
	compact func() ([]byte, bool)
}

// class is where the probability of a class stands: in a column of an output, which is a vector or a matrix of FLOAT or DOUBLE.
type class struct {
	label          string
	output, column int
}

// answerLabel makes the label all that pyfunc answers, without a name: as scikit-learn's predict gives it.
func (e *engine) answerLabel() error {
	if e.label != 0 {
		return fmt.Errorf("its graph gives the label as output %d, where the first was expected of a model that is also one of scikit-learn", e.label)
	}
	e.outputs = slices.Clone(e.outputs) // which belong to the graph
	e.outputs[0].Name = ""
	e.answers = 1
	return nil
}

// evaluator evaluates a model again and again in the same buffers, one call at a time.
type evaluator interface {
	// evaluate computes a number of rows, at least one, whose values stand in the order of the model's columns, row after row; a missing
	// one is NaN, and one of a column of texts is its place in texts. The result, one tensor for each output, is valid until the next call.
	// The error of values that the model itself refuses is in the chain of errValues.
	evaluate(values []float64, texts []string, rows int) ([]*onnx.Tensor, error)
}

// errValues is in the chain of an evaluator's errors that are the request's fault.
var errValues = errors.New("the model does not take these values")
