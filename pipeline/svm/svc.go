package svm

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Params are the parameters of SVC by scikit-learn's names. The others have its defaults: no class weights, no probabilities, break_ties
// False, decision_function_shape ovr.
type Params struct {
	// C is what a row on the wrong side of the margin costs; above 0.
	C      float64
	Kernel Kernel // empty is KernelRBF
	// Degree is the power of KernelPoly, at least 0.
	Degree int
	// Gamma is the factor of all kernels but the linear one, at least 0, unless GammaRule gives it.
	Gamma float64
	// GammaRule is "scale" (1 over features times the variance of all values), "auto" (1 over features), or empty for Gamma.
	GammaRule string
	Coef0     float64
	// Tol is the largest violation of the optimum's conditions at which the search stops; above 0.
	Tol float64
	// NoShrinking keeps rows in play that are settled to all appearances: slower, and a slightly different solution within Tol.
	NoShrinking bool
	// CacheMB is the memory for rows of kernels in MB, above 0; it changes no result.
	CacheMB float64
	// MaxIter bounds the iterations for each pair of classes; −1 for no bound.
	MaxIter int
}

// DefaultParams are scikit-learn's.
func DefaultParams() Params {
	return Params{C: 1, Kernel: KernelRBF, Degree: 3, GammaRule: "scale", Tol: 1e-3, CacheMB: 200, MaxIter: -1}
}

// Validate refuses what scikit-learn refuses.
func (p Params) Validate() error {
	switch {
	case !(p.C > 0) || p.C-p.C != 0:
		return fmt.Errorf("%w: C is %v, want a number above 0", ErrInput, p.C)
	case !slices.Contains([]Kernel{"", KernelRBF, KernelLinear, KernelPoly, KernelSigmoid}, p.Kernel):
		return fmt.Errorf("%w: kernel %q, want rbf, linear, poly or sigmoid", ErrInput, p.Kernel)
	case p.Degree < 0:
		return fmt.Errorf("%w: degree is %d, want at least 0", ErrInput, p.Degree)
	case !slices.Contains([]string{"scale", "auto", ""}, p.GammaRule):
		return fmt.Errorf("%w: gamma is %q, want scale, auto or a number", ErrInput, p.GammaRule)
	case p.GammaRule == "" && (!(p.Gamma >= 0) || p.Gamma-p.Gamma != 0):
		return fmt.Errorf("%w: gamma is %v, want a number not below 0", ErrInput, p.Gamma)
	case p.Coef0-p.Coef0 != 0:
		return fmt.Errorf("%w: coef0 is %v, want a finite number", ErrInput, p.Coef0)
	case !(p.Tol > 0):
		return fmt.Errorf("%w: tol is %v, want a number above 0", ErrInput, p.Tol)
	case !(p.CacheMB > 0):
		return fmt.Errorf("%w: cache_size is %v MB, want a number above 0", ErrInput, p.CacheMB)
	case p.MaxIter < -1:
		return fmt.Errorf("%w: max_iter is %d, want at least 0, or -1 for no bound", ErrInput, p.MaxIter)
	}
	return nil
}

// SVC is a fitted SVC. It is immutable and safe for concurrent use.
type SVC struct {
	params  Params
	gamma   float64
	rows    int // of the training data
	classes []int
	// Support vectors stand by class, counts of each. A pair of classes (i, j) has its coefficients in row j−1 of coef at the
	// vectors of i, and in row i at those of j.
	support    []int
	vectors    Matrix
	counts     []int
	coef       Matrix
	intercept  []float64 // of each pair
	iterations []int
}

// FitSVC trains on rows x with labels y, of at least two classes. It fails with [ErrInput], or with the error of a context that ends.
func FitSVC(ctx context.Context, x Matrix, y []int, p Params) (*SVC, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	g, err := group(x, y)
	if err != nil {
		return nil, err
	}
	if p.Kernel == "" {
		p.Kernel = KernelRBF
	}
	m := &SVC{params: p, gamma: p.gammaFor(x), rows: x.Rows, classes: g.classes}
	pairs := pairsOf(g, newGram(m.similarity(), g.x), p)
	// The largest pairs first, so that no goroutine is left with one at the end.
	order := make([]int, len(pairs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return pairs[b].size() - pairs[a].size() })
	if err := parallel(len(pairs), func(i int) error { return pairs[order[i]].solve(ctx) }); err != nil {
		return nil, err
	}
	m.collect(g, pairs)
	for _, v := range slices.Concat(m.coef.Data, m.intercept) {
		if v-v != 0 {
			return nil, fmt.Errorf("%w: the coefficients are not finite: the data may contain large values and need scaling", ErrInput)
		}
	}
	return m, nil
}

// gammaFor is the number that stands for gamma.
func (p Params) gammaFor(x Matrix) float64 {
	switch p.GammaRule {
	case "":
		return p.Gamma
	case "auto":
		return 1 / float64(x.Cols)
	}
	n := float64(len(x.Data))
	mean := pairwiseSum(x.Data) / n
	squares := make([]float64, len(x.Data))
	for i, v := range x.Data {
		squares[i] = (v - mean) * (v - mean)
	}
	variance := pairwiseSum(squares) / n
	if variance == 0 {
		return 1
	}
	return 1 / (float64(x.Cols) * variance)
}

func (m *SVC) similarity() similarity {
	return similarity{kernel: m.params.Kernel, gamma: m.gamma, coef0: m.params.Coef0, degree: m.params.Degree}
}

// collect puts the pairs' solutions together: a row that is a support vector of one pair is one of the model.
func (m *SVC) collect(g *grouped, pairs []*pair) {
	supports := make([]bool, len(g.rows))
	for _, p := range pairs {
		m.intercept, m.iterations = append(m.intercept, -p.rho), append(m.iterations, p.iterations)
		for k, a := range p.alpha {
			if a != 0 {
				supports[p.position(k)] = true
			}
		}
	}
	column := make([]int, len(g.rows)) // the number of the support vector at a position
	m.vectors.Cols = g.x.Cols
	m.counts = make([]int, len(m.classes))
	for class := range m.classes {
		for position := g.start[class]; position < g.start[class+1]; position++ {
			if !supports[position] {
				continue
			}
			column[position] = len(m.support)
			m.support = append(m.support, g.rows[position])
			m.vectors.Data = append(m.vectors.Data, g.x.Row(position)...)
			m.counts[class]++
		}
	}
	m.vectors.Rows = len(m.support)
	m.coef = Matrix{Data: make([]float64, (len(m.classes)-1)*len(m.support)), Rows: len(m.classes) - 1, Cols: len(m.support)}
	for _, p := range pairs {
		for k, a := range p.alpha {
			if a == 0 {
				continue
			}
			row := p.second - 1
			if k >= p.firstRows {
				row = p.first
			}
			m.coef.Row(row)[column[p.position(k)]] = math.Copysign(a, p.sideOf(k))
		}
	}
}

// Params returns the parameters it was trained with.
func (m *SVC) Params() Params { return m.params }

// Gamma returns the kernel's factor (_gamma), which a rule may have given.
func (m *SVC) Gamma() float64 { return m.gamma }

// Classes returns the labels in ascending order.
func (m *SVC) Classes() []int { return slices.Clone(m.classes) }

// Features returns the number of features.
func (m *SVC) Features() int { return m.vectors.Cols }

// TrainingRows returns the number of rows it was trained on.
func (m *SVC) TrainingRows() int { return m.rows }

// Support returns the numbers of the training rows that are support vectors (support_), class by class.
func (m *SVC) Support() []int { return slices.Clone(m.support) }

// SupportVectors returns those rows (support_vectors_).
func (m *SVC) SupportVectors() Matrix {
	return Matrix{Data: slices.Clone(m.vectors.Data), Rows: m.vectors.Rows, Cols: m.vectors.Cols}
}

// Counts returns the number of support vectors of each class (n_support_).
func (m *SVC) Counts() []int { return slices.Clone(m.counts) }

// DualCoef returns the coefficients in libsvm's layout (_dual_coef_): classes−1 rows, a column for each support vector. The pair of
// classes i < j has them in row j−1 at the vectors of i, and in row i at those of j.
func (m *SVC) DualCoef() Matrix {
	return Matrix{Data: slices.Clone(m.coef.Data), Rows: m.coef.Rows, Cols: m.coef.Cols}
}

// Intercept returns the constant of each pair of classes (_intercept_), in the order (0,1), (0,2), …, (1,2), ….
func (m *SVC) Intercept() []float64 { return slices.Clone(m.intercept) }

// Iterations returns the iterations for each pair (n_iter_).
func (m *SVC) Iterations() []int { return slices.Clone(m.iterations) }
