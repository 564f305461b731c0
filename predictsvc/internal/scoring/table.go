package scoring

import "math"

// Table is what a body held: rows of the model's columns. Its memory is used again by the next Parse.
type Table struct {
	// Values are the rows one after the other, in the order of the input's columns: truth values as 0 and 1, texts as their places in
	// Texts, and NaN where an optional column has no value.
	Values []float64
	Texts  []string
	Rows   int

	doc      document
	csv      csvReader
	columns  []int // of the input, for each column of the body; -1 for others
	mostRows int
}

// Limits bound what one body may hold.
type Limits struct {
	// Rows is the most rows; 0 is no bound.
	Rows int
}

// Bytes is the memory that the table keeps for the next body.
func (t *Table) Bytes() int {
	const nodeBytes, stringBytes, sliceBytes = 16, 16, 24
	bytes := 8*(cap(t.Values)+cap(t.columns)) + stringBytes*cap(t.Texts) + nodeBytes*cap(t.doc.nodes) +
		sliceBytes*cap(t.csv.fields) + cap(t.csv.scratch)
	for _, text := range t.Texts {
		bytes += len(text)
	}
	return bytes
}

// reset forgets the rows.
func (t *Table) reset(limits Limits) {
	clear(t.Texts) // so that they keep no memory
	t.Values, t.Texts, t.Rows, t.mostRows = t.Values[:0], t.Texts[:0], 0, limits.Rows
}

// text keeps a text of a column, and gives its place.
func (t *Table) text(s []byte) float64 {
	t.Texts = append(t.Texts, string(s))
	return float64(len(t.Texts) - 1)
}

// grow adds rows without values.
func (t *Table) grow(rows, width int) *Error {
	if t.mostRows > 0 && rows > t.mostRows-t.Rows {
		return malformed("the body has more than %d rows, which is the most that one request may have", t.mostRows)
	}
	for range rows * width {
		t.Values = append(t.Values, math.NaN())
	}
	t.Rows += rows
	return nil
}

// complete refuses rows that lack a value of a required column.
func (t *Table) complete(in *Input) *Error {
	width := len(in.Columns)
	for at, v := range t.Values {
		if c := &in.Columns[at%width]; math.IsNaN(v) && !c.Optional {
			return unfit("row %d: column %q has no value (missing, null or NaN); expected %s", at/width, c.Name, c.Kind)
		}
	}
	return nil
}
