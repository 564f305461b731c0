package describe

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Summary is a column in ten numbers.
type Summary struct {
	Count int
	// Mean and Std are the mean and the standard deviation of a sample (divided by n-1), which is NaN for a single value.
	Mean, Std float64
	// Min, Q1, Median, Q3 and Max are the quartiles, interpolated linearly as pandas and numpy do.
	Min, Q1, Median, Q3, Max float64
	// Distinct is the number of different values.
	Distinct int
	// Outside is the number of values more than one and a half interquartile ranges below Q1 or above Q3 (J. W. Tukey, "Exploratory Data
	// Analysis", 1977): what a box plot draws as points.
	Outside int
}

// Summarize describes the values, of which there must be at least one.
func Summarize(values []float64) (Summary, error) {
	if len(values) == 0 {
		return Summary{}, errors.New("describe: no values to summarize")
	}
	sorted := slices.Sorted(slices.Values(values))
	s := Summary{
		Count: len(values), Min: sorted[0], Q1: quantile(sorted, 0.25), Median: quantile(sorted, 0.5), Q3: quantile(sorted, 0.75),
		Max: sorted[len(sorted)-1],
	}
	s.Mean, s.Std = stat.MeanStdDev(values, nil)
	low, high := s.Q1-1.5*(s.Q3-s.Q1), s.Q3+1.5*(s.Q3-s.Q1)
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			s.Distinct++
		}
		if v < low || v > high {
			s.Outside++
		}
	}
	return s, nil
}

// quantile interpolates between the neighbours of place p(n-1), which is numpy's method "linear"; gonum has none that equals it.
func quantile(sorted []float64, p float64) float64 {
	place := p * float64(len(sorted)-1)
	below := int(math.Floor(place))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (place-float64(below))*(sorted[above]-sorted[below])
}
