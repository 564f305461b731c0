package drift

import (
	"fmt"
	"math"
)

// ZTest compares two proportions: referenceHits of referenceRows against currentHits of currentRows. The p-value is 2(1-Φ|z|) with the
// pooled variance, as Evidently computes it (stattests/z_stattest.py). When all rows of both sides are hits, or none, it is 1.
func ZTest(referenceHits, referenceRows, currentHits, currentRows int) (pValue float64, err error) {
	switch {
	case referenceRows <= 0 || currentRows <= 0:
		return 0, fmt.Errorf("z-test: %w", ErrEmpty)
	case referenceHits < 0 || referenceHits > referenceRows || currentHits < 0 || currentHits > currentRows:
		return 0, fmt.Errorf("z-test: %w: hits must be between 0 and the number of rows", ErrRange)
	}
	n1, n2 := float64(referenceRows), float64(currentRows)
	p1, p2 := float64(referenceHits)/n1, float64(currentHits)/n2
	pooled := (float64(p1*n1) + float64(p2*n2)) / (n1 + n2)
	variance := pooled * (1 - pooled) * (1/n1 + 1/n2)
	if hits := referenceHits + currentHits; hits == 0 || hits == referenceRows+currentRows {
		return 1, nil
	}
	z := (p1 - p2) / math.Sqrt(variance)
	return math.Erfc(math.Abs(z) / math.Sqrt2), nil
}

// zTest takes every value but the smallest for a hit, as Evidently does also when there are more than two values.
func zTest(c *counts) (float64, error) {
	referenceRows, currentRows, err := totals(c.reference, c.current)
	if err != nil {
		return 0, err
	}
	return ZTest(referenceRows-c.reference[0], referenceRows, currentRows-c.current[0], currentRows)
}
