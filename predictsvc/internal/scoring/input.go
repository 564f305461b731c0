package scoring

import (
	"errors"
	"fmt"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// Input is what a model takes: its signature, as far as it can be enforced here. It is immutable and safe for concurrent use.
type Input struct {
	// Columns are the inputs, in the order in which the model takes them.
	Columns []Column
	// Tensor is true for a signature of one tensor [-1, n]: its columns have no names of their own, and Name is the tensor's, if it has
	// one.
	Tensor bool
	Name   string

	params []mlmodel.Param // nil when the signature declares none
	index  map[string]int
}

// Column is one column of what a model takes.
type Column struct {
	// Name is "0", "1" … for the columns of a tensor.
	Name     string
	Kind     mlmodel.Kind
	Optional bool
}

// NewInput takes a signature whose inputs are named columns of numbers, truth values and texts, or one tensor of float64 or float32 with a free
// first dimension.
func NewInput(signature *mlmodel.Signature) (*Input, error) {
	if signature == nil || signature.Inputs == nil {
		return nil, errors.New("its MLmodel has no signature with inputs, so that requests cannot be checked; log it with a signature")
	}
	in := &Input{params: signature.Params}
	var err error
	if len(signature.Inputs.Tensors) > 0 {
		err = in.setTensor(signature.Inputs.Tensors)
	} else {
		err = in.setColumns(signature.Inputs.Columns)
	}
	if err != nil {
		return nil, err
	}
	in.index = make(map[string]int, len(in.Columns))
	for i, c := range in.Columns {
		if _, twice := in.index[c.Name]; twice || c.Name == "" {
			return nil, fmt.Errorf("its input column %d has the name %q, which is empty or there twice", i, c.Name)
		}
		in.index[c.Name] = i
	}
	return in, nil
}

func (in *Input) setColumns(columns []mlmodel.Column) error {
	for _, c := range columns {
		switch c.Type.Kind {
		case mlmodel.Double, mlmodel.Float, mlmodel.Long, mlmodel.Integer, mlmodel.Boolean, mlmodel.String:
		default:
			return fmt.Errorf("its input column %q is of type %s; this service takes numbers, booleans and texts", c.Name, c.Type.Kind)
		}
		if c.Optional && c.Type.Kind != mlmodel.Double && c.Type.Kind != mlmodel.Float {
			return fmt.Errorf("its input column %q is optional, and type %s has no missing value", c.Name, c.Type.Kind)
		}
		in.Columns = append(in.Columns, Column{Name: c.Name, Kind: c.Type.Kind, Optional: c.Optional})
	}
	return nil
}

// mostTensorColumns bounds what a number in a signature can make this package build.
const mostTensorColumns = 1 << 16

func (in *Input) setTensor(tensors []mlmodel.TensorSpec) error {
	kinds := map[string]mlmodel.Kind{"float64": mlmodel.Double, "float32": mlmodel.Float}
	spec := tensors[0]
	kind, known := kinds[spec.DType]
	if len(tensors) != 1 || !known || len(spec.Shape) != 2 || spec.Shape[0] != -1 || spec.Shape[1] < 1 || spec.Shape[1] > mostTensorColumns {
		return fmt.Errorf("its signature has tensors %v; this service takes one of float64 or float32 and shape [-1, n], or named columns", tensors)
	}
	in.Tensor, in.Name = true, spec.Name
	for i := range spec.Shape[1] {
		in.Columns = append(in.Columns, Column{Name: fmt.Sprint(i), Kind: kind})
	}
	return nil
}

// String lists the columns with their types, for error messages.
func (in *Input) String() string {
	if in.Tensor {
		return fmt.Sprintf("a matrix of shape [-1, %d] and type %s", len(in.Columns), in.Columns[0].Kind)
	}
	return Describe(in.Columns)
}

// Describe lists columns with their types, the first 30 of them, for error messages.
func Describe(columns []Column) string {
	const most = 30
	var texts []string
	for _, c := range columns[:min(most, len(columns))] {
		texts = append(texts, fmt.Sprintf("%q (%s)", Excerpt([]byte(c.Name)), c.Kind))
	}
	if more := len(columns) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}

// hint is a body that this model takes, for errors about one of another form.
func (in *Input) hint() string {
	if in.Tensor {
		return `send {"inputs": [[…], …]} with ` + in.String()
	}
	return `send {"dataframe_split": {"columns": […], "data": [[…], …]}} or {"dataframe_records": [{…}, …]} with the columns ` + in.String()
}
