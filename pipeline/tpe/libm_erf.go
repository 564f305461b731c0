package tpe

import "math"

// The error functions, log1p and expm1 below are Sun's (fdlibm, also in FreeBSD, glibc and Go), their polynomials
// evaluated in the order glibc evaluates them, which decides the last bit.
//
// ====================================================
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//
// Developed at SunPro, a Sun Microsystems, Inc. business.
// Permission to use, copy, modify, and distribute this
// software is freely granted, provided that this notice
// is preserved.
// ====================================================

const (
	erfX   = 8.45062911510467529297e-01 // erf(1) in single precision
	erfEfx = 1.28379167095512586316e-01 // 2/sqrt(pi) - 1
)

// Coefficients of the rational approximations: p/q on [0, 0.84375], a/b around 1 on [0.84375, 1.25], and of
// log(x erfc(x)) + x^2 + 0.5625 in 1/x^2: c/d on [1.25, 1/0.35], e/f on [1/0.35, 28].
var (
	erfP = [5]float64{
		1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
		-5.77027029648944159157e-03, -2.37630166566501626084e-05,
	}
	erfQ = [6]float64{
		1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
		1.32494738004321644526e-04, -3.96022827877536812320e-06,
	}
	erfA = [7]float64{
		-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
		3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03,
	}
	erfB = [7]float64{
		1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
		1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02,
	}
	erfC = [8]float64{
		-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01,
		-1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00,
	}
	erfD = [9]float64{
		1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02, 6.45387271733267880336e+02,
		4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02,
	}
	erfE = [7]float64{
		-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02,
		-6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02,
	}
	erfF = [8]float64{
		1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03, 3.19985821950859553908e+03,
		2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01,
	}
)

// pairs evaluates c0 + c1 s + (c2 + c3 s) s^2 + (c4 + c5 s) s^4 + ... for up to nine coefficients.
func pairs(c []float64, s float64) float64 {
	s2 := s * s
	s4 := s2 * s2
	sum := c[0] + float64(s*c[1])
	for i, power := 2, s2; i < len(c); i += 2 {
		term := c[i]
		if i+1 < len(c) {
			term += float64(s * c[i+1])
		}
		sum += float64(power * term)
		switch i {
		case 2:
			power = s4
		case 4:
			power = s4 * s2
		case 6:
			power = s4 * s4
		}
	}
	return sum
}

// erf returns the error function of x.
func erf(x float64) float64 {
	ax := math.Abs(x)
	switch {
	case ax < 0.84375:
		if ax < 0x1p-28 {
			return x + float64(erfEfx*x)
		}
		z := x * x
		return x + float64(x*(pairs(erfP[:], z)/pairs(erfQ[:], z)))
	case ax < 1.25:
		return math.Copysign(erfX+pairs(erfA[:], ax-1)/pairs(erfB[:], ax-1), x)
	case ax >= 6:
		return math.Copysign(1, x)
	case x != x:
		return x
	}
	return math.Copysign(1-erfTail(ax)/ax, x)
}

// erfc returns 1 - erf(x).
func erfc(x float64) float64 {
	ax := math.Abs(x)
	switch {
	case ax < 0.84375:
		if ax < 0x1p-56 {
			return 1 - x
		}
		z := x * x
		y := pairs(erfP[:], z) / pairs(erfQ[:], z)
		if x < 0.25 {
			return 1 - (x + float64(x*y))
		}
		return 0.5 - (float64(x*y) + (x - 0.5))
	case ax < 1.25:
		ratio := pairs(erfA[:], ax-1) / pairs(erfB[:], ax-1)
		if x >= 0 {
			return (1 - erfX) - ratio
		}
		return 1 + (erfX + ratio)
	case x <= -6:
		return 2
	case ax >= 28:
		return 0
	case x != x:
		return x
	}
	r := erfTail(ax) / ax
	if x > 0 {
		return r
	}
	return 2 - r
}

// erfTail returns x erfc(x) for 1.25 <= x < 28.
func erfTail(x float64) float64 {
	s := 1 / (x * x)
	var ratio float64
	if x < 1/0.35 {
		ratio = pairs(erfC[:], s) / pairs(erfD[:], s)
	} else {
		ratio = pairs(erfE[:], s) / pairs(erfF[:], s)
	}
	z := math.Float64frombits(math.Float64bits(x) &^ (1<<32 - 1)) // so that z*z is exact
	return exp(float64(-z*z)-0.5625) * exp(float64((z-x)*(z+x))+ratio)
}
