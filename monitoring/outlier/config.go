package outlier

import (
	"errors"
	"fmt"
	"math"
)

// Reasons why rows or settings are refused; find them with errors.Is.
var (
	// ErrConfig: a field of Config has a value that means nothing.
	ErrConfig = errors.New("invalid config")
	// ErrRows: there are too few rows, or rows of different widths, or numbers that are not finite.
	ErrRows = errors.New("invalid rows")
)

const (
	defaultTrees     = 100
	defaultSubsample = 256
	minSubsample     = 2
)

// Config says how to grow a forest. The zero value is scikit-learn's default with seed 0.
type Config struct {
	// Trees is the number of trees; 0 means 100.
	Trees int
	// Subsample is the number of reference rows that each tree sees, drawn without replacement; 0 means 256. It is limited to the rows there
	// are, and to 2 from below.
	Subsample int
	// Contamination is the share of the reference rows, in [0, 1), that are to count as outliers. 0 means that the offset is -0.5 whatever
	// the reference rows are (contamination="auto" in scikit-learn).
	Contamination float64
	// Seed makes the forest: the same rows, the same Config, the same forest, however many processors grow it.
	Seed uint64
}

func (c Config) validate() error {
	switch {
	case c.Trees < 0:
		return fmt.Errorf("%w: %d trees", ErrConfig, c.Trees)
	case c.Subsample < 0:
		return fmt.Errorf("%w: a subsample of %d rows", ErrConfig, c.Subsample)
	case !(c.Contamination >= 0 && c.Contamination < 1):
		return fmt.Errorf("%w: contamination %v is not in [0, 1)", ErrConfig, c.Contamination)
	}
	return nil
}

// trees and subsample resolve the defaults for a table of n rows.
func (c Config) trees() int {
	if c.Trees == 0 {
		return defaultTrees
	}
	return c.Trees
}

func (c Config) subsample(n int) int {
	size := c.Subsample
	if size == 0 {
		size = defaultSubsample
	}
	return min(max(size, minSubsample), n)
}

// checkRows makes sure that every row has so many finite numbers.
func checkRows(rows [][]float64, width int) error {
	for i, row := range rows {
		if len(row) != width {
			return fmt.Errorf("%w: row %d has %d numbers, not %d", ErrRows, i, len(row), width)
		}
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%w: row %d, column %d is %v: leave out or fill in missing values", ErrRows, i, j, v)
			}
		}
	}
	return nil
}
