package tpe

import "math"

const (
	sqrt2     = math.Sqrt2
	sqrt1_2   = 0x1.6a09e667f3bccp-1 // 1 / sqrt2, divided in float64
	epsilon   = 0x1p-52
	log2Pi    = 0x1.d67f1c864beb4p0  // log(2 pi)
	normLogC  = 0x1.d67f1c864beb4p-1 // log(sqrt(2 pi))
	logisticC = 0x1.1a47c7ee5a514p-1 // sqrt(3) / pi
)

// ndtr is the standard normal distribution function.
func ndtr(a float64) float64 {
	x := a / sqrt2
	switch {
	case x < -sqrt1_2:
		return 0.5 * erfc(-x)
	case x < sqrt1_2:
		return 0.5 + float64(0.5*erf(x))
	default:
		return 1 - float64(0.5*erfc(x))
	}
}

// logNdtr is the logarithm of ndtr, by its asymptotic series far in the left tail.
func logNdtr(a float64) float64 {
	switch {
	case a > 6:
		return -ndtr(-a)
	case a > -20:
		return log(ndtr(a))
	}
	lhs := float64(-0.5*float64(a*a)) - log(-a) - 0.5*log2Pi
	last, sum, numerator, denominator, sign := 0.0, 1.0, 1.0, 1.0, 1.0
	step := 1 / float64(a*a)
	for i := 1.0; math.Abs(last-sum) > epsilon; i++ {
		last = sum
		sign = -sign
		denominator *= step
		numerator *= 2*i - 1
		sum += float64(float64(sign*numerator) * denominator)
	}
	return lhs + log(sum)
}

// manyCentral is the number of intervals around 0 in one call from which Optuna evaluates erf by numpy polynomials.
const manyCentral = 2000

// logGaussMass puts into out the logarithm of the normal probability of each interval [a, b].
func logGaussMass(a, b, out []float64) {
	central := 0
	for i := range a {
		if !(b[i] <= 0) && !(a[i] > 0) {
			central++
		}
	}
	errorFunction := erf
	if central >= manyCentral {
		errorFunction = erfNumpy
	}
	for i := range a {
		switch x, y := a[i], b[i]; {
		case x > 0: // the right tail by symmetry, where digits are not lost
			out[i] = logDiff(logNdtr(-x), logNdtr(-y))
		case y <= 0:
			out[i] = logDiff(logNdtr(y), logNdtr(x))
		default:
			left := 0.5 + float64(0.5*errorFunction(x/sqrt2))
			right := 0.5 + float64(0.5*errorFunction(-y/sqrt2))
			out[i] = log1p(-left - right)
		}
	}
}

// logDiff is log(e^p - e^q).
func logDiff(p, q float64) float64 {
	return p + log1p(-exp(q-p))
}

// logSum is log(e^p + e^q), numpy's logaddexp.
func logSum(p, q float64) float64 {
	if p == q {
		return p + math.Ln2
	}
	switch d := p - q; {
	case d > 0:
		return p + log1p(exp(-d))
	case d <= 0:
		return q + log1p(exp(d))
	default:
		return d
	}
}

// erfNumpy is the error function as Optuna evaluates it for large arrays: Sun's polynomials by Horner's rule.
func erfNumpy(x float64) float64 {
	a := math.Abs(x)
	var y float64
	switch {
	case x != x || x == 0:
		return x
	case a < 0x1p-28:
		y = (1 + erfEfx) * a
	case a < 0.84375:
		z := a * a
		y = a * (1 + horner(erfP[:], z)/horner(erfQ[:], z))
	case a < 1.25:
		y = erfX + horner(erfA[:], a-1)/horner(erfB[:], a-1)
	case a < 6:
		z := a * a
		s := 1 / z
		ratio := horner(erfC[:], s) / horner(erfD[:], s)
		if a >= 1/0.35 {
			ratio = horner(erfE[:], s) / horner(erfF[:], s)
		}
		y = 1 - exp(-z-0.5625+ratio)/a
	default:
		y = 1
	}
	return math.Copysign(y, x)
}

func horner(c []float64, x float64) float64 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = c[i] + float64(sum*x)
	}
	return sum
}
