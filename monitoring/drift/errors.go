package drift

import (
	"errors"
	"fmt"
)

// Reasons why a column cannot be compared; find them with errors.Is.
var (
	// ErrEmpty: a side has no values, or none is left after missing ones are dropped.
	ErrEmpty = errors.New("no values to compare: every value is missing")
	// ErrText: the strings look like free text, not like categories.
	ErrText = errors.New("more than half of the strings are distinct, which is free text: declare the column Categorical to compare it anyway")
	// ErrKind: the values do not fit the kind, the method or the other side.
	ErrKind = errors.New("values, kind and method do not fit")
	// ErrRange: the values are too large, too many or too close together for float64 to compare them.
	ErrRange = errors.New("out of the range of exact numbers")
	// ErrOptions: an option has a value that means nothing.
	ErrOptions = errors.New("invalid option")
)

// ColumnError says which column could not be compared. [Detect] joins one for each such column; leave those out to compare the others.
type ColumnError struct {
	Column string
	Err    error
}

// Error names the column and the reason.
func (e *ColumnError) Error() string { return fmt.Sprintf("column %q: %v", e.Column, e.Err) }

// Unwrap gives the reason, one of the sentinels of this package with details.
func (e *ColumnError) Unwrap() error { return e.Err }
