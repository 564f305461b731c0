package dataset

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the type of a column's values.
type Kind int

// The kinds, with the pandas dtype and the MLflow type they correspond to.
const (
	Int64   Kind = iota + 1 // int64, "long"
	Float64                 // float64, "double"
	String                  // str, "string"
)

// String returns the pandas name of the dtype.
func (k Kind) String() string {
	switch k {
	case Int64:
		return "int64"
	case Float64:
		return "float64"
	case String:
		return "str"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Column is a named column of one kind. Make one with [IntColumn], [FloatColumn] or [StringColumn]; the zero Column has no
// kind and [New] refuses it.
type Column struct {
	name   string
	kind   Kind
	ints   []int64
	floats []float64
	texts  []string
}

// IntColumn returns an int64 column. The slice is copied.
func IntColumn(name string, values []int64) Column {
	return Column{name: name, kind: Int64, ints: slices.Clone(values)}
}

// FloatColumn returns a float64 column. The slice is copied.
func FloatColumn(name string, values []float64) Column {
	return Column{name: name, kind: Float64, floats: slices.Clone(values)}
}

// StringColumn returns a text column. The slice is copied.
func StringColumn(name string, values []string) Column {
	return Column{name: name, kind: String, texts: slices.Clone(values)}
}

// Name is the column's name.
func (c Column) Name() string { return c.name }

// Kind is the type of the values.
func (c Column) Kind() Kind { return c.kind }

// Len is the number of rows.
func (c Column) Len() int { return max(len(c.ints), len(c.floats), len(c.texts)) }

// Ints returns a copy of the values of an Int64 column, and nil for another kind.
func (c Column) Ints() []int64 { return slices.Clone(c.ints) }

// Floats returns the values of a numeric column as float64, in a new slice, and nil for a String column. Integers beyond
// ±2⁵³ are rounded to the nearest float64, as numpy's astype does.
func (c Column) Floats() []float64 {
	if c.kind == String {
		return nil
	}
	values := make([]float64, c.Len())
	for row := range values {
		values[row] = c.float(row)
	}
	return values
}

// Strings returns a copy of the values of a String column, and nil for another kind.
func (c Column) Strings() []string { return slices.Clone(c.texts) }

// Text returns one value as text: numbers in their shortest form that reads back equal.
func (c Column) Text(row int) string {
	switch c.kind {
	case Int64:
		return strconv.FormatInt(c.ints[row], 10)
	case Float64:
		return strconv.FormatFloat(c.floats[row], 'g', -1, 64)
	case String:
		return c.texts[row]
	}
	return ""
}

// float is the value of a numeric column at row.
func (c Column) float(row int) float64 {
	if c.kind == Int64 {
		return float64(c.ints[row])
	}
	return c.floats[row]
}

// check refuses a column that no Table may hold.
func (c Column) check() error {
	if err := checkName(c.name); err != nil {
		return err
	}
	if c.kind < Int64 || c.kind > String {
		return fmt.Errorf("column %q has no kind; make it with IntColumn, FloatColumn or StringColumn", c.name)
	}
	for row, v := range c.floats {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("column %q, row %d: %v is not a finite number", c.name, row, v)
		}
	}
	for row, s := range c.texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("column %q, row %d: %q is not UTF-8 text", c.name, row, s)
		}
	}
	return nil
}

// checkName refuses a column name that is empty, not UTF-8, or holds control characters: such a name comes from a file that
// is not a CSV table, and MLflow's UI cannot show it.
func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return fmt.Errorf("a column has no name")
	case !utf8.ValidString(name):
		return fmt.Errorf("column name %q is not UTF-8 text", name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("column name %q holds a control character", name)
	}
	return nil
}
