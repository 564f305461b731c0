package scoring

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// cast makes a column's number of a value, of a text for a column of texts its place. A missing one is NaN.
func (t *Table) cast(c *Column, i uint32) (float64, *Error) {
	v, err := t.doc.cast(c, i)
	if err == nil && c.Kind == mlmodel.String && t.doc.nodes[i].kind == text {
		v = t.text(t.doc.textOf(i))
	}
	return v, err
}

// cast makes a column's number of a value; that of a text for a column of texts is 0. A missing one is NaN.
func (d *document) cast(c *Column, i uint32) (float64, *Error) {
	v, ok := 0.0, false
	if c.Kind == mlmodel.String {
		return d.castText(c, i)
	}
	switch n := &d.nodes[i]; n.kind {
	case null:
		return math.NaN(), nil
	case truth:
		if v, ok = 0, true; d.body[n.at] == 't' {
			v = 1
		}
	case integer, decimal:
		v, ok = c.number(string(d.bytes(i)))
	case constant:
		if d.body[n.at] == 'N' {
			return math.NaN(), nil
		}
	case text:
		v, ok = c.pythonNumber(string(d.textOf(i)))
	default:
	}
	if !ok {
		return 0, malformed("column %q: expected %s, got %s", c.Name, c.Kind, d.what(i))
	}
	return v, nil
}

// castText is cast for a column of texts.
func (d *document) castText(c *Column, i uint32) (float64, *Error) {
	switch n := &d.nodes[i]; {
	case n.kind == text:
		return 0, nil
	case n.kind == null, n.kind == constant && d.body[n.at] == 'N':
		return math.NaN(), nil
	}
	return 0, malformed("column %q: expected %s, got %s", c.Name, c.Kind, d.what(i))
}

// number reads a number as it stands in JSON and in CSV, and tells whether the column's type has it.
func (c *Column) number(s string) (float64, bool) {
	if c.Kind == mlmodel.Long || c.Kind == mlmodel.Integer {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil { // beyond 2^53 a float64 cannot tell whether it is in range
			return float64(n), c.Kind == mlmodel.Long || n >= math.MinInt32 && n <= math.MaxInt32
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, false
	}
	return c.fit(v)
}

// fit tells whether the column's type has a number without loss, but for the rounding of float, and gives it as the model gets it.
func (c *Column) fit(v float64) (float64, bool) {
	switch c.Kind {
	case mlmodel.Float:
		v = float64(float32(v))
		return v, !math.IsInf(v, 0)
	case mlmodel.Integer:
		return v, v == math.Trunc(v) && v >= math.MinInt32 && v <= math.MaxInt32
	case mlmodel.Long: // 2^63 is the first float64 that does not fit
		return v, v == math.Trunc(v) && v >= math.MinInt64 && v < math.MaxInt64
	case mlmodel.Boolean:
		return v, v == 0 || v == 1
	default:
		return v, true
	}
}

// pythonNumber reads a text as Python's float and int do, in ASCII: with white space around it, and underscores between digits.
func (c *Column) pythonNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if c.Kind == mlmodel.Boolean {
		return 0, false
	}
	if c.Kind == mlmodel.Long || c.Kind == mlmodel.Integer {
		if strings.ContainsAny(s, ".eE") {
			return 0, false
		}
	} else if strings.EqualFold(strings.TrimLeft(s, "+-"), "nan") && len(s) <= len("-nan") {
		return math.NaN(), true
	}
	s, ok := withoutUnderscores(s)
	if !ok || !isNumber(s) {
		return 0, false
	}
	return c.number(s)
}

// withoutUnderscores takes the underscores from between digits.
func withoutUnderscores(s string) (string, bool) {
	if !strings.Contains(s, "_") {
		return s, true
	}
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		if s[i] == '_' && (!digit(i-1) || !digit(i+1)) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}

// isNumber tells whether a text is a decimal number: no hexadecimal one, no underscores and no name of an infinity, which strconv takes
// beside those.
func isNumber(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' {
			return false
		}
	}
	return s != ""
}

// csvMissing are the texts that pandas takes for a missing value.
var csvMissing = map[string]bool{
	"": true, " ": true, "#N/A": true, "#N/A N/A": true, "#NA": true, "-1.#IND": true, "-1.#QNAN": true, "-NaN": true, "-nan": true,
	"1.#IND": true, "1.#QNAN": true, "<NA>": true, "N/A": true, "NA": true, "NULL": true, "NaN": true, "None": true, "n/a": true, "nan": true,
	"null": true,
}

// csvField says what a field of a CSV text is.
type csvField uint8

const (
	csvNumber csvField = iota
	csvTruth
	csvText
	csvNone
	csvWrong
)

// csvValue reads a field of a CSV text as pandas does for a column of this type.
func (c *Column) csvValue(t *Table, field []byte) (float64, csvField) {
	if c.Kind == mlmodel.String {
		if csvMissing[string(field)] {
			return math.NaN(), csvNone
		}
		return t.text(field), csvText
	}
	switch string(field) {
	case "True", "TRUE", "true":
		return 1, csvTruth
	case "False", "FALSE", "false":
		return 0, csvTruth
	}
	if csvMissing[string(field)] {
		return math.NaN(), csvNone
	}
	s := string(bytes.Trim(field, " \t\n\v\f\r"))
	if !isNumber(s) {
		return 0, csvWrong
	}
	v, ok := c.number(s)
	if !ok {
		return 0, csvWrong
	}
	return v, csvNumber
}
