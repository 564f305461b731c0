package tpe

import "math"

// exp and log are nearly always correctly rounded (a wrong last bit about once in 2^14 values), on every platform the
// same. glibc's, which Python uses, differ from the correctly rounded value about once in a thousand; Go's math.Exp and
// math.Log about once in ten, and they depend on the architecture. Products are written float64(x*y) wherever a sum
// follows, so that no compiler fuses them.

const (
	invLn2N  = 0x1.71547652b82fep0 * expN
	ln2HiN   = 0x1.62e42fefa0000p-8 // ln 2 / 128, 36 bits: times |k| < 2^17 it is exact
	ln2LoN   = 0x1.cf79abc9e3b3ap-47
	expN     = 128
	expMax   = 0x1.62e42fefa39efp9  // beyond it e^x overflows
	expMin   = -0x1.74910d52d3051p9 // below it e^x rounds to zero
	subnorm  = -708.0               // below it the result may be subnormal and is scaled in two steps
	roundInt = 0x1.8p52             // adding and subtracting it rounds to an integer
)

// exp returns e to the power x.
func exp(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x > expMax:
		return math.Inf(1)
	case x < expMin:
		return 0
	}
	kd := float64(x*invLn2N) + roundInt - roundInt
	k := int64(kd)
	// x = k ln2/128 + hi + lo with |hi| < 0.0028.
	t := x - float64(kd*ln2HiN)
	p := kd * ln2LoN
	hi := t - p
	lo := ((t - hi) - p) - math.FMA(kd, ln2LoN, -p)
	q := 1.0/120 + float64(hi*(1.0/720))
	q = 1.0/24 + float64(hi*q)
	q = 1.0/6 + float64(hi*q)
	q = 0.5 + float64(hi*q)
	q = lo + float64(float64(hi*hi)*q)
	// e^x = 2^(k/128) (1 + hi + q); the product with hi in twice the precision.
	tab := &expTable[k&(expN-1)]
	h := tab[0] * hi
	rest := math.FMA(tab[0], hi, -h) + float64(tab[0]*q) + tab[1]
	s := tab[0] + h
	y := s + ((h - (s - tab[0])) + rest)
	k >>= 7
	if x < subnorm {
		return float64(y*math.Float64frombits(uint64(k+1023+200)<<52)) * 0x1p-200
	}
	if k == 1024 {
		return float64(y*0x1p1023) * 2
	}
	return y * math.Float64frombits(uint64(k+1023)<<52)
}
