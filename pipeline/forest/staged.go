package forest

import (
	"context"
	"iter"
)

// StagedPredict yields, for k = 1, 2, … NEstimators, what Prefix(k).Predict(ctx, x) returns, at the cost of one Predict
// in all. The slice is reused between steps. On bad input or when ctx is cancelled it yields (0, nil) last:
// a full run ends with k = NEstimators.
func (c *Classifier) StagedPredict(ctx context.Context, x Matrix) iter.Seq2[int, []int] {
	return func(yield func(int, []int) bool) {
		if c.checkInput(x) != nil {
			yield(0, nil)
			return
		}
		blocks, k := newBlocks(x), len(c.labels)
		sums, labels := make([]float64, x.Rows*k), make([]int, x.Rows)
		for i := range c.flat {
			if ctx.Err() != nil {
				yield(0, nil)
				return
			}
			for b, w := range blocks {
				w.addTo(sums[b*blockRows*k:], &c.flat[i], k)
			}
			for r := range labels {
				labels[r] = c.labels[argmaxOfMean(sums[r*k:(r+1)*k], i+1)]
			}
			if !yield(i+1, labels) {
				return
			}
		}
	}
}

// argmaxOfMean returns the first position of the largest sum/n. Division can make different sums equal.
func argmaxOfMean(sums []float64, n int) int {
	best, highest := 0, sums[0]/float64(n)
	for i := 1; i < len(sums); i++ {
		if mean := sums[i] / float64(n); mean > highest {
			best, highest = i, mean
		}
	}
	return best
}

// newBlocks loads all rows of x.
func newBlocks(x Matrix) (blocks []*walker) {
	for first := 0; first < x.Rows; first += blockRows {
		w := newWalker(x.Cols)
		w.load(x, first, min(blockRows, x.Rows-first))
		blocks = append(blocks, w)
	}
	return blocks
}
