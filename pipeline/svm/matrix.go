package svm

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// ErrInput is in the chain of every error about data or parameters from which nothing can be learnt.
var ErrInput = errors.New("svm")

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

// checkWidth refuses rows that a model of so many features cannot judge.
func (m Matrix) checkWidth(features int) error {
	if err := m.check(); err != nil {
		return err
	}
	if m.Cols != features {
		return fmt.Errorf("%w: rows of %d features for a model of %d", ErrInput, m.Cols, features)
	}
	return nil
}

// grouped are training rows in the order in which both methods see them: by class, and within a class as they came.
type grouped struct {
	x       Matrix
	rows    []int // the row of the original data at each position
	classes []int // the labels, ascending
	start   []int // class i has the positions start[i] to start[i+1]
}

// group checks the data and puts it in order.
func group(x Matrix, y []int) (*grouped, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if len(y) != x.Rows {
		return nil, fmt.Errorf("%w: %d labels for %d rows", ErrInput, len(y), x.Rows)
	}
	g := &grouped{rows: make([]int, x.Rows), classes: slices.Compact(slices.Sorted(slices.Values(y)))}
	if len(g.classes) < 2 {
		return nil, fmt.Errorf("%w: %d classes in %d rows; at least 2 are needed", ErrInput, len(g.classes), x.Rows)
	}
	for i := range g.rows {
		g.rows[i] = i
	}
	slices.SortStableFunc(g.rows, func(a, b int) int { return y[a] - y[b] })
	g.x = Matrix{Data: make([]float64, 0, len(x.Data)), Rows: x.Rows, Cols: x.Cols}
	for position, row := range g.rows {
		g.x.Data = append(g.x.Data, x.Row(row)...)
		if position == 0 || y[row] != y[g.rows[position-1]] {
			g.start = append(g.start, position)
		}
	}
	g.start = append(g.start, x.Rows)
	return g, nil
}

// parallel calls work(0) to work(n-1), as many at once as there are processors, and returns the first error in that order.
func parallel(n int, work func(i int) error) error {
	errs := make([]error, n)
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				errs[i] = work(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// blockRows is the number of rows that a goroutine judges at a time.
const blockRows = 64

// eachBlock calls judge for the rows of x, in blocks and several at once.
func eachBlock(rows int, judge func(from, to int) error) error {
	return parallel((rows+blockRows-1)/blockRows, func(i int) error {
		return judge(i*blockRows, min(rows, (i+1)*blockRows))
	})
}
