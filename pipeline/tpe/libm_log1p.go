package tpe

import "math"

// Sun's coefficients and split of ln 2; see the notice in libm_erf.go.
const (
	sunLn2Hi = 6.93147180369123816490e-01
	sunLn2Lo = 1.90821492927058770002e-10
	invLn2   = 1.44269504088896338700e+00
)

var (
	log1pL = [8]float64{
		0, 6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
		2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
	}
	expm1Q = [6]float64{
		1, -3.33333333333331316428e-02, 1.58730158725481460165e-03, -7.93650757867487942473e-05,
		4.00821782732936239552e-06, -2.01099218183624371326e-07,
	}
)

// log1p returns log(1 + x).
func log1p(x float64) float64 {
	switch ax := math.Abs(x); {
	case x == -1:
		return math.Inf(-1)
	case x < -1 || x != x:
		return math.NaN()
	case x > math.MaxFloat64:
		return x
	case ax < 0x1p-54:
		return x
	case ax < 0x1p-29:
		return x - float64(float64(x*x)*0.5)
	}
	// 1 + x = 2^k (1 + f), and c the part of 1 + x that rounding lost. The bounds are compared by their high words.
	high := int32(math.Float64bits(x) >> 32)
	if high < 0x3fda827a && (high > 0 || high <= -0x402d413d) {
		return log1pReduced(0, x, 0, false)
	}
	u, c := x, 0.0
	if high < 0x43400000 {
		u = 1 + x
	}
	bits := math.Float64bits(u)
	k := int(bits>>52) - 1023
	if high < 0x43400000 {
		if k > 0 {
			c = 1 - (u - x)
		} else {
			c = x - (u - 1)
		}
		c /= u
	}
	mantissa := bits & (1<<52 - 1)
	exponent := uint64(1023)
	tiny := mantissa>>32 == 0
	if mantissa>>32 >= 0x6a09e {
		exponent--
		k++
		tiny = (0x00100000-mantissa>>32)>>2 == 0
	}
	f := math.Float64frombits(mantissa|exponent<<52) - 1
	return log1pReduced(float64(k), f, c, tiny)
}

// log1pReduced returns k ln2 + log1p(f) + c; tiny says |f| < 2^-20.
func log1pReduced(k, f, c float64, tiny bool) float64 {
	half := float64(0.5*f) * f
	if tiny {
		if f == 0 {
			if k == 0 {
				return 0
			}
			return float64(k*sunLn2Hi) + (c + float64(k*sunLn2Lo))
		}
		r := half * (1 - float64(0.66666666666666666*f))
		if k == 0 {
			return f - r
		}
		return float64(k*sunLn2Hi) - ((r - (float64(k*sunLn2Lo) + c)) - f)
	}
	s := f / (2 + f)
	r := pairs(log1pL[:], s*s)
	if k == 0 {
		return f - (half - float64(s*(half+r)))
	}
	return float64(k*sunLn2Hi) - ((half - (float64(s*(half+r)) + (float64(k*sunLn2Lo) + c))) - f)
}

// expm1 returns e^x - 1.
func expm1(x float64) float64 {
	ax := math.Abs(x)
	switch {
	case x != x:
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -56*math.Ln2:
		return -1
	case ax < 0x1p-54:
		return x
	}
	k, c := 0, 0.0
	if ax > 0.5*math.Ln2 {
		var hi, lo float64
		if ax < 1.5*math.Ln2 {
			k = 1
			if x < 0 {
				k = -1
			}
			hi, lo = x-float64(float64(k)*sunLn2Hi), float64(k)*sunLn2Lo
		} else {
			k = int(float64(invLn2*x) + math.Copysign(0.5, x))
			hi, lo = x-float64(float64(k)*sunLn2Hi), float64(k)*sunLn2Lo
		}
		x = hi - lo
		c = (hi - x) - lo
	}
	return expm1Reduced(k, x, c)
}

// expm1Reduced returns 2^k e^(x+c) - 1 for |x| <= ln2/2.
func expm1Reduced(k int, x, c float64) float64 {
	half := 0.5 * x
	sq := x * half
	r := pairs(expm1Q[:], sq)
	t := 3 - float64(r*half)
	e := sq * ((r - t) / (6 - float64(x*t)))
	if k == 0 {
		return x - (float64(x*e) - sq)
	}
	e = float64(x*(e-c)) - c
	e -= sq
	switch {
	case k == -1:
		return float64(0.5*(x-e)) - 0.5
	case k == 1 && x < -0.25:
		return -2 * (e - (x + 0.5))
	case k == 1:
		return 1 + float64(2*(x-e))
	case k <= -2 || k > 56:
		return math.Ldexp(1-(e-x), k) - 1
	case k < 20:
		return math.Ldexp((1-math.Ldexp(1, -k))-(e-x), k)
	default:
		return math.Ldexp((x-(e+math.Ldexp(1, -k)))+1, k)
	}
}
