package predictsvc

import (
	"fmt"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
)

// column is one input of the model: what its signature says of it.
type column struct {
	scoring.Column
	// text is the column as error messages name it.
	text string
}

// columns are the inputs of a model, in the order in which it takes them.
type columns struct {
	list  []column
	index map[string]int
	// texts says that some are columns of texts.
	texts bool
	// input is the same for the protocols that have tables and tensors.
	input *scoring.Input
}

// newColumns takes the inputs of a signature: named columns of numbers, truth values and texts, or a matrix, whose columns are named "0", "1" …
func newColumns(signature *mlmodel.Signature) (*columns, error) {
	input, err := scoring.NewInput(signature)
	if err != nil {
		return nil, err
	}
	c := &columns{index: make(map[string]int, len(input.Columns)), input: input}
	for i, in := range input.Columns {
		c.index[in.Name] = i
		c.texts = c.texts || in.Kind == mlmodel.String
		c.list = append(c.list, column{Column: in, text: fmt.Sprintf("column %q", in.Name)})
	}
	return c, nil
}

// String lists the columns with their types, for error messages.
func (c *columns) String() string { return scoring.Describe(c.input.Columns) }
