package dataset

import (
	"fmt"
	"slices"
)

// Take returns the table of the given rows, in that order, as a pandas frame keeps them: each with its number in this table, which counts
// in the digest. It refuses rows that there are not, and no row at all.
func (t *Table) Take(rows ...int) (*Table, error) {
	for _, row := range rows {
		if row < 0 || row >= t.rows {
			return nil, fmt.Errorf("table %q: row %d of %d", t.name, row, t.rows)
		}
	}
	columns := make([]Column, len(t.columns))
	for i, c := range t.columns {
		columns[i] = Column{name: c.name, kind: c.kind, ints: pick(c.ints, rows), floats: pick(c.floats, rows), texts: pick(c.texts, rows)}
	}
	part, err := New(t.name, columns...)
	if err != nil {
		return nil, err
	}
	part.index = pick(t.index, rows)
	if t.index == nil {
		part.index = slices.Clone(rows)
	}
	return part, nil
}

// pick is nil for no values.
func pick[T any](values []T, rows []int) []T {
	if values == nil {
		return nil
	}
	picked := make([]T, len(rows))
	for i, row := range rows {
		picked[i] = values[row]
	}
	return picked
}
