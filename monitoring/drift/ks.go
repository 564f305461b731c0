package drift

import (
	"fmt"
	"math"
)

// exactKS is the longest side for which scipy.stats.ks_2samp counts paths (MAX_AUTO_N).
const exactKS = 10000

// KolmogorovSmirnov is the two-sided two-sample Kolmogorov-Smirnov test: the largest distance between the two empirical distribution
// functions, and the probability of one at least as large when both samples come from one continuous distribution. Missing values (NaN,
// infinities) are dropped; the samples are not changed.
//
// As in scipy.stats.ks_2samp, the p-value is exact while no sample is longer than 10,000: for equal lengths by the closed form of Gnedenko
// and Korolyuk (1951), otherwise by counting lattice paths (Hodges, "The significance probability of the Smirnov two-sample test", 1958).
// Longer samples get the distribution of the one-sample statistic at round(n₁n₂/(n₁+n₂)), see Simard and L'Ecuyer (2011).
func KolmogorovSmirnov(reference, current []float64) (statistic, pValue float64, err error) {
	s, err := clean(Column{Reference: Floats(reference), Current: Floats(current)}, Numerical)
	if err != nil {
		return 0, 0, fmt.Errorf("Kolmogorov-Smirnov test: %w", err)
	}
	statistic, pValue = kolmogorovSmirnov(s.reference, s.current)
	return statistic, pValue, nil
}

func kolmogorovSmirnov(reference, current []float64) (statistic, pValue float64) {
	n1, n2 := len(reference), len(current)
	i, j, largest := 0, 0, 0
	eachValue(reference, current, func(_ float64, inReference, inCurrent int) bool {
		i, j = i+inReference, j+inCurrent
		distance := i*n2 - j*n1
		largest = max(largest, distance, -distance)
		return true
	})
	statistic = float64(largest) / float64(n1) / float64(n2)
	if max(n1, n2) <= exactKS {
		steps := largest / gcd(n1, n2)
		pValue = pathsOutside(n1, n2, steps)
		if pValue >= 0 && pValue <= 1 {
			return statistic, pValue
		}
	}
	m, n := float64(max(n1, n2)), float64(min(n1, n2))
	pValue = kolmogorovSurvival(int(math.RoundToEven(m*n/(m+n))), statistic)
	return statistic, min(max(pValue, 0), 1)
}

// pathsOutside is the share of the lattice paths from (0, 0) to (n1, n2) that somewhere reach a distance of steps/lcm(n1, n2) from the diagonal.
func pathsOutside(n1, n2, steps int) float64 {
	switch {
	case steps == 0:
		return 1
	case n1 == n2:
		return pathsOutsideSquare(n1, steps)
	default:
		return pathsOutsideRectangle(max(n1, n2), min(n1, n2), steps)
	}
}

// pathsOutsideSquare is 2·(C(2n, n-h) - C(2n, n-2h) + C(2n, n-3h) - …)/C(2n, n), nested so that nothing cancels.
func pathsOutsideSquare(n, h int) float64 {
	p := 0.0
	for k := n / h; k >= 0; k-- {
		ratio := 1.0
		for j := range h {
			ratio = float64(n-k*h-j) * ratio / float64(n+k*h+j+1)
		}
		p = ratio * (1 - p)
	}
	return 2 * p
}

// pathsOutsideRectangle walks the columns i of the lattice and keeps, for each point (i, j) between the two lines, the share of the paths
// to it that have already been outside. m is the longer side. Shares rather than numbers of paths neither overflow nor cancel.
func pathsOutsideRectangle(m, n, h int) float64 {
	g := gcd(m, n)
	mg, ng := m/g, n/g
	low, high := 0, min(ceilDiv(h, mg), n+1)
	length := high - low
	outside := make([]float64, min(2*high+2, n+1))
	for j := range outside {
		if j >= high {
			outside[j] = 1
		}
	}
	for i := 1; i <= m; i++ {
		lastLow, lastLength := low, length
		low = min(max(floorDiv(ng*i-h, mg)+1, 0), n)
		high = min(ceilDiv(ng*i+h, mg), n+1)
		if high <= low {
			return 1
		}
		below := 1.0 // the share at (i, low-1), which is outside
		if low == 0 {
			below = 0
		}
		for j := low; j < high; j++ {
			below = (float64(outside[j-lastLow]*float64(i)) + float64(below*float64(j))) / float64(i+j)
			outside[j-low] = below
		}
		length = high - low
		for j := length; j < lastLength; j++ {
			outside[j] = 1
		}
	}
	return outside[length-1]
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int) int { return -floorDiv(-a, b) }
