package drift

import (
	"fmt"
	"math"
	"sort"
)

const (
	maxBinsByValue = 20  // up to so many distinct reference values, a numerical column gets one bin a value
	maxBins        = 128 // twice what Sturges' rule asks for on any table; more means that rounding has eaten the width
)

// Shares are the two sides of a column as shares of their clean rows per bin, in ascending order of the bins, as [JensenShannon], [PSI] and
// [KullbackLeibler] compare them: equal widths by Sturges' rule over both sides, the last bin closed, for a numerical column with more than
// 20 distinct reference values; one bin a value otherwise.
func Shares(c Column) (reference, current []float64, err error) {
	s, err := prepare(c)
	if err != nil {
		return nil, nil, err
	}
	return s.shares()
}

func (s *sides) shares() (reference, current []float64, err error) {
	if s.kind == Numerical && s.strings == nil && countDistinct(s.reference, nil, maxBinsByValue) > maxBinsByValue {
		edges, err := sturgesEdges(s.reference, s.current, s.integers)
		if err != nil {
			return nil, nil, err
		}
		return histogram(s.reference, edges), histogram(s.current, edges), nil
	}
	c := s.counts()
	return ratios(c.reference, s.referenceRows), ratios(c.current, s.currentRows), nil
}

func ratios(counts []int, rows int) []float64 {
	shares := make([]float64, len(counts))
	for i, n := range counts {
		shares[i] = float64(n) / float64(rows)
	}
	return shares
}

// sturgesEdges are the edges of numpy.histogram_bin_edges(…, bins="sturges") over both sorted samples. They repeat its operations one by one,
// since a bin more, or an edge moved by the last bit, changes the score: the number of bins is a quotient rounded up, whole numbers get no
// bin narrower than 1, and no multiplication may be fused with an addition.
func sturgesEdges(reference, current []float64, integers bool) ([]float64, error) {
	first := min(reference[0], current[0])
	last := max(reference[len(reference)-1], current[len(current)-1])
	span := last - first
	width := span / (math.Log2(float64(len(reference)+len(current))) + 1)
	if integers && width < 1 {
		width = 1
	}
	quotient := math.Ceil(span / width)
	if !(quotient >= 1 && quotient <= maxBins) {
		return nil, fmt.Errorf("%w: %g to %g cannot be cut into equal bins", ErrRange, first, last)
	}
	bins := int(quotient)
	edges := make([]float64, bins+1)
	step := span / float64(bins)
	for i := range edges {
		offset := float64(float64(i) * step)
		if step == 0 { // span is so small that the quotient vanishes
			offset = float64(float64(i) / float64(bins) * span)
		}
		edges[i] = offset + first
	}
	edges[len(edges)-1] = last
	for i := 1; i < len(edges); i++ {
		if !(edges[i-1] < edges[i]) {
			return nil, fmt.Errorf("%w: %g to %g cannot be cut into %d bins", ErrRange, first, last, bins)
		}
	}
	return edges, nil
}

// histogram gives the share of the sorted values in each bin [edges[i], edges[i+1]), the last one closed.
func histogram(sorted, edges []float64) []float64 {
	bins := len(edges) - 1
	shares := make([]float64, bins)
	from := 0
	for i := range bins {
		to := len(sorted)
		if i < bins-1 {
			to = sort.SearchFloat64s(sorted, edges[i+1])
		}
		shares[i] = float64(to-from) / float64(len(sorted))
		from = to
	}
	return shares
}
