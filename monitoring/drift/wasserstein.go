package drift

import (
	"fmt"
	"math"
)

// leastNorm keeps the norm of a nearly constant reference from blowing the distance up.
const leastNorm = 0.001

// NormedWasserstein is the first Wasserstein (earth mover's) distance between the two samples, the area between their empirical
// distribution functions, divided by the population standard deviation of the reference or by 0.001 if that is larger. Missing values (NaN,
// infinities) are dropped; the samples are not changed. Source: stattests/wasserstein_distance_norm.py and scipy.stats.wasserstein_distance.
// Values whose squares overflow give [ErrRange], where Evidently gives 0 or NaN.
func NormedWasserstein(reference, current []float64) (float64, error) {
	s, err := clean(Column{Reference: Floats(reference), Current: Floats(current)}, Numerical)
	if err != nil {
		return 0, fmt.Errorf("normed Wasserstein distance: %w", err)
	}
	return normedWasserstein(s.reference, s.current)
}

func normedWasserstein(reference, current []float64) (float64, error) {
	n1, n2 := float64(len(reference)), float64(len(current))
	i, j, last := 0, 0, 0.0
	var area sum
	eachValue(reference, current, func(value float64, inReference, inCurrent int) bool {
		if i+j > 0 {
			area.add(math.Abs(float64(i)/n1-float64(j)/n2) * (value - last))
		}
		i, j, last = i+inReference, j+inCurrent, value
		return true
	})
	deviation := populationDeviation(reference)
	distance := area.total() / max(deviation, leastNorm)
	if math.IsInf(deviation, 0) || distance-distance != 0 {
		return 0, fmt.Errorf("%w: the Wasserstein distance of values around %g overflows", ErrRange, last)
	}
	return distance, nil
}

// populationDeviation is the standard deviation that divides by n (numpy's default).
func populationDeviation(x []float64) float64 {
	var mean, squares sum
	for _, v := range x {
		mean.add(v)
	}
	centre := mean.total() / float64(len(x))
	for _, v := range x {
		squares.add((v - centre) * (v - centre))
	}
	return math.Sqrt(squares.total() / float64(len(x)))
}

// sum adds millions of numbers without losing digits (A. Neumaier's variant of Kahan summation, 1974).
type sum struct{ value, lost float64 }

func (s *sum) add(v float64) {
	next := s.value + v
	if math.Abs(s.value) >= math.Abs(v) {
		s.lost += s.value - next + v
	} else {
		s.lost += v - next + s.value
	}
	s.value = next
}

func (s *sum) total() float64 {
	if math.IsInf(s.value, 0) {
		return s.value // where the lost part is NaN
	}
	return s.value + s.lost
}
