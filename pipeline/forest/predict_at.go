package forest

import (
	"context"
	"fmt"
	"slices"
)

// PredictAt returns, for each number k of sizes, what Prefix(k).Predict(ctx, x) returns, at the cost of one Predict in all. The sizes
// are ascending, from 1 to NEstimators. [Classifier.StagedPredict] gives every k, one after the other and in one goroutine.
func (c *Classifier) PredictAt(ctx context.Context, x Matrix, sizes ...int) ([][]int, error) {
	if err := c.checkInput(x); err != nil {
		return nil, err
	}
	for i, size := range sizes {
		if size < 1 || size > len(c.flat) || i > 0 && size <= sizes[i-1] {
			return nil, fmt.Errorf("%w: predictions of %v trees of a forest of %d", ErrParams, sizes, len(c.flat))
		}
	}
	out := make([][]int, len(sizes))
	for i := range out {
		out[i] = make([]int, x.Rows)
	}
	if len(sizes) == 0 {
		return out, nil
	}
	k := len(c.labels)
	err := c.eachBlock(ctx, x, func(first int, w *walker) {
		acc := make([]float64, w.n*k)
		for i := range c.flat[:sizes[len(sizes)-1]] {
			w.addTo(acc, &c.flat[i], k)
			at, wanted := slices.BinarySearch(sizes, i+1)
			if !wanted {
				continue
			}
			for r := range w.n {
				out[at][first+r] = c.labels[argmaxOfMean(acc[r*k:(r+1)*k], i+1)]
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
