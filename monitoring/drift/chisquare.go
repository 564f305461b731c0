package drift

import (
	"fmt"
	"math"
)

// ChiSquare is Pearson's test that the current rows fall into categories as the reference rows do: expected are the reference counts scaled
// to the number of current rows, with one degree of freedom less than there are categories, as scipy.stats.chisquare is used by Evidently.
// Both slices count the rows of the same categories. A category that only the current rows have makes the p-value 0. With a single category
// the p-value is 1, as there is nothing that could differ (scipy gives NaN).
func ChiSquare(reference, current []int) (pValue float64, err error) {
	referenceRows, currentRows, err := totals(reference, current)
	if err != nil {
		return 0, fmt.Errorf("chi-square test: %w", err)
	}
	scale := float64(currentRows) / float64(referenceRows)
	var statistic sum
	for i, count := range reference {
		expected := float64(count) * scale
		difference := float64(current[i]) - expected
		if expected > 0 || difference > 0 { // a category without any row is no category
			statistic.add(difference * difference / expected)
		}
	}
	return chiSquareSurvival(categories(reference, current)-1, statistic.total()), nil
}

// totals adds up two slices of counts, and refuses slices that cannot be compared.
func totals(reference, current []int) (referenceRows, currentRows int, err error) {
	if len(reference) != len(current) {
		return 0, 0, fmt.Errorf("%w: %d reference categories, %d current ones", ErrKind, len(reference), len(current))
	}
	for i := range reference {
		if reference[i] < 0 || current[i] < 0 {
			return 0, 0, fmt.Errorf("%w: category %d has a negative count", ErrRange, i)
		}
		referenceRows += reference[i]
		currentRows += current[i]
	}
	if referenceRows == 0 || currentRows == 0 {
		return 0, 0, ErrEmpty
	}
	return referenceRows, currentRows, nil
}

func categories(reference, current []int) int {
	n := 0
	for i := range reference {
		if reference[i]+current[i] > 0 {
			n++
		}
	}
	return n
}

// chiSquareSurvival is P(χ² ≥ x) = Q(freedom/2, x/2). For a half-integer a the regularised incomplete gamma function is the finite sum Q(a,
// y) = Σ_{s<a} e^{-y} y^s/Γ(s+1) over s = 0, 1, … (even freedom), or erfc(√y) plus the same over s = ½, 3/2, … (odd freedom): Abramowitz
// and Stegun 26.4.4 and 26.4.5. All terms are positive; the sum starts at the largest and stops where terms no longer count.
func chiSquareSurvival(freedom int, x float64) float64 {
	y := x / 2
	switch {
	case freedom == 0 || y == 0:
		return 1
	case math.IsInf(y, 1):
		return 0
	}
	first, total := 0.0, 0.0
	if freedom%2 == 1 {
		first, total = 0.5, math.Erfc(math.Sqrt(y))
	}
	last := float64(freedom)/2 - 1
	if last < first {
		return total
	}
	peak := first + math.Floor(min(max(y-first, 0), last-first))
	top := math.Exp(-y)
	if peak > 0 {
		top = poissonTerm(peak, y)
	}
	total += top
	const negligible = 1e-18
	for s, term := peak, top; s > first && term > negligible*total; s-- {
		term *= s / y
		total += term
	}
	for s, term := peak, top; s < last && term > negligible*total; s++ {
		term *= y / (s + 1)
		total += term
	}
	return min(total, 1)
}
