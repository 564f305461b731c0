package tpe

import (
	"math"
	"sort"
)

// sample draws n points; the result is indexed by parameter, then by point. The order of the draws is Optuna's: the
// products, then each categorical parameter, then all numbers as one block.
func (m *mixture) sample(g *mt19937, n int) [][]float64 {
	active := m.choose(g, n)
	points := make([][]float64, len(m.dims))
	numbers := 0
	for i := range m.dims {
		d := &m.dims[i]
		if d.dist.kind != kindCategorical {
			numbers++
			continue
		}
		points[i] = make([]float64, n)
		for j, product := range active {
			points[i][j] = float64(d.quantile(product, g.double()))
		}
	}
	if numbers > 0 {
		m.sampleNumbers(g, active, numbers, points)
	}
	return points
}

// choose draws n products by their weights, as numpy's RandomState.choice does.
func (m *mixture) choose(g *mt19937, n int) []int {
	cumulative := make([]float64, len(m.weights))
	sum := 0.0
	for i, w := range m.weights {
		sum += w
		cumulative[i] = sum
	}
	for i := range cumulative {
		cumulative[i] /= sum
	}
	active := make([]int, n)
	for i := range active {
		u := g.double()
		active[i] = sort.Search(len(cumulative), func(j int) bool { return cumulative[j] > u })
	}
	return active
}

// quantile is the number of choices whose cumulative probability in the product is below u.
func (k *kernels) quantile(product int, u float64) int {
	count, sum := 0, 0.0
	for choice := range len(k.dist.choices) - 1 {
		sum += k.probability(product, choice)
		if sum < u {
			count++
		}
	}
	return count
}

func (m *mixture) sampleNumbers(g *mt19937, active []int, numbers int, points [][]float64) {
	n := len(active)
	size := numbers * n
	buffer := make([]float64, 5*size)
	part := func(i int) []float64 { return buffer[i*size : (i+1)*size] }
	a, b, mu, sigma, q := part(0), part(1), part(2), part(3), part(4)
	at := 0
	for i := range m.dims {
		d := &m.dims[i]
		if d.dist.kind == kindCategorical {
			continue
		}
		points[i] = a[at : at+n]
		for _, product := range active {
			mu[at], sigma[at] = d.mu[product], d.sigma[product]
			a[at] = (d.lowBound - mu[at]) / sigma[at]
			b[at] = (d.highBound - mu[at]) / sigma[at]
			at++
		}
	}
	for i := range q {
		q[i] = g.double()
	}
	truncNorm(q, a, b, mu, sigma)
	for i := range m.dims {
		m.dims[i].dist.fromScale(points[i])
	}
}

// fromScale takes drawn numbers back from the logarithmic scale and onto the grid.
func (d *dist) fromScale(x []float64) {
	if d.kind == kindCategorical {
		return
	}
	for i, v := range x {
		if d.log {
			v = exp(v)
		}
		if d.step != 0 {
			v = clip(d.low+float64(math.RoundToEven((v-d.low)/d.step)*d.step), d.low, d.high)
		}
		x[i] = v
	}
}
