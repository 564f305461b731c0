package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoColumn is what errors.Is finds when a table lacks a column that was asked for.
var ErrNoColumn = errors.New("no such column")

// Table is a set of named columns of equal length: at least one row, at least one column. It never changes; make one with
// [ReadCSV] or [New]. The nil and the zero Table hold nothing.
type Table struct {
	name    string
	columns []Column
	rows    int

	incomplete Incomplete

	// index numbers the rows as pandas does; nil for 0, 1, ….
	index []int
}

// New returns the table of the given columns. It refuses no columns, no rows, lengths that differ, names that are empty or
// occur twice, and values that are NaN or infinite. name is what MLflow shows for the dataset.
func New(name string, columns ...Column) (*Table, error) {
	if len(columns) == 0 {
		return nil, fmt.Errorf("table %q has no columns", name)
	}
	rows := columns[0].Len()
	if rows == 0 {
		return nil, fmt.Errorf("table %q has no rows", name)
	}
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("table %q: %w", name, err)
		}
		if seen[c.name] {
			return nil, fmt.Errorf("table %q: two columns are named %q", name, c.name)
		}
		seen[c.name] = true
		if c.Len() != rows {
			return nil, fmt.Errorf("table %q: column %q has %d rows, column %q has %d", name, c.name, c.Len(), columns[0].name, rows)
		}
	}
	return &Table{name: name, columns: slices.Clone(columns), rows: rows}, nil
}

// Name is the dataset's name in MLflow; [ReadCSV] sets it to the file's name.
func (t *Table) Name() string { return t.name }

// Named returns the same table under another name; the two share their values.
func (t *Table) Named(name string) *Table {
	return &Table{name: name, columns: t.columns, rows: t.rows, incomplete: t.incomplete, index: t.index}
}

// Rows is the number of rows.
func (t *Table) Rows() int { return t.rows }

// Columns returns the columns in the order of the file.
func (t *Table) Columns() []Column { return slices.Clone(t.columns) }

// Names returns the columns' names in the order of the file.
func (t *Table) Names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// Column returns the column of that name, or an error that errors.Is finds as [ErrNoColumn] and that names what there is.
func (t *Table) Column(name string) (Column, error) {
	for _, c := range t.columns {
		if c.name == name {
			return c, nil
		}
	}
	return Column{}, missingColumn(name, t.Names())
}

// Select returns the table of the named columns in the order asked for; values are shared. It refuses names that are
// missing ([ErrNoColumn]) or occur twice, and no name at all.
func (t *Table) Select(names ...string) (*Table, error) {
	columns := make([]Column, len(names))
	for i, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		columns[i] = c
	}
	part, err := New(t.name, columns...)
	if err != nil {
		return nil, err
	}
	part.index = t.index
	return part, nil
}

// Matrix returns the named columns as one row-major slice of Rows()×len(names) float64 values: value (r, c) stands at
// r*len(names)+c. It refuses a missing column ([ErrNoColumn]), a text column, and no name at all.
func (t *Table) Matrix(names ...string) ([]float64, error) {
	if len(names) == 0 {
		return nil, errors.New("a matrix needs at least one column")
	}
	matrix := make([]float64, t.rows*len(names))
	for j, name := range names {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if c.kind == String {
			return nil, fmt.Errorf("column %q holds text; a matrix needs numbers", name)
		}
		for row := range t.rows {
			matrix[row*len(names)+j] = c.float(row)
		}
	}
	return matrix, nil
}

// missingColumn says which name is missing and which there are, cut to a readable number.
func missingColumn(name string, have []string) error {
	const shown = 20
	for _, h := range have {
		if strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(name)) {
			return fmt.Errorf("%w: %q (there is %q: names must match exactly)", ErrNoColumn, name, h)
		}
	}
	quoted := make([]string, 0, shown)
	for _, h := range have[:min(len(have), shown)] {
		quoted = append(quoted, fmt.Sprintf("%q", h))
	}
	more := ""
	if len(have) > shown {
		more = fmt.Sprintf(" and %d more", len(have)-shown)
	}
	return fmt.Errorf("%w: %q (there are %s%s)", ErrNoColumn, name, strings.Join(quoted, ", "), more)
}
