package drift

import "fmt"

// Kind says how the values of a column are to be read.
type Kind int

// The kinds of columns. Auto, the zero value, is resolved by [InferKind] on the current values, as Evidently does.
const (
	Auto Kind = iota
	Numerical
	Categorical
)

// String gives the kind in Evidently's words: "num", "cat", or "auto".
func (k Kind) String() string {
	switch k {
	case Auto:
		return "auto"
	case Numerical:
		return "num"
	case Categorical:
		return "cat"
	default:
		return fmt.Sprintf("Kind(%d)", int(k))
	}
}

// Column is one column of both tables. The two sides may differ in length, and a side of Floats fits one of Ints (a column of integers with
// a missing value is one of Floats); Strings fit Strings only.
type Column struct {
	Name      string
	Kind      Kind
	Reference Values
	Current   Values
}

// Values are the values of one side of a column: Floats, Ints or Strings. The type matters, as it does in pandas: Ints with few distinct
// values are categories, and their bins are never narrower than 1.
type Values interface {
	// Len is the number of values, missing ones included.
	Len() int
	// pandasLike keeps the set of types closed: the rules of inference exist for these three only.
	pandasLike()
}

// Floats are numbers; NaN and infinities are missing values.
type Floats []float64

// Ints are whole numbers, none missing, between -2⁵³ and 2⁵³ so that they are exact as float64.
type Ints []int64

// Strings are categories, none missing: leave missing values out. The empty string is a category like any other.
type Strings []string

// Len is the number of values.
func (v Floats) Len() int { return len(v) }

// Len is the number of values.
func (v Ints) Len() int { return len(v) }

// Len is the number of values.
func (v Strings) Len() int { return len(v) }

func (Floats) pandasLike()  {}
func (Ints) pandasLike()    {}
func (Strings) pandasLike() {}

const (
	maxCategoricalInts = 10  // INTEGER_CARDINALITY_LIMIT in evidently/core/datasets.py
	maxDistinctShare   = 0.5 // more distinct strings than this share of the rows are free text
)

// InferKind gives the kind that Evidently gives to a column without a declared type: Floats are numerical; Ints are categorical up to 10
// distinct values, numerical above; Strings are categorical unless more than half of them are distinct, which is [ErrText].
func InferKind(values Values) (Kind, error) {
	switch values := values.(type) {
	case Floats:
		return Numerical, nil
	case Ints:
		if atMostDistinct(values, maxCategoricalInts) {
			return Categorical, nil
		}
		return Numerical, nil
	case Strings:
		if !atMostDistinct(values, int(float64(len(values))*maxDistinctShare)) {
			return Auto, ErrText
		}
		return Categorical, nil
	default:
		return Auto, ErrEmpty
	}
}

// atMostDistinct says whether values has at most limit distinct values; it reads no further than it must.
func atMostDistinct[T comparable](values []T, limit int) bool {
	seen := map[T]struct{}{}
	for _, v := range values {
		seen[v] = struct{}{}
		if len(seen) > limit {
			return false
		}
	}
	return true
}
