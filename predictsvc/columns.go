package predictsvc

import (
	"fmt"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// column is one input of the model: what its signature says of it.
type column struct {
	name     string
	kind     mlmodel.Kind
	optional bool
	// text is the column as error messages name it.
	text string
}

// columns are the inputs of a model, in the order in which it takes them.
type columns struct {
	list  []column
	index map[string]int
}

// newColumns takes the inputs of a signature. Only what can be enforced is taken: named columns of numbers and truth values.
func newColumns(signature *mlmodel.Signature) (*columns, error) {
	if signature == nil || signature.Inputs == nil || len(signature.Inputs.Columns) == 0 {
		return nil, fmt.Errorf("its MLmodel has no signature with named input columns, so that requests cannot be checked; log it with a signature")
	}
	c := &columns{index: make(map[string]int, len(signature.Inputs.Columns))}
	for i, in := range signature.Inputs.Columns {
		switch in.Type.Kind {
		case mlmodel.Double, mlmodel.Float, mlmodel.Long, mlmodel.Integer, mlmodel.Boolean:
		default:
			return nil, fmt.Errorf("its input column %q is of type %s; this service takes numbers and booleans", in.Name, in.Type.Kind)
		}
		if in.Optional && in.Type.Kind != mlmodel.Double && in.Type.Kind != mlmodel.Float {
			return nil, fmt.Errorf("its input column %q is optional, and type %s has no missing value", in.Name, in.Type.Kind)
		}
		if _, twice := c.index[in.Name]; twice || in.Name == "" {
			return nil, fmt.Errorf("its input column %d has the name %q, which is empty or there twice", i, in.Name)
		}
		c.index[in.Name] = i
		c.list = append(c.list, column{name: in.Name, kind: in.Type.Kind, optional: in.Optional, text: fmt.Sprintf("column %q", in.Name)})
	}
	return c, nil
}

// String lists the columns with their types, for error messages.
func (c *columns) String() string { return describe(c.list) }

func describe(list []column) string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = fmt.Sprintf("%q (%s)", one.name, one.kind)
	}
	return strings.Join(texts, ", ")
}
