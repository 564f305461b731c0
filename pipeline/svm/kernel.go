package svm

import (
	"math"
	"sync/atomic"
)

// Kernel says how alike two rows are.
type Kernel string

// The kernels, by scikit-learn's names. a·b is the scalar product of two rows.
const (
	KernelRBF     Kernel = "rbf"     // exp(−gamma |a−b|²)
	KernelLinear  Kernel = "linear"  // a·b
	KernelPoly    Kernel = "poly"    // (gamma a·b + coef0)^degree
	KernelSigmoid Kernel = "sigmoid" // tanh(gamma a·b + coef0)
)

// similarity is a kernel with its parameters.
type similarity struct {
	kernel       Kernel
	gamma, coef0 float64
	degree       int
}

// of is the kernel of two rows whose product is given.
func (s similarity) of(product float64) float64 {
	switch s.kernel {
	case KernelPoly:
		return power(float64(s.gamma*product)+s.coef0, s.degree)
	case KernelSigmoid:
		return math.Tanh(float64(s.gamma*product) + s.coef0)
	default:
		return product
	}
}

// between is the kernel of two rows, with their difference summed for RBF: exacter than from products.
func (s similarity) between(a, b []float64) float64 {
	if s.kernel != KernelRBF {
		return s.of(product(a, b))
	}
	sum := 0.0
	b = b[:len(a)]
	for i, v := range a {
		d := v - b[i]
		sum = math.FMA(d, d, sum)
	}
	return math.Exp(-s.gamma * sum)
}

// power is base^n by squaring.
func power(base float64, n int) float64 {
	result := 1.0
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			result *= base
		}
		base *= base
	}
	return result
}

// gram gives the kernel between training rows as libsvm has it, in 32 bits. Whole rows are kept, for all pairs of classes, where they fit.
type gram struct {
	similarity
	x       Matrix
	squares []float64
	rows    []atomic.Pointer[[]float32] // nil where they would take too much memory
}

// sharedBytes is what the kernel between all training rows may take.
const sharedBytes = 128 << 20

func newGram(s similarity, x Matrix) *gram {
	g := &gram{similarity: s, x: x, squares: make([]float64, x.Rows)}
	for r := range g.squares {
		g.squares[r] = product(x.Row(r), x.Row(r))
	}
	if x.Rows*x.Rows <= sharedBytes/4 {
		g.rows = make([]atomic.Pointer[[]float32], x.Rows)
	}
	return g
}

// at is the kernel of two rows by their numbers.
func (g *gram) at(i, j int) float64 {
	p := product(g.x.Row(i), g.x.Row(j))
	if g.kernel == KernelRBF {
		return math.Exp(-g.gamma * (g.squares[i] + g.squares[j] - float64(2*p)))
	}
	return g.of(p)
}

// row is the kernel of a row with every row, nil when rows are not kept.
func (g *gram) row(i int) []float32 {
	if g.rows == nil {
		return nil
	}
	if known := g.rows[i].Load(); known != nil {
		return *known
	}
	row := make([]float32, g.x.Rows)
	if g.kernel == KernelRBF {
		g.fillRBF(row, i)
	} else {
		for j := range row {
			row[j] = float32(g.at(i, j))
		}
	}
	g.rows[i].Store(&row)
	return row
}

// fillRBF is at for a whole row, without a call for each element.
func (g *gram) fillRBF(row []float32, i int) {
	a, square, data := g.x.Row(i), g.squares[i], g.x.Data
	for j, other := range g.squares[:len(row)] {
		b := data[:len(a)]
		data = data[len(a):]
		p := 0.0
		for k, v := range a {
			p = math.FMA(v, b[k], p)
		}
		row[j] = float32(math.Exp(-g.gamma * (square + other - float64(2*p))))
	}
}
