package neighbors

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// ErrInput is in the chain of every error about data or parameters from which nothing can be learnt.
var ErrInput = errors.New("neighbors")

// Matrix is a dense table of numbers in row-major order: the value of row r and column c is Data[r*Cols+c]. It is a view: functions of
// this package never change Data, and results never share it.
type Matrix struct {
	Data       []float64
	Rows, Cols int
}

// Row returns row r as a slice into Data. It panics, as an index out of range does, when there is no such row.
func (m Matrix) Row(r int) []float64 {
	return m.Data[r*m.Cols : (r+1)*m.Cols : (r+1)*m.Cols]
}

// check refuses a matrix that is misshapen, has no column or holds a value that is not finite.
func (m Matrix) check() error {
	if m.Rows < 0 || m.Cols < 1 || m.Rows > math.MaxInt/m.Cols || len(m.Data) != m.Rows*m.Cols {
		return fmt.Errorf("%w: %d values for a matrix of %d rows × %d columns", ErrInput, len(m.Data), m.Rows, m.Cols)
	}
	for i, v := range m.Data {
		if v-v != 0 {
			return fmt.Errorf("%w: value %v in row %d, column %d; every value must be finite (impute or drop missing values first)",
				ErrInput, v, i/m.Cols, i%m.Cols)
		}
	}
	return nil
}

// Params are the parameters by scikit-learn's names. The others have its defaults: weights uniform, algorithm auto, metric minkowski with p=2.
type Params struct {
	// NNeighbors is k, at least 1 and at most the number of training rows.
	NNeighbors int
	// LeafSize is about how many rows the tree keeps together, at least 1. It changes speed, and which of equally distant rows count.
	LeafSize int
}

// DefaultParams are scikit-learn's.
func DefaultParams() Params { return Params{NNeighbors: 5, LeafSize: 30} }

// Classifier is a fitted KNeighborsClassifier. It is immutable and safe for concurrent use.
type Classifier struct {
	params  Params
	x       Matrix
	y       []int // index of each row's class
	classes []int
	tree    *Tree     // nil when every row is compared with
	squares []float64 // of the rows' lengths, in that case
}

// maxTreeFeatures is the number of features up to which scikit-learn builds a tree.
const maxTreeFeatures = 15

// Fit keeps the rows x and their labels y. It fails with [ErrInput].
func Fit(x Matrix, y []int, p Params) (*Classifier, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	switch {
	case len(y) != x.Rows:
		return nil, fmt.Errorf("%w: %d labels for %d rows", ErrInput, len(y), x.Rows)
	case p.NNeighbors < 1 || p.NNeighbors > x.Rows:
		return nil, fmt.Errorf("%w: n_neighbors is %d, want from 1 to the %d rows", ErrInput, p.NNeighbors, x.Rows)
	case p.LeafSize < 1:
		return nil, fmt.Errorf("%w: leaf_size is %d, want at least 1", ErrInput, p.LeafSize)
	}
	c := &Classifier{
		params: p, x: Matrix{Data: slices.Clone(x.Data), Rows: x.Rows, Cols: x.Cols},
		y: make([]int, len(y)), classes: slices.Compact(slices.Sorted(slices.Values(y))),
	}
	for r, label := range y {
		c.y[r], _ = slices.BinarySearch(c.classes, label)
	}
	if x.Cols > maxTreeFeatures || p.NNeighbors >= x.Rows/2 {
		c.squares = make([]float64, x.Rows)
		for r := range c.squares {
			c.squares[r] = product(x.Row(r), x.Row(r))
		}
		return c, nil
	}
	c.tree = newTree(c.x, p.LeafSize)
	return c, nil
}

// Params returns the parameters it was fitted with.
func (c *Classifier) Params() Params { return c.params }

// Classes returns the labels in ascending order.
func (c *Classifier) Classes() []int { return slices.Clone(c.classes) }

// Features returns the number of features.
func (c *Classifier) Features() int { return c.x.Cols }

// TrainingRows returns the rows that it keeps (_fit_X). Their numbers are shared: do not change them.
func (c *Classifier) TrainingRows() Matrix { return c.x }

// TrainingClasses returns the class of each row as an index into Classes (_y).
func (c *Classifier) TrainingClasses() []int { return slices.Clone(c.y) }

// Tree returns the tree (_tree), nil when every row is compared with (_fit_method "brute").
func (c *Classifier) Tree() *Tree { return c.tree }

// Neighbors returns, for each row of x, the numbers of the training rows that vote, in no order.
func (c *Classifier) Neighbors(ctx context.Context, x Matrix) ([][]int, error) {
	found := make([][]int, x.Rows)
	err := c.each(ctx, x, func(r int, nearest []int) { found[r] = slices.Clone(nearest) })
	return found, err
}

// PredictProba returns, for each row of x, the share of votes for each class.
func (c *Classifier) PredictProba(ctx context.Context, x Matrix) (Matrix, error) {
	out := Matrix{Data: make([]float64, x.Rows*len(c.classes)), Rows: x.Rows, Cols: len(c.classes)}
	err := c.each(ctx, x, func(r int, nearest []int) {
		shares := out.Row(r)
		for _, row := range nearest {
			shares[c.y[row]]++
		}
		for k := range shares {
			shares[k] /= float64(len(nearest))
		}
	})
	return out, err
}

// Predict returns the label of each row: that with most votes, the smallest of equal ones.
func (c *Classifier) Predict(ctx context.Context, x Matrix) ([]int, error) {
	shares, err := c.PredictProba(ctx, x)
	if err != nil {
		return nil, err
	}
	labels := make([]int, x.Rows)
	for r := range labels {
		row, best := shares.Row(r), 0
		for k, share := range row {
			if share > row[best] {
				best = k
			}
		}
		labels[r] = c.classes[best]
	}
	return labels, nil
}

// blockRows is the number of rows that a goroutine looks for at a time.
const blockRows = 64

// each finds the neighbours of every row, several at once. visit gets a slice that is used again.
func (c *Classifier) each(ctx context.Context, x Matrix, visit func(r int, nearest []int)) error {
	if err := x.check(); err != nil {
		return err
	}
	if x.Cols != c.x.Cols {
		return fmt.Errorf("%w: rows of %d features for a model of %d", ErrInput, x.Cols, c.x.Cols)
	}
	blocks := make(chan int)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (x.Rows+blockRows-1)/blockRows) {
		wait.Go(func() {
			h := newHeap(c.params.NNeighbors)
			for first := range blocks {
				for r := first; r < min(x.Rows, first+blockRows); r++ {
					h.reset()
					c.search(x.Row(r), h)
					visit(r, h.rows)
				}
			}
		})
	}
	for first := 0; first < x.Rows && ctx.Err() == nil; first += blockRows {
		blocks <- first
	}
	close(blocks)
	wait.Wait()
	return ctx.Err()
}

// search puts the nearest rows into the heap.
func (c *Classifier) search(point []float64, h *heap) {
	if c.tree != nil {
		c.tree.search(point, h)
		return
	}
	square := product(point, point)
	for r := range c.x.Rows {
		h.push(max(0, (square+float64(-2*product(point, c.x.Row(r))))+c.squares[r]), r)
	}
}

// product is the scalar product, each step rounded once, as a matrix multiplication on a processor with fused multiply-add rounds it.
func product(a, b []float64) float64 {
	sum := 0.0
	b = b[:len(a)]
	for i, v := range a {
		sum = math.FMA(v, b[i], sum)
	}
	return sum
}
