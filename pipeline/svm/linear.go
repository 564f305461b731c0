package svm

import (
	"context"
	"fmt"
	"slices"
)

// LinearParams are the parameters of LinearSVC by scikit-learn's names. The others have its defaults: penalty l2, loss squared_hinge, dual
// auto, multi_class ovr, no class weights.
type LinearParams struct {
	// C is what a row on the wrong side of the margin costs; above 0.
	C float64
	// Tol is the tolerance at which the search stops, above 0: the gradient's norm relative to its first, times the share of the rarer side.
	Tol float64
	// NoIntercept leaves the intercept out (fit_intercept=False).
	NoIntercept bool
	// InterceptScaling is the value of the constant feature whose weight, which costs like any other, is the intercept; above 0.
	InterceptScaling float64
	// MaxIter bounds the Newton steps for each class, at least 1.
	MaxIter int
}

// DefaultLinearParams are scikit-learn's.
func DefaultLinearParams() LinearParams {
	return LinearParams{C: 1, Tol: 1e-4, InterceptScaling: 1, MaxIter: 1000}
}

// Validate refuses what scikit-learn refuses.
func (p LinearParams) Validate() error {
	switch {
	case !(p.C > 0) || p.C-p.C != 0:
		return fmt.Errorf("%w: C is %v, want a number above 0", ErrInput, p.C)
	case !(p.Tol > 0):
		return fmt.Errorf("%w: tol is %v, want a number above 0", ErrInput, p.Tol)
	case !p.NoIntercept && !(p.InterceptScaling > 0):
		return fmt.Errorf("%w: intercept_scaling is %v, want a number above 0", ErrInput, p.InterceptScaling)
	case p.MaxIter < 1:
		return fmt.Errorf("%w: max_iter is %d, want at least 1", ErrInput, p.MaxIter)
	}
	return nil
}

// Linear is a fitted LinearSVC. It is immutable and safe for concurrent use.
type Linear struct {
	params     LinearParams
	classes    []int
	coef       Matrix
	intercept  []float64
	iterations []int
}

// FitLinear trains on rows x with labels y, of at least two classes. It fails with [ErrInput], or with the error of a context that ends.
func FitLinear(ctx context.Context, x Matrix, y []int, p LinearParams) (*Linear, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	g, err := group(x, y)
	if err != nil {
		return nil, err
	}
	surfaces := len(g.classes)
	if surfaces == 2 {
		surfaces = 1 // the positive side is the second class
	}
	m := &Linear{
		params: p, classes: g.classes, intercept: make([]float64, surfaces), iterations: make([]int, surfaces),
		coef: Matrix{Data: make([]float64, surfaces*x.Cols), Rows: surfaces, Cols: x.Cols},
	}
	rows := g.x
	if !p.NoIntercept {
		rows = withConstant(g.x, p.InterceptScaling)
	}
	err = parallel(surfaces, func(i int) error {
		class := i
		if surfaces == 1 {
			class = 1
		}
		loss := newHingeLoss(rows, g.start[class], g.start[class+1], p.C)
		weights, iterations, err := loss.minimise(ctx, p)
		if err != nil {
			return err
		}
		m.iterations[i] = iterations
		copy(m.coef.Row(i), weights)
		if !p.NoIntercept {
			m.intercept[i] = p.InterceptScaling * weights[x.Cols]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// withConstant appends a column.
func withConstant(x Matrix, value float64) Matrix {
	out := Matrix{Data: make([]float64, 0, x.Rows*(x.Cols+1)), Rows: x.Rows, Cols: x.Cols + 1}
	for r := range x.Rows {
		out.Data = append(append(out.Data, x.Row(r)...), value)
	}
	return out
}

// Params returns the parameters it was trained with.
func (m *Linear) Params() LinearParams { return m.params }

// Classes returns the labels in ascending order.
func (m *Linear) Classes() []int { return slices.Clone(m.classes) }

// Features returns the number of features.
func (m *Linear) Features() int { return m.coef.Cols }

// Coef returns the weights (coef_), a row for each class; one row, for the second class, when there are two.
func (m *Linear) Coef() Matrix {
	return Matrix{Data: slices.Clone(m.coef.Data), Rows: m.coef.Rows, Cols: m.coef.Cols}
}

// Intercept returns the constants (intercept_), one for each row of Coef.
func (m *Linear) Intercept() []float64 { return slices.Clone(m.intercept) }

// Iterations returns the Newton steps for each row of Coef; scikit-learn's n_iter_ is the largest of them. One that equals MaxIter, or is
// larger, tells that the search was cut short.
func (m *Linear) Iterations() []int { return slices.Clone(m.iterations) }

// Decision returns the decision function: for each row of x a column for each class, or one column when there are two, above 0 for the
// second class.
func (m *Linear) Decision(ctx context.Context, x Matrix) (Matrix, error) {
	if err := x.checkWidth(m.coef.Cols); err != nil {
		return Matrix{}, err
	}
	out := Matrix{Data: make([]float64, x.Rows*m.coef.Rows), Rows: x.Rows, Cols: m.coef.Rows}
	for r := range x.Rows {
		if r%blockRows == 0 && ctx.Err() != nil {
			return Matrix{}, ctx.Err()
		}
		row, values := x.Row(r), out.Row(r)
		for k := range values {
			values[k] = dot(row, m.coef.Row(k)) + m.intercept[k]
		}
	}
	return out, nil
}

// Predict returns the label of each row: that of the largest decision value, the first of equal ones.
func (m *Linear) Predict(ctx context.Context, x Matrix) ([]int, error) {
	values, err := m.Decision(ctx, x)
	if err != nil {
		return nil, err
	}
	labels := make([]int, x.Rows)
	for r := range labels {
		labels[r] = m.classes[winner(values.Row(r))]
	}
	return labels, nil
}

// winner is the class that decision values speak for, by its index.
func winner(values []float64) int {
	if len(values) == 1 {
		if values[0] > 0 {
			return 1
		}
		return 0
	}
	best := 0
	for k, v := range values {
		if v > values[best] {
			best = k
		}
	}
	return best
}
