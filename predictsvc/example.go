package predictsvc

import (
	"encoding/json"
	"fmt"
	"slices"

	"mlopsgo/mlflowclient/mlmodel"
)

// exampleOf is a model's input example; given is false for one of zeros and empty texts, which stands for an example that is not there.
func (c *columns) exampleOf(folder *mlmodel.Folder) (example *mlmodel.Example, given bool, err error) {
	example, err = folder.Example()
	if err != nil || (example != nil && len(example.Rows) > 0) {
		return example, true, err
	}
	zeros := &mlmodel.Example{Rows: [][]any{nil}}
	for _, one := range c.list {
		var zero any = json.Number("0")
		switch one.Kind {
		case mlmodel.Boolean:
			zero = false
		case mlmodel.String:
			zero = ""
		default:
		}
		zeros.Columns, zeros.Rows[0] = append(zeros.Columns, one.Name), append(zeros.Rows[0], zero)
	}
	return zeros, false, nil
}

// table reads an example the way a request is read.
func (c *columns) table(t *table, example *mlmodel.Example) error {
	body, err := c.body(example)
	if err != nil {
		return err
	}
	if err := c.decode(t, body, len(example.Rows)); err != nil {
		return err
	}
	return nil
}

// body writes an example as the body of a request: an array of objects.
func (c *columns) body(example *mlmodel.Example) ([]byte, error) {
	text := []byte{'['}
	for i := range example.Rows {
		if i > 0 {
			text = append(text, ',')
		}
		row, err := c.object(example, i)
		if err != nil {
			return nil, err
		}
		text = append(text, row...)
	}
	return append(text, ']'), nil
}

// object writes one row of an example, the model's columns first and in their order.
func (c *columns) object(example *mlmodel.Example, row int) ([]byte, error) {
	order := make([]int, 0, len(example.Columns))
	for _, one := range c.list {
		if at := slices.Index(example.Columns, one.Name); at >= 0 {
			order = append(order, at)
		}
	}
	for at, name := range example.Columns {
		if _, ok := c.index[name]; !ok {
			order = append(order, at)
		}
	}
	text := []byte{'{'}
	for i, at := range order {
		if i > 0 {
			text = append(text, ',')
		}
		value := example.Rows[row][at]
		if n, ok := value.(mlmodel.Number); ok {
			value = json.Number(n)
			if n == "NaN" { // pandas' missing value
				value = nil
			}
		}
		name, err := json.Marshal(example.Columns[at])
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		text = append(append(append(text, name...), ':'), data...)
	}
	return append(text, '}'), nil
}
