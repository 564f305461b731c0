package tpe

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestLibmIsPythons: all but a few of a thousand values equal glibc's, and those differ in the last bit or two.
func TestLibmIsPythons(t *testing.T) {
	_, cases := facts[map[string]struct{ X, Y []hexFloat }](t, "", "libm")
	for name, f := range map[string]func(float64) float64{
		"exp": exp, "log": log, "log1p": log1p, "expm1": expm1, "erf": erf, "erfc": erfc,
	} {
		c := cases[name]
		different, worst := 0, uint64(0)
		for i, x := range c.X {
			if d := ulps(f(float64(x)), float64(c.Y[i])); d > 0 {
				different++
				worst = max(worst, d)
			}
		}
		t.Logf("%s: %d of %d differ, by at most %d units in the last place", name, different, len(c.X), worst)
		if different*333 > len(c.X) || worst > 3 || len(c.X) == 0 {
			t.Errorf("%s: %d of %d differ, by up to %d", name, different, len(c.X), worst)
		}
	}
}

func ulps(a, b float64) uint64 {
	if a == b || a != a && b != b {
		return 0
	}
	x, y := math.Float64bits(a), math.Float64bits(b)
	return max(x, y) - min(x, y)
}

const bigPrec = 160

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }

// bigExp is the Taylor series at x/2^20, squared back.
func bigExp(x *big.Float) *big.Float {
	r := new(big.Float).SetPrec(bigPrec+40).SetMantExp(x, -20)
	sum, term := bigFloat(1).SetPrec(bigPrec+40), bigFloat(1).SetPrec(bigPrec+40)
	for i := 1; i < 20; i++ {
		term.Mul(term, r)
		term.Quo(term, bigFloat(float64(i)))
		sum.Add(sum, term)
	}
	for range 20 {
		sum.Mul(sum, sum)
	}
	return sum
}

// misrounded is how far beyond half a unit in the last place y is from the true value.
func misrounded(y float64, truth *big.Float) float64 {
	d := new(big.Float).Sub(truth, bigFloat(y))
	unit := math.Nextafter(math.Abs(y), math.Inf(1)) - math.Abs(y)
	f, _ := d.Quo(d, bigFloat(unit)).Float64()
	return math.Abs(f) - 0.5
}

// TestExpLogAreNearlyRounded compares with 160 bits: the error is below 0.5001 units in the last place.
func TestExpLogAreNearlyRounded(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 3000 {
		x := -40 * r.Float64()
		if i%2 == 0 {
			x = 1400*r.Float64() - 700
		}
		if m := misrounded(exp(x), bigExp(bigFloat(x))); m > 1e-4 {
			t.Errorf("exp(%v) = %v is %.5f units beyond half", x, exp(x), m)
		}
		// log by one Newton step on the computed value: y + (x e^-y - 1) is the logarithm but for the step's square.
		x = math.Exp(x / 2)
		if i%3 == 0 {
			x = 1 + 0.02*(r.Float64()-0.5)
		}
		y := log(x)
		step := new(big.Float).Mul(bigFloat(x), bigExp(bigFloat(-y)))
		step.Sub(step, bigFloat(1))
		square := new(big.Float).Mul(step, step)
		truth := new(big.Float).Add(bigFloat(y), step.Sub(step, square.Quo(square, bigFloat(2))))
		if m := misrounded(y, truth); m > 1e-4 {
			t.Errorf("log(%v) = %v is %.5f units beyond half", x, y, m)
		}
	}
}

// TestLibmEdges lists what no random number meets.
func TestLibmEdges(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name    string
		f       func(float64) float64
		x, want float64
	}{
		{"exp", exp, 0, 1},
		{"exp", exp, inf, inf},
		{"exp", exp, -inf, 0},
		{"exp", exp, 709.782712893384, 1.7976931348622732e308},
		{"exp", exp, 709.79, inf},
		{"exp", exp, -745.2, 0},
		{"exp", exp, -745.1, 5e-324},
		{"exp", exp, -708.5, 2.006132305331306e-308},
		{"exp", exp, nan, nan},
		{"log", log, 0, -inf},
		{"log", log, 1, 0},
		{"log", log, -1, nan},
		{"log", log, inf, inf},
		{"log", log, 5e-324, -744.4400719213812},
		{"log", log, 1e-310, -713.8013788281542},
		{"log", log, math.MaxFloat64, 709.782712893384},
		{"log1p", log1p, -1, -inf},
		{"log1p", log1p, -2, nan},
		{"log1p", log1p, inf, inf},
		{"log1p", log1p, 1e-300, 1e-300},
		{"log1p", log1p, 1e300, 690.7755278982137},
		{"expm1", expm1, -1000, -1},
		{"expm1", expm1, 1000, inf},
		{"expm1", expm1, 1e-300, 1e-300},
		{"erf", erf, 0, 0},
		{"erf", erf, inf, 1},
		{"erf", erf, -inf, -1},
		{"erf", erf, nan, nan},
		{"erfc", erfc, inf, 0},
		{"erfc", erfc, -inf, 2},
		{"erfc", erfc, 0, 1},
		{"erfc", erfc, nan, nan},
		{"erfNumpy", erfNumpy, 7, 1},
		{"erfNumpy", erfNumpy, 0, 0},
		{"erfNumpy", erfNumpy, nan, nan},
	} {
		if got := c.f(c.x); ulps(got, c.want) > 1 {
			t.Errorf("%s(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
	}
}

// TestErfNumpyIsErf: the two evaluations agree but for the last bits, on all branches.
func TestErfNumpyIsErf(t *testing.T) {
	for x := -7.0; x < 7; x += 0.01 {
		if got, want := erfNumpy(x), math.Erf(x); math.Abs(got-want) > 1e-15 {
			t.Errorf("erfNumpy(%v) = %v, want %v", x, got, want)
		}
	}
}
