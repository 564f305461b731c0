package tpe

import "math"

// truncNorm draws from truncated normal distributions: it overwrites a, the standardised lower bounds, with the draws
// for the quantiles q, on the scale given by loc and scale. All elements belong to one call of Optuna's, whose Newton
// iteration goes on for all until the last has converged.
func truncNorm(q, a, b, loc, scale []float64) {
	n := len(q)
	mass := make([]float64, n)
	logGaussMass(a, b, mass)
	left, right := newInversion(n), newInversion(n)
	for i, u := range q {
		if a[i] < 0 {
			left.add(i, logSum(logNdtr(a[i]), log(u)+mass[i]))
		} else {
			right.add(i, logSum(logNdtr(-b[i]), log1p(-u)+mass[i]))
		}
	}
	left.solve()
	right.solve()
	put := func(i int, x float64) {
		switch {
		case a[i] == b[i]:
			x = math.NaN()
		case q[i] == 0:
			x = a[i]
		}
		a[i] = float64(x*scale[i]) + loc[i]
	}
	for k, i := range left.at {
		put(i, left.x[k])
	}
	for k, i := range right.at {
		put(i, -right.x[k])
	}
}

// inversion finds the x with logNdtr(x) = y for many y at once.
type inversion struct {
	at []int // the caller's index of each
	y  []float64
	x  []float64
}

func newInversion(n int) *inversion {
	return &inversion{at: make([]int, 0, n), y: make([]float64, 0, n)}
}

func (v *inversion) add(i int, y float64) {
	v.at = append(v.at, i)
	v.y = append(v.y, y)
}

const newtonSteps = 100

// solve is Newton's method. A y near 0 is mirrored to the left tail; the start is the tail's asymptotic form or the
// logistic approximation.
func (v *inversion) solve() {
	v.x = make([]float64, len(v.y))
	z := make([]float64, len(v.y))
	fixed := make([]bool, len(v.y))
	for i, y := range v.y {
		z[i] = y
		if y > -1e-2 {
			z[i] = log(-expm1(y))
		}
		if z[i] < -5 {
			v.x[i] = -math.Sqrt(-2 * (z[i] + normLogC))
		} else {
			v.x[i] = -logisticC * log(expm1(-z[i]))
		}
	}
	for range newtonSteps {
		converged := true
		for i, x := range v.x {
			if fixed[i] {
				continue
			}
			l := logNdtr(x)
			dx := (l - z[i]) * exp(l-(float64(-0.5*float64(x*x))-normLogC))
			next := x - dx
			v.x[i] = next
			fixed[i] = next == x // the rest of the iteration would not move it
			if !(math.Abs(dx) < 1e-8*math.Abs(next)) {
				converged = false
			}
		}
		if converged {
			break
		}
	}
	for i, y := range v.y {
		if y > -1e-2 {
			v.x[i] = -v.x[i]
		}
	}
}
