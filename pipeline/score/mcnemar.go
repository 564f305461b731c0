package score

import "math"

// McNemar is the two-sided p-value of McNemar's exact test, which compares two classifiers on the same rows: onlyFirst rows are right by the
// first alone, onlySecond by the second alone; the others tell nothing. If neither is better, the number of either is binomial with a
// probability of one half (Q. McNemar, Psychometrika 12, 1947; the exact form is scipy's binomtest(onlyFirst, onlyFirst+onlySecond)). It is 1
// without such rows. Negative numbers count as none.
func McNemar(onlyFirst, onlySecond int) float64 {
	onlyFirst, onlySecond = max(onlyFirst, 0), max(onlySecond, 0)
	n, k := float64(onlyFirst+onlySecond), float64(min(onlyFirst, onlySecond))
	if onlyFirst == onlySecond {
		return 1
	}
	// The tail from k down to 0, each term from the one before; the first would underflow without logarithms.
	all, _ := math.Lgamma(n + 1)
	chosen, _ := math.Lgamma(k + 1)
	rest, _ := math.Lgamma(n - k + 1)
	term := math.Exp(all - chosen - rest - n*math.Ln2)
	tail := 0.0
	for i := k; i >= 0 && term > 0; i-- {
		tail += term
		term *= i / (n - i + 1)
	}
	return min(1, 2*tail)
}
