package forest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
)

// minBlockRows is the number of rows below which another goroutine does not pay.
const minBlockRows = 16

// compile prepares the trees that are new for prediction.
func (c *Classifier) compile() {
	first := len(c.flat)
	c.flat = append(slices.Clone(c.flat), make([]flatTree, len(c.trees)-first)...)
	var next atomic.Int64
	next.Store(int64(first))
	parallel(jobs(c.params.NJobs, len(c.trees)-first), func(int) {
		for i := next.Add(1) - 1; i < int64(len(c.trees)); i = next.Add(1) - 1 {
			c.flat[i] = flatten(c.trees[i])
		}
	})
}

// PredictProba returns the probability of each class (columns, in the order of Classes) for each row of x: the mean of
// the trees' leaves, added in the order of the trees. scikit-learn gives the same bits with n_jobs=1; with more, it
// adds in whatever order its threads finish.
func (c *Classifier) PredictProba(ctx context.Context, x Matrix) (Matrix, error) {
	if err := c.checkInput(x); err != nil {
		return Matrix{}, err
	}
	k := len(c.labels)
	out := Matrix{Data: make([]float64, x.Rows*k), Rows: x.Rows, Cols: k}
	err := c.eachBlock(ctx, x, func(first int, w *walker) {
		acc := out.Data[first*k : (first+w.n)*k]
		for i := range c.flat {
			w.addTo(acc, &c.flat[i], k)
		}
		divide(acc, len(c.flat))
	})
	if err != nil {
		return Matrix{}, err
	}
	return out, nil
}

// Predict returns the most probable label of each row; among equals the smallest label.
func (c *Classifier) Predict(ctx context.Context, x Matrix) ([]int, error) {
	p, err := c.PredictProba(ctx, x)
	if err != nil {
		return nil, err
	}
	out := make([]int, p.Rows)
	for r := range out {
		out[r] = c.labels[argmax(p.Row(r))]
	}
	return out, nil
}

// PredictRow classifies one row. probabilities, one for each of Classes, is overwritten with the row's probabilities.
// It does not allocate.
func (c *Classifier) PredictRow(row, probabilities []float64) (class int, err error) {
	if len(row) != c.features {
		return 0, fmt.Errorf("%w: a row of %d values for a forest of %d features", ErrInput, len(row), c.features)
	}
	if len(probabilities) != len(c.labels) {
		return 0, fmt.Errorf("%w: room for %d probabilities, %d classes", ErrInput, len(probabilities), len(c.labels))
	}
	if err := (Matrix{Data: row, Rows: 1, Cols: len(row)}).checkFinite(); err != nil {
		return 0, err
	}
	clear(probabilities)
	for i := range c.flat {
		c.flat[i].addRow(probabilities, row)
	}
	divide(probabilities, len(c.flat))
	return c.labels[argmax(probabilities)], nil
}

func (c *Classifier) checkInput(x Matrix) error {
	if err := x.check(); err != nil {
		return err
	}
	if x.Cols != c.features {
		return fmt.Errorf("%w: %d columns for a forest of %d features", ErrInput, x.Cols, c.features)
	}
	return nil
}

// eachBlock calls visit for all rows of x in blocks, in parallel; first is the number of the block's first row.
func (c *Classifier) eachBlock(ctx context.Context, x Matrix, visit func(first int, w *walker)) error {
	workers := jobs(c.params.NJobs, (x.Rows+minBlockRows-1)/minBlockRows)
	size := max(1, min(blockRows, (x.Rows+workers-1)/workers))
	var next atomic.Int64
	parallel(workers, func(int) {
		w := newWalker(x.Cols)
		for ctx.Err() == nil {
			first := int(next.Add(int64(size))) - size
			if first >= x.Rows {
				return
			}
			w.load(x, first, min(size, x.Rows-first))
			visit(first, w)
		}
	})
	return ctx.Err()
}

func (f *flatTree) addRow(acc, row []float64) {
	at := f.root
	for at >= 0 {
		n := &f.nodes[at]
		at = n.next(sortable(float32(row[n.feature])))
	}
	addShares(acc, f.shares[int(^at)*len(acc):])
}

func addShares(acc, shares []float64) {
	for k, v := range shares[:len(acc)] {
		acc[k] += v
	}
}

func divide(v []float64, n int) {
	for i := range v {
		v[i] /= float64(n)
	}
}

// argmax returns the first position of the largest value.
func argmax(v []float64) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
