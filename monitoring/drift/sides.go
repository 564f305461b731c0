package drift

import (
	"fmt"
	"math"
	"slices"
)

// sides is a clean column: sorted numbers, or the counts of strings.
type sides struct {
	kind                       Kind
	referenceRows, currentRows int
	reference, current         []float64 // sorted; nil for strings
	integers                   bool      // both sides were Ints
	strings                    *counts   // nil for numbers
}

// counts are the rows of each category, in ascending order of the categories.
type counts struct {
	reference, current []int
}

// clean drops missing values, sorts what is left and checks that the two sides belong together.
func clean(c Column, kind Kind) (*sides, error) {
	s := &sides{kind: kind}
	reference, referenceText := c.Reference.(Strings)
	current, currentText := c.Current.(Strings)
	switch {
	case c.Reference == nil || c.Current == nil:
		return nil, fmt.Errorf("%w: both sides must be given", ErrEmpty)
	case referenceText != currentText:
		return nil, fmt.Errorf("%w: one side has strings, the other numbers", ErrKind)
	case referenceText && kind == Numerical:
		return nil, fmt.Errorf("%w: strings in a numerical column", ErrKind)
	case referenceText:
		s.strings = countStrings(reference, current)
		s.referenceRows, s.currentRows = len(reference), len(current)
	default:
		if err := s.setNumbers(c); err != nil {
			return nil, err
		}
	}
	if s.referenceRows == 0 {
		return nil, fmt.Errorf("reference: %w", ErrEmpty)
	}
	if s.currentRows == 0 {
		return nil, fmt.Errorf("current: %w", ErrEmpty)
	}
	return s, nil
}

func (s *sides) setNumbers(c Column) (err error) {
	if s.reference, err = sortedNumbers(c.Reference); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	if s.current, err = sortedNumbers(c.Current); err != nil {
		return fmt.Errorf("current: %w", err)
	}
	s.referenceRows, s.currentRows = len(s.reference), len(s.current)
	_, referenceInts := c.Reference.(Ints)
	_, currentInts := c.Current.(Ints)
	s.integers = referenceInts && currentInts
	return nil
}

// sortedNumbers is a sorted copy of the values that are not missing.
func sortedNumbers(values Values) ([]float64, error) {
	numbers := make([]float64, 0, values.Len())
	switch values := values.(type) {
	case Floats:
		for _, v := range values {
			if v-v == 0 { // neither NaN nor infinite
				numbers = append(numbers, v)
			}
		}
	case Ints:
		const exact = 1 << 53
		for _, v := range values {
			if v < -exact || v > exact {
				return nil, fmt.Errorf("%w: %d is beyond 2⁵³: such numbers are names; compare them as Strings", ErrRange, v)
			}
			numbers = append(numbers, float64(v))
		}
	}
	sortFloats(numbers)
	return numbers, nil
}

func countStrings(reference, current Strings) *counts {
	type pair struct{ reference, current int }
	rows := map[string]*pair{}
	at := func(category string) *pair {
		p := rows[category]
		if p == nil {
			p = new(pair)
			rows[category] = p
		}
		return p
	}
	for _, v := range reference {
		at(v).reference++
	}
	for _, v := range current {
		at(v).current++
	}
	categories := make([]string, 0, len(rows))
	for category := range rows {
		categories = append(categories, category)
	}
	slices.Sort(categories) // as Python: UTF-8 keeps the order of code points
	c := &counts{}
	for _, category := range categories {
		c.reference = append(c.reference, rows[category].reference)
		c.current = append(c.current, rows[category].current)
	}
	return c
}

// counts gives the rows of each distinct value.
func (s *sides) counts() *counts {
	if s.strings != nil {
		return s.strings
	}
	c := &counts{}
	eachValue(s.reference, s.current, func(_ float64, reference, current int) bool {
		c.reference = append(c.reference, reference)
		c.current = append(c.current, current)
		return true
	})
	return c
}

// distinct counts the distinct values of both sides together, and stops after limit+1.
func (s *sides) distinct(limit int) int {
	if s.strings != nil {
		return len(s.strings.reference)
	}
	return countDistinct(s.reference, s.current, limit)
}

func countDistinct(reference, current []float64, limit int) int {
	n := 0
	eachValue(reference, current, func(float64, int, int) bool {
		n++
		return n <= limit
	})
	return n
}

// eachValue walks the distinct values of two sorted slices in ascending order, with the number of times that each side holds the value,
// until yield says false.
func eachValue(reference, current []float64, yield func(value float64, inReference, inCurrent int) bool) {
	i, j := 0, 0
	for i < len(reference) || j < len(current) {
		value := math.Inf(1)
		if i < len(reference) {
			value = reference[i]
		}
		if j < len(current) {
			value = min(value, current[j])
		}
		i0, j0 := i, j
		for i < len(reference) && reference[i] == value {
			i++
		}
		for j < len(current) && current[j] == value {
			j++
		}
		if !yield(value, i-i0, j-j0) {
			return
		}
	}
}
