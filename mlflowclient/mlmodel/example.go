package mlmodel

import (
	"errors"
	"fmt"
)

// Example is an input example of a model that takes a table: a few rows of the columns of its signature. [InputExample]
// is one of any form.
type Example struct {
	// Columns are nil for a table whose columns are known by their positions only.
	Columns []string
	// Rows hold nil, bool, string, int64, float64 or [Number], one for each column.
	Rows [][]any
}

// Names of the files of an example.
const (
	exampleFile = "input_example.json"
	servingFile = "serving_input_example.json"
)

func (e *Example) document() (Map, error) {
	columns := []any{}
	for _, c := range e.Columns {
		columns = append(columns, c)
	}
	rows := []any{}
	for i, row := range e.Rows {
		if e.Columns == nil && len(row) == len(e.Rows[0]) {
			rows = append(rows, append([]any{}, row...))
			continue
		}
		if len(row) != len(e.Columns) {
			return nil, fmt.Errorf("row %d of the example has %d values for %d columns", i, len(row), len(e.Columns))
		}
		rows = append(rows, append([]any{}, row...))
	}
	if e.Columns == nil {
		return Map{{"data", rows}}, nil
	}
	return Map{{"columns", columns}, {"data", rows}}, nil
}

// JSON writes input_example.json: pandas' split orientation.
func (e *Example) JSON() ([]byte, error) {
	input, err := e.Input()
	if err != nil {
		return nil, err
	}
	return input.JSON()
}

// ServingJSON writes serving_input_example.json: the body of a request to /invocations.
func (e *Example) ServingJSON() ([]byte, error) {
	input, err := e.Input()
	if err != nil {
		return nil, err
	}
	return input.ServingJSON()
}

// ParseExample reads input_example.json in split orientation.
func ParseExample(data []byte) (*Example, error) {
	v, err := parseJSON(data)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w: %s: %w", ErrFormat, exampleFile, err)
	}
	doc, _ := v.(Map)
	if _, ok := doc.value("columns").([]any); !ok {
		return nil, fmt.Errorf("mlmodel: %w: %s holds no table with columns and data", ErrFormat, exampleFile)
	}
	e, err := tableOf(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return e, nil
}

// tableOf reads a table in split orientation, whose columns may be left out.
func tableOf(doc Map) (*Example, error) {
	e := &Example{}
	columns, hasColumns := doc.value("columns").([]any)
	rows, hasRows := doc.value("data").([]any)
	if _, there := doc.Get("columns"); !hasRows || hasColumns != there {
		return nil, fmt.Errorf("mlmodel: %s holds no table with columns and data", exampleFile)
	}
	if hasColumns {
		e.Columns = []string{}
	}
	for _, c := range columns {
		e.Columns = append(e.Columns, columnName(c))
	}
	for _, r := range rows {
		row, ok := r.([]any)
		if !ok {
			return nil, fmt.Errorf("mlmodel: a row of %s is not a list", exampleFile)
		}
		e.Rows = append(e.Rows, row)
	}
	if _, err := e.document(); err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	return e, nil
}

// columnName is the name of a column, its number for tables without names.
func columnName(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// check compares the example with the signature.
func (e *Example) check(s *Signature) error {
	if len(e.Rows) == 0 || e.Columns == nil || s == nil || s.Inputs == nil {
		return nil
	}
	have := map[string]bool{}
	for _, c := range e.Columns {
		have[c] = true
	}
	for _, c := range s.Inputs.Columns {
		if c.Name != "" && !c.Optional && !have[c.Name] {
			return errors.New("the example lacks the column " + c.Name)
		}
	}
	return nil
}
