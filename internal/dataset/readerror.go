package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTooBig is what errors.Is finds when a table passes one of its [Limits].
var ErrTooBig = errors.New("too big")

// ReadError says where a CSV text was refused, and why.
type ReadError struct {
	File   string // the name given to ReadCSV
	Line   int    // line in the file, from 1; 0 when the whole file is meant
	Column string // the column's name; empty when the whole line is meant
	Err    error
}

// Error returns one line: file, line, column, reason.
func (e *ReadError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %q", e.Column)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *ReadError) Unwrap() error { return e.Err }

// count writes a number with its noun: "1 value", "2 values".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
