package tpe

import "math"

const (
	logN   = 128
	ln2Hi  = 0x1.62e42fefa3800p-1 // 42 bits: times an exponent it is exact
	ln2Lo  = 0x1.ef35793c76730p-45
	logTop = 53 // from mantissa 1 + 53/128 on, just above the square root of 2, the mantissa is halved
)

// log returns the natural logarithm of x.
func log(x float64) float64 {
	bits := math.Float64bits(x)
	k := int(bits>>52) - 1023
	if k == -1023 || k >= 1024 { // zero, subnormal, negative, infinite or not a number
		switch {
		case x == 0:
			return math.Inf(-1)
		case x < 0 || x != x:
			return math.NaN()
		case x > math.MaxFloat64:
			return x
		}
		bits = math.Float64bits(x * 0x1p52)
		k = int(bits>>52) - 1023 - 52
	}
	i := int(bits >> 45 & (logN - 1))
	exponent := uint64(1023)
	if i >= logTop {
		exponent--
		k++
	}
	z := math.Float64frombits(bits&(1<<52-1) | exponent<<52)
	// z invc = 1 + r + rlo, exactly; |r| < 2^-7.
	tab := &logTable[i]
	p := z * tab[0]
	e := math.FMA(z, tab[0], -p)
	d := p - 1
	r := d + e
	rlo := e - (r - d)
	// log1p(r) = r - r^2/2 + r^3 (1/3 - r/4 + ...), the square in twice the precision.
	sq := r * r
	sqlo := math.FMA(r, r, -sq)
	c := 1.0/9 - float64(r*(1.0/10))
	c = 1.0/8 - float64(r*c)
	c = 1.0/7 - float64(r*c)
	c = 1.0/6 - float64(r*c)
	c = 1.0/5 - float64(r*c)
	c = 1.0/4 - float64(r*c)
	c = 1.0/3 - float64(r*c)
	kd := float64(k)
	s1, e1 := twoSum(kd*ln2Hi, tab[1])
	s2, e2 := twoSum(s1, r)
	s3, e3 := twoSum(s2, -0.5*sq)
	rest := float64(kd*ln2Lo) + tab[2] + rlo - 0.5*sqlo - float64(r*rlo) + float64(float64(r*sq)*c)
	return s3 + (e1 + e2 + e3 + rest)
}

// twoSum returns the rounded sum of a and b and, exactly, what rounding lost.
func twoSum(a, b float64) (sum, lost float64) {
	sum = a + b
	bb := sum - a
	return sum, (a - (sum - bb)) + (b - bb)
}
