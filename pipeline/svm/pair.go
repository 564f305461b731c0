package svm

import (
	"context"
	"math"
)

// pair is the problem of two classes: minimise ½ αᵀQα − Σα with Σ yα = 0 and 0 ≤ α ≤ C, where Q holds y y' times the kernel. Rows of the
// first class, whose y is +1, stand before those of the second.
type pair struct {
	gram          *gram
	params        Params
	first, second int // the classes' indices
	firstRows     int
	firstStart    int // the position of the first row of each class among all
	secondStart   int
	rows          int
	cacheRows     int // rows of Q to keep at a time

	// What solve finds: the coefficients by row of the pair, the constant, and the number of iterations.
	alpha      []float64
	rho        float64
	iterations int
}

// pairsOf lists the pairs in libsvm's order.
func pairsOf(g *grouped, kernels *gram, p Params) []*pair {
	var pairs []*pair
	for i := range g.classes {
		for j := i + 1; j < len(g.classes); j++ {
			one := &pair{
				gram: kernels, params: p, first: i, second: j, firstStart: g.start[i], secondStart: g.start[j],
				firstRows: g.start[i+1] - g.start[i], rows: g.start[i+1] - g.start[i] + g.start[j+1] - g.start[j],
			}
			one.cacheRows = max(2, int(min(p.CacheMB*(1<<20)/float64(4*one.rows), float64(one.rows))))
			pairs = append(pairs, one)
		}
	}
	return pairs
}

func (p *pair) size() int { return p.rows }

// position is the place of the pair's row k among all training rows in order of classes.
func (p *pair) position(k int) int {
	if k < p.firstRows {
		return p.firstStart + k
	}
	return p.secondStart + k - p.firstRows
}

// sideOf is y.
func (p *pair) sideOf(k int) float64 {
	if k < p.firstRows {
		return 1
	}
	return -1
}

// bound tells where a coefficient is.
type bound int8

const (
	lower bound = iota // 0
	free
	upper // C
)

// solver is the state of the search. Index t stands for a row whose place changes: rows at active and after are settled to all appearances, and
// left alone until the end.
type solver struct {
	p      *pair
	q      *rowCache
	c, tol float64

	y        []float64
	alpha    []float64
	at       []bound
	g        []float64 // the gradient
	gUpper   []float64 // the part of it that coefficients at C make
	original []int     // the row of the pair at each index
	active   int
	unshrunk bool
}

// tau stands in for a curvature that is not positive.
const tau = 1e-12

// patience is how many iterations pass between two shrinkings at most, and between looks at the context.
const patience = 1000

func newSolver(p *pair) *solver {
	n := p.rows
	s := &solver{
		p: p, c: p.params.C, tol: p.params.Tol, active: n,
		y: make([]float64, n), alpha: make([]float64, n), at: make([]bound, n),
		g: make([]float64, n), gUpper: make([]float64, n), original: make([]int, n),
	}
	positions := make([]int32, n)
	for k := range n {
		s.y[k], s.g[k], s.original[k] = p.sideOf(k), -1, k
		positions[k] = int32(p.position(k))
	}
	s.q = newRowCache(p.gram, positions, s.y, p.cacheRows)
	return s
}

// solve runs libsvm's search from α = 0.
func (p *pair) solve(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := newSolver(p)
	countdown := min(p.rows, patience) + 1
	for p.params.MaxIter < 0 || p.iterations < p.params.MaxIter {
		if countdown--; countdown == 0 {
			countdown = min(p.rows, patience)
			if err := ctx.Err(); err != nil {
				return err
			}
			if !p.params.NoShrinking {
				s.shrink()
			}
		}
		i, j := s.choose()
		if j < 0 {
			s.reconstruct()
			s.active = p.rows
			if i, j = s.choose(); j < 0 {
				break
			}
			countdown = 1
		}
		p.iterations++
		s.improve(i, j)
	}
	p.rho = s.rho()
	p.alpha = make([]float64, p.rows)
	for t, a := range s.alpha {
		p.alpha[s.original[t]] = a
	}
	return nil
}

// choose chooses the two rows to change: i violates the optimum's conditions most, j promises with it the largest gain by second-order
// information. j is −1 when the conditions hold within the tolerance.
func (s *solver) choose() (i, j int) {
	most, i := math.Inf(-1), -1
	y, g, at := s.y[:s.active], s.g[:s.active], s.at[:s.active]
	for t, yt := range y {
		if yt > 0 {
			if at[t] != upper && -g[t] >= most {
				most, i = -g[t], t
			}
		} else if at[t] != lower && g[t] >= most {
			most, i = g[t], t
		}
	}
	if i < 0 {
		return i, -1
	}
	qi, diagonal := s.q.row(i, s.active)[:len(y)], s.q.diagonal[:len(y)]
	yi, di := y[i], diagonal[i]
	least, opposite := math.Inf(1), math.Inf(-1)
	j = -1
	for t, yt := range y {
		var along float64
		if yt > 0 {
			if at[t] == lower {
				continue
			}
			along = g[t]
		} else {
			if at[t] == upper {
				continue
			}
			along = -g[t]
		}
		if along >= opposite {
			opposite = along
		}
		difference := most + along
		if !(difference > 0) {
			continue
		}
		curvature := di + diagonal[t] - float64(2*yi*yt*float64(qi[t]))
		if !(curvature > 0) {
			curvature = tau
		}
		if gain := -float64(difference*difference) / curvature; gain <= least {
			least, j = gain, t
		}
	}
	if most+opposite < s.tol {
		return i, -1
	}
	return i, j
}

// improve changes the coefficients of two rows to the best within their bounds, and the gradient with them.
func (s *solver) improve(i, j int) {
	qi, qj := s.q.row2(i, j, s.active)
	oldI, oldJ := s.alpha[i], s.alpha[j]
	if s.y[i] != s.y[j] {
		s.moveTogether(i, j, float64(qi[j]))
	} else {
		s.moveApart(i, j, float64(qi[j]))
	}
	changeI, changeJ := s.alpha[i]-oldI, s.alpha[j]-oldJ
	g := s.g[:s.active]
	qi, qj = qi[:len(g)], qj[:len(g)]
	for k := range g {
		g[k] += float64(float64(qi[k])*changeI) + float64(float64(qj[k])*changeJ)
	}
	s.settle(i)
	s.settle(j)
}

// moveTogether changes both coefficients by the same, for rows of different classes.
func (s *solver) moveTogether(i, j int, qij float64) {
	curvature := s.q.diagonal[i] + s.q.diagonal[j] + float64(2*qij)
	if curvature <= 0 {
		curvature = tau
	}
	delta := (-s.g[i] - s.g[j]) / curvature
	difference := s.alpha[i] - s.alpha[j]
	a, b := s.alpha[i]+delta, s.alpha[j]+delta
	switch {
	case difference > 0:
		if b < 0 {
			a, b = difference, 0
		}
		if a > s.c {
			a, b = s.c, s.c-difference
		}
	default:
		if a < 0 {
			a, b = 0, -difference
		}
		if b > s.c {
			a, b = s.c+difference, s.c
		}
	}
	s.alpha[i], s.alpha[j] = a, b
}

// moveApart changes the coefficients by opposite amounts, for rows of one class.
func (s *solver) moveApart(i, j int, qij float64) {
	curvature := s.q.diagonal[i] + s.q.diagonal[j] - float64(2*qij)
	if curvature <= 0 {
		curvature = tau
	}
	delta := (s.g[i] - s.g[j]) / curvature
	sum := s.alpha[i] + s.alpha[j]
	a, b := s.alpha[i]-delta, s.alpha[j]+delta
	switch {
	case sum > s.c:
		if a > s.c {
			a, b = s.c, sum-s.c
		}
		if b > s.c {
			a, b = sum-s.c, s.c
		}
	default:
		if b < 0 {
			a, b = sum, 0
		}
		if a < 0 {
			a, b = 0, sum
		}
	}
	s.alpha[i], s.alpha[j] = a, b
}

// settle notes where a changed coefficient is now, and keeps gUpper.
func (s *solver) settle(i int) {
	was := s.at[i]
	switch {
	case s.alpha[i] >= s.c:
		s.at[i] = upper
	case s.alpha[i] <= 0:
		s.at[i] = lower
	default:
		s.at[i] = free
	}
	if (was == upper) == (s.at[i] == upper) {
		return
	}
	c := s.c
	if was == upper {
		c = -c
	}
	for k, q := range s.q.row(i, s.p.rows) {
		s.gUpper[k] += float64(c * float64(q))
	}
}

// rho is the constant of the decision function: the mean of y times the gradient over free coefficients.
func (s *solver) rho() float64 {
	most, least := math.Inf(1), math.Inf(-1)
	count, sum := 0, 0.0
	for t := range s.active {
		yg := s.y[t] * s.g[t]
		switch {
		case s.at[t] == free:
			count++
			sum += yg
		case (s.at[t] == upper) == (s.y[t] < 0):
			most = min(most, yg)
		default:
			least = max(least, yg)
		}
	}
	if count > 0 {
		return sum / float64(count)
	}
	return (most + least) / 2
}
