package dataset

// Incomplete tells of the rows that [ReadCSV] left out because they lacked a value; see [ReadOptions.SkipIncomplete].
type Incomplete struct {
	cells map[string]int
	rows  map[int]bool
}

// Rows is the number of rows left out.
func (i Incomplete) Rows() int { return len(i.rows) }

// Cells is the number of values that a column lacked.
func (i Incomplete) Cells(column string) int { return i.cells[column] }

// Incomplete tells which rows of the text are not in the table; the zero value for a table that was not read with SkipIncomplete.
func (t *Table) Incomplete() Incomplete { return t.incomplete }

// note takes the rows that have no value in a column.
func (i *Incomplete) note(column string, rows []int) {
	if len(rows) == 0 {
		return
	}
	if i.cells == nil {
		i.cells, i.rows = map[string]int{}, map[int]bool{}
	}
	i.cells[column] = len(rows)
	for _, row := range rows {
		i.rows[row] = true
	}
}

// complete takes the incomplete rows out.
func (t *Table) complete() *Table {
	if t.incomplete.Rows() == 0 {
		return t
	}
	for i, c := range t.columns {
		t.columns[i].ints = without(c.ints, t.incomplete.rows)
		t.columns[i].floats = without(c.floats, t.incomplete.rows)
		t.columns[i].texts = without(c.texts, t.incomplete.rows)
	}
	t.rows -= t.incomplete.Rows()
	return t
}

// without keeps the values of rows that are not among those left out.
func without[T any](values []T, rows map[int]bool) []T {
	kept := values[:0]
	for row, v := range values {
		if !rows[row] {
			kept = append(kept, v)
		}
	}
	return kept
}
