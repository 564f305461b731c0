package drift

import "math"

// stirlingError is ln n! - ln(√(2πn)(n/e)ⁿ), the error of Stirling's formula; n need not be whole.
//
// C. Loader, "Fast and accurate computation of binomial probabilities" (2000): a binomial or Poisson probability is exp of a sum of such
// errors and of deviances, which are small numbers, while logarithms of factorials are large ones that cancel and take the digits with them.
func stirlingError(n float64) float64 {
	if n < 16 {
		lgamma, _ := math.Lgamma(n + 1)
		return lgamma - (n+0.5)*math.Log(n) + n - 0.5*math.Log(2*math.Pi)
	}
	n2 := n * n
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-1.0/1188/n2)/n2)/n2)/n2) / n
}

// deviance is x·ln(x/mean) + mean - x, without cancellation when x is near mean.
func deviance(x, mean float64) float64 {
	difference := x - mean
	if math.Abs(difference) >= 0.1*(x+mean) {
		return x*math.Log(x/mean) - difference
	}
	v := difference / (x + mean)
	sum := difference * v
	term := 2 * x * v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}

// poissonTerm is e^{-mean}·mean^x/Γ(x+1), x > 0, not necessarily whole.
func poissonTerm(x, mean float64) float64 {
	return math.Exp(-stirlingError(x)-deviance(x, mean)) / math.Sqrt(2*math.Pi*x)
}
