package drift

import "math"

// kolmogorovSurvival is P(D_n ≥ d) for the two-sided one-sample Kolmogorov-Smirnov statistic of n observations. It chooses among the
// methods as Simard and L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution", J. Stat. Softw. 39(11), 2011, with the limits
// of scipy.stats.kstwo.sf. Where they take Pomeranz' recursion this takes Durbin's matrix: both are exact.
func kolmogorovSurvival(n int, d float64) float64 {
	nf := float64(n)
	t := nf * d
	nd2 := t * d
	switch {
	case d >= 1:
		return 0
	case t <= 0.5:
		return 1
	case t <= 1: // Ruben and Gambino: n!/nⁿ (2t-1)ⁿ
		logFactorial, _ := math.Lgamma(nf + 1)
		return clip(1 - math.Exp(logFactorial-nf*math.Log(nf)+nf*math.Log(2*t-1)))
	case t >= nf-1:
		return clip(2 * math.Exp(nf*math.Log1p(-d)))
	case d >= 0.5:
		return clip(2 * smirnovSurvival(n, d))
	case n <= 140 && nd2 <= 4:
		return clip(1 - durbin(n, d))
	case n <= 140:
		return clip(2 * smirnovSurvival(n, d))
	case nd2 >= 370:
		return 0
	case nd2 >= 2.2:
		return clip(2 * smirnovSurvival(n, d))
	case n <= 100000 && nf*math.Pow(d, 1.5) <= 1.4:
		return clip(1 - durbin(n, d))
	default:
		return clip(1 - pelzGood(n, d))
	}
}

func clip(p float64) float64 { return min(max(p, 0), 1) }

// smirnovSurvival is P(D⁺_n ≥ d) = Σ_j d/(d+j/n)·Binomial(j; n, d+j/n) over j ≤ n(1-d), the formula of Birnbaum and Tingey (1951). All
// terms are positive, and each is computed to full precision by the method of Loader, see [stirlingError].
func smirnovSurvival(n int, d float64) float64 {
	nf := float64(n)
	nd := nf * d
	stirling := stirlingError(nf)
	total := math.Exp(nf * math.Log1p(-d)) // j = 0
	for j := 1; j < n; j++ {
		jf := float64(j)
		rest := nf - jf
		mean, restMean := jf+nd, rest-nd
		if restMean <= 0 {
			break
		}
		exponent := stirling - stirlingError(jf) - stirlingError(rest) - deviance(jf, mean) - deviance(rest, restMean)
		total += nd / mean * math.Exp(exponent) * math.Sqrt(nf/(2*math.Pi*jf*rest))
	}
	return total
}

// durbin is P(D_n < d) by Durbin's matrix, as Marsaglia, Tsang and Wang, "Evaluating Kolmogorov's distribution", J. Stat. Softw. 8(18), 2003.
func durbin(n int, d float64) float64 {
	k := int(math.Ceil(float64(n) * d))
	size := 2*k - 1
	base := scaledMatrix{size: size, cells: durbinMatrix(k, float64(k)-float64(n)*d)}
	power := scaledMatrix{size: size, cells: make([]float64, size*size)}
	for i := range size {
		power.cells[i*size+i] = 1
	}
	for left := n; left > 0; left /= 2 {
		if left%2 == 1 {
			power = power.times(base)
		}
		base = base.times(base)
	}
	p, exponent := power.cells[(k-1)*size+k-1], power.exponent
	for i := 1; i <= n; i++ { // n!/nⁿ
		p = float64(i) * p / float64(n)
		if p < 0x1p-128 {
			p *= 0x1p128
			exponent -= 128
		}
	}
	return math.Ldexp(p, exponent)
}

// durbinMatrix is the matrix H of the article for d = (k-h)/n.
func durbinMatrix(k int, h float64) []float64 {
	size := 2*k - 1
	inverseFactorial := make([]float64, size+1)
	inverseFactorial[0] = 1
	for i := 1; i <= size; i++ {
		inverseFactorial[i] = inverseFactorial[i-1] / float64(i)
	}
	border := make([]float64, size)
	for i := range border {
		border[i] = (1 - math.Pow(h, float64(i+1))) * inverseFactorial[i+1]
	}
	corner := 1 - 2*math.Pow(h, float64(size)) + math.Pow(max(2*h-1, 0), float64(size))
	border[size-1] = corner * inverseFactorial[size]

	cells := make([]float64, size*size)
	for row := range size {
		cells[row*size] = border[row]
		for column := 1; column < size && column <= row+1; column++ {
			cells[row*size+column] = inverseFactorial[row-column+1]
		}
	}
	for column := range size {
		cells[(size-1)*size+column] = border[size-1-column]
	}
	return cells
}

// scaledMatrix is a square matrix times 2^exponent.
type scaledMatrix struct {
	size     int
	cells    []float64
	exponent int
}

func (a scaledMatrix) times(b scaledMatrix) scaledMatrix {
	n := a.size
	product := scaledMatrix{size: n, cells: make([]float64, n*n), exponent: a.exponent + b.exponent}
	for i := range n {
		row := product.cells[i*n : (i+1)*n]
		for k, factor := range a.cells[i*n : (i+1)*n] {
			if factor == 0 {
				continue
			}
			for j, v := range b.cells[k*n : (k+1)*n] {
				row[j] += factor * v
			}
		}
	}
	if product.cells[n/2*n+n/2] > 0x1p128 {
		for i := range product.cells {
			product.cells[i] *= 0x1p-128
		}
		product.exponent += 128
	}
	return product
}

// pelzGood approximates P(D_n < d) by K₀(z) + K₁(z)/√n + K₂(z)/n + K₃(z)/n^{3/2}, z = √n·d: W. Pelz and I. J. Good, "Approximating the
// lower tail-areas of the Kolmogorov-Smirnov one-sample statistic", J. R. Stat. Soc. B 38(2), 1976. It has some 10 digits where it is used,
// and because scipy uses it too, the figures agree beyond them.
func pelzGood(n int, d float64) float64 {
	z := math.Sqrt(float64(n)) * d
	z2, z4, z6 := z*z, math.Pow(z, 4), math.Pow(z, 6)
	const pi2 = math.Pi * math.Pi
	if pi2/8/z2 > 708 {
		return 0
	}
	var k [4]float64
	for i := int(math.Ceil(16 * z / math.Pi)); i >= 1; i-- {
		odd := float64(2*i-1) * math.Pi / 2 // (m+½)π of the article
		o2, whole2 := odd*odd, float64(i*i)*pi2
		weight := math.Exp(-o2 / (2 * z2))
		k[0] += weight
		k[1] += weight * (o2 - z2)
		k[2] += weight * (6*z6 + 2*z4 + (2*z4-5*z2)*o2 + (1-2*z2)*o2*o2)
		k[3] += weight * (-30*z6 - 90*z4*z4 + (135*z4-96*z6)*o2 + (212*z4-60*z2)*o2*o2 + (5-30*z2)*o2*o2*o2)
		weight = math.Exp(-whole2 / (2 * z2))
		k[2] -= weight * whole2 * 2 * z4                    // the common divisor below is 72 z⁷, that of this sum 36 z³
		k[3] += weight * whole2 * (3*z2 - whole2) * 30 * z4 // 6480 z¹⁰ and 216 z⁶
	}
	nf := float64(n)
	sum := k[0]/z + k[1]/(6*z4)/math.Sqrt(nf) + k[2]/(72*z4*z2*z)/nf + k[3]/(6480*z4*z6)/math.Pow(nf, 1.5)
	return math.Sqrt(2*math.Pi) * sum
}
