package svm

import (
	"context"
	"math"
)

// hingeLoss is what LinearSVC minimises for one class against the rest: w·w/2 + C Σ max(0, 1 − y w·x)². Rows stand in order of classes, so
// the positive ones are a range.
type hingeLoss struct {
	x        Matrix
	from, to int // the rows of the class
	c        float64

	margins []float64 // y w·x at the point that value was last asked for
	active  []int     // the rows inside the margin at the point that gradient was asked for
	scratch []float64
}

func newHingeLoss(x Matrix, from, to int, c float64) *hingeLoss {
	return &hingeLoss{
		x: x, from: from, to: to, c: c,
		margins: make([]float64, x.Rows), active: make([]int, 0, x.Rows), scratch: make([]float64, x.Rows),
	}
}

// side is y: +1 for the class, −1 for the rest.
func (l *hingeLoss) side(row int) float64 {
	if row >= l.from && row < l.to {
		return 1
	}
	return -1
}

func (l *hingeLoss) value(w []float64) float64 {
	f := dot(w, w) / 2
	for r := range l.x.Rows {
		margin := l.side(r) * dot(l.x.Row(r), w)
		l.margins[r] = margin
		if d := 1 - margin; d > 0 {
			f += float64(float64(l.c*d) * d)
		}
	}
	return f
}

// gradient is that at the point of the last value.
func (l *hingeLoss) gradient(w, g []float64) {
	l.active = l.active[:0]
	for r, margin := range l.margins {
		if margin < 1 {
			l.scratch[len(l.active)] = l.c * l.side(r) * (margin - 1)
			l.active = append(l.active, r)
		}
	}
	l.spread(g)
	for i := range g {
		g[i] = w[i] + float64(2*g[i])
	}
}

// curvature is the generalised Hessian times s.
func (l *hingeLoss) curvature(s, out []float64) {
	for i, r := range l.active {
		l.scratch[i] = l.c * dot(l.x.Row(r), s)
	}
	l.spread(out)
	for i := range out {
		out[i] = s[i] + float64(2*out[i])
	}
}

// spread adds the active rows, weighted by scratch.
func (l *hingeLoss) spread(out []float64) {
	clear(out)
	for i, r := range l.active {
		add(out, l.scratch[i], l.x.Row(r))
	}
}

// Parameters of the trust region: a step counts when it brings more than enough of what was predicted; the region shrinks below poor, keeps
// its size below good, and grows above.
const (
	enough, poor, good = 1e-4, 0.25, 0.75
	shrinkMost, shrink = 0.25, 0.5
	grow               = 4.0
)

// minimise returns the weights and the number of Newton steps.
func (l *hingeLoss) minimise(ctx context.Context, p LinearParams) (w []float64, steps int, err error) {
	n := l.x.Cols
	w = make([]float64, n)
	next, g := make([]float64, n), make([]float64, n)
	cg := newConjugateGradient(n)
	positive := l.to - l.from
	tolerance := p.Tol * float64(max(min(positive, l.x.Rows-positive), 1)) / float64(l.x.Rows)

	f := l.value(w)
	l.gradient(w, g)
	first := norm(g)
	radius := first
	for steps = 1; steps <= p.MaxIter && !(norm(g) <= tolerance*first); {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		s, r := cg.step(l, g, radius)
		copy(next, w)
		addProduct(next, 1, s)
		slope := product(g, s)
		predicted := -0.5 * (slope - product(s, r))
		reached := l.value(next)
		actual := f - reached
		length := norm(s)
		if steps == 1 {
			radius = min(radius, length)
		}
		radius = resize(radius, length, actual, predicted, reached-f-slope, slope)
		if actual > enough*predicted {
			steps++
			copy(w, next)
			f = reached
			l.gradient(w, g)
			if norm(g) <= tolerance*first {
				break
			}
		}
		if hopeless(f, actual, predicted) {
			break
		}
	}
	return w, steps - 1, nil
}

// resize is the trust region's radius after a step of the given length. bend is what the objective has more than its slope foretold.
func resize(radius, length, actual, predicted, bend, slope float64) float64 {
	alpha := grow
	if bend > 0 {
		alpha = max(shrinkMost, -0.5*(slope/bend))
	}
	switch {
	case actual < enough*predicted:
		return min(max(alpha, shrinkMost)*length, shrink*radius)
	case actual < poor*predicted:
		return max(shrinkMost*radius, min(alpha*length, shrink*radius))
	case actual < good*predicted:
		return max(shrinkMost*radius, min(alpha*length, grow*radius))
	default:
		return max(radius, min(alpha*length, grow*radius))
	}
}

// hopeless tells that rounding leaves nothing to gain.
func hopeless(f, actual, predicted float64) bool {
	return f < -1e32 || math.Abs(actual) <= 0 && predicted <= 0 ||
		math.Abs(actual) <= 1e-12*math.Abs(f) && math.Abs(predicted) <= 1e-12*math.Abs(f)
}

// conjugateGradient solves the Newton equation within a trust region. Its vectors are reused.
type conjugateGradient struct {
	s, r, d, hd []float64
}

func newConjugateGradient(n int) *conjugateGradient {
	return &conjugateGradient{s: make([]float64, n), r: make([]float64, n), d: make([]float64, n), hd: make([]float64, n)}
}

// step returns the step s and the residual r.
func (c *conjugateGradient) step(l *hingeLoss, g []float64, radius float64) (s, r []float64) {
	clear(c.s)
	for i := range g {
		c.r[i] = -g[i]
	}
	copy(c.d, c.r)
	tolerance := 0.1 * norm(g)
	rr := product(c.r, c.r)
	for norm(c.r) > tolerance {
		l.curvature(c.d, c.hd)
		alpha := rr / product(c.d, c.hd)
		addProduct(c.s, alpha, c.d)
		if norm(c.s) > radius {
			addProduct(c.s, -alpha, c.d)
			alpha = c.toBoundary(radius)
			addProduct(c.s, alpha, c.d)
			addProduct(c.r, -alpha, c.hd)
			break
		}
		addProduct(c.r, -alpha, c.hd)
		next := product(c.r, c.r)
		beta := next / rr
		for i := range c.d {
			c.d[i] = float64(beta*c.d[i]) + c.r[i]
		}
		rr = next
	}
	return c.s, c.r
}

// toBoundary is how far along d the trust region ends.
func (c *conjugateGradient) toBoundary(radius float64) float64 {
	sd, ss, dd := product(c.s, c.d), product(c.s, c.s), product(c.d, c.d)
	room := float64(radius*radius) - ss
	root := math.Sqrt(float64(sd*sd) + float64(dd*room))
	if sd >= 0 {
		return room / (sd + root)
	}
	return (root - sd) / dd
}

// dot is the scalar product, summed in order.
func dot(a, b []float64) float64 {
	sum := 0.0
	b = b[:len(a)]
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// add adds factor·v to the sum.
func add(sum []float64, factor float64, v []float64) {
	v = v[:len(sum)]
	for i := range sum {
		sum[i] += float64(factor * v[i])
	}
}
