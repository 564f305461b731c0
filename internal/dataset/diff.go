package dataset

import (
	"fmt"
	"math"
)

// Diff tells in one line how the table other differs from t, or returns "" when they hold the same columns and the same
// values, bit for bit. Names of the tables are not compared.
func (t *Table) Diff(other *Table) string {
	if len(t.columns) != len(other.columns) {
		return fmt.Sprintf("%s instead of %d", count(len(other.columns), "column"), len(t.columns))
	}
	for i, c := range t.columns {
		o := other.columns[i]
		if c.name != o.name {
			return fmt.Sprintf("column %d is named %q instead of %q", i+1, o.name, c.name)
		}
		if c.kind != o.kind {
			return fmt.Sprintf("column %q is %v instead of %v", c.name, o.kind, c.kind)
		}
	}
	if t.rows != other.rows {
		return fmt.Sprintf("%s instead of %d", count(other.rows, "row"), t.rows)
	}
	return t.diffValues(other)
}

// diffValues compares tables of the same shape and kinds, and reports the first difference by row, then column.
func (t *Table) diffValues(other *Table) string {
	differences, first := 0, ""
	for row := range t.rows {
		for i, c := range t.columns {
			o := other.columns[i]
			if c.sameValue(o, row) {
				continue
			}
			if differences == 0 {
				first = fmt.Sprintf("row %d, column %q: %s instead of %s", row+1, c.name, o.Text(row), c.Text(row))
			}
			differences++
		}
	}
	if differences == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %d, first at %s", count(differences, "different value"), t.rows*len(t.columns), first)
}

// sameValue tells whether two columns of one kind hold the same bits at row.
func (c Column) sameValue(o Column, row int) bool {
	switch c.kind {
	case Int64:
		return c.ints[row] == o.ints[row]
	case Float64:
		return math.Float64bits(c.floats[row]) == math.Float64bits(o.floats[row])
	default:
		return c.texts[row] == o.texts[row]
	}
}
