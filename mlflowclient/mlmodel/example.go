package mlmodel

import (
	"errors"
	"fmt"
)

// Example is an input example of a model that takes a table: a few rows of the columns of its signature.
type Example struct {
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
		if len(row) != len(e.Columns) {
			return nil, fmt.Errorf("row %d of the example has %d values for %d columns", i, len(row), len(e.Columns))
		}
		rows = append(rows, append([]any{}, row...))
	}
	return Map{{"columns", columns}, {"data", rows}}, nil
}

// JSON writes input_example.json: pandas' split orientation.
func (e *Example) JSON() ([]byte, error) {
	doc, err := e.document()
	if err != nil {
		return nil, err
	}
	text, err := pythonJSON(doc, 0)
	return []byte(text), err
}

// ServingJSON writes serving_input_example.json: the body of a request to /invocations.
func (e *Example) ServingJSON() ([]byte, error) {
	doc, err := e.document()
	if err != nil {
		return nil, err
	}
	text, err := pythonJSON(Map{{"dataframe_split", doc}}, 2)
	return []byte(text), err
}

// ParseExample reads input_example.json in split orientation.
func ParseExample(data []byte) (*Example, error) {
	v, err := parseJSON(data)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w: %s: %w", ErrFormat, exampleFile, err)
	}
	doc, _ := v.(Map)
	e := &Example{}
	columns, hasColumns := doc.value("columns").([]any)
	rows, hasRows := doc.value("data").([]any)
	if !hasColumns || !hasRows {
		return nil, fmt.Errorf("mlmodel: %w: %s holds no table with columns and data", ErrFormat, exampleFile)
	}
	for _, c := range columns {
		e.Columns = append(e.Columns, columnName(c))
	}
	for _, r := range rows {
		row, ok := r.([]any)
		if !ok {
			return nil, fmt.Errorf("mlmodel: %w: a row of %s is not a list", ErrFormat, exampleFile)
		}
		e.Rows = append(e.Rows, row)
	}
	if _, err := e.document(); err != nil {
		return nil, fmt.Errorf("mlmodel: %w: %w", ErrFormat, err)
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

// info describes the example's files for MLmodel.
func (e *Example) info() *ExampleInfo {
	return &ExampleInfo{ArtifactPath: exampleFile, ServingPath: servingFile, Type: "dataframe", PandasOrient: "split"}
}

// check compares the example with the signature.
func (e *Example) check(s *Signature) error {
	if len(e.Rows) == 0 || s == nil || s.Inputs == nil {
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
