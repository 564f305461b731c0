package tpe

// mixture is Optuna's Parzen estimator: a weighted sum of products of kernels, one product for each trial and one, the
// last, for the prior.
type mixture struct {
	weights []float64
	dims    []kernels
}

// kernels are one parameter's factors of all products.
type kernels struct {
	dist *dist

	// Numbers: normals of this mean and width, truncated to bounds, on the logarithmic scale if dist asks for it.
	mu, sigma           []float64
	lowBound, highBound float64

	// Categories: the trial's choice has probability hit[choice], every other one miss[choice]; all are equal for the
	// prior.
	choice    []int
	hit, miss []float64
	prior     float64
}

// newMixture models those of the trials that have all parameters of the space.
func newMixture(trials []*record, space []dim, ties TieOrder) *mixture {
	columns := gather(trials, space)
	n := len(columns[0])
	m := &mixture{weights: weights(n), dims: make([]kernels, len(space))}
	for i, d := range space {
		if d.dist.kind == kindCategorical {
			m.dims[i] = newCategories(d.dist, columns[i])
		} else {
			m.dims[i] = newNormals(d.dist, columns[i], ties)
		}
	}
	return m
}

// gather lists each parameter's values, leaving room for one more.
func gather(trials []*record, space []dim) [][]float64 {
	columns := make([][]float64, len(space))
	buffer := make([]float64, len(space)*(len(trials)+1))
	for i := range columns {
		at := i * (len(trials) + 1)
		columns[i] = buffer[at : at : at+len(trials)+1]
	}
	for _, r := range trials {
		for i, d := range space {
			v := r.at(d.index)
			if v != v {
				for j := range i {
					columns[j] = columns[j][:len(columns[j])-1]
				}
				break
			}
			columns[i] = append(columns[i], v)
		}
	}
	return columns
}

const flatWeights = 25

// weights are 1 for the last 25 of n trials and for the prior, and rise linearly from 1/n over the older ones; then
// they are divided by their sum.
func weights(n int) []float64 {
	w := make([]float64, n+1)
	ramp := n - flatWeights
	for i := range w {
		switch {
		case i >= ramp || i == ramp-1 && ramp > 1:
			w[i] = 1
		case ramp == 1:
			w[i] = 1 / float64(n)
		default:
			start := 1 / float64(n)
			w[i] = float64(float64(i)*((1-start)/float64(ramp-1))) + start
		}
	}
	sum := pairwiseSum(w)
	for i := range w {
		w[i] /= sum
	}
	return w
}

func newCategories(d *dist, observed []float64) kernels {
	k := len(d.choices)
	if len(observed) == 0 {
		return kernels{dist: d, prior: 1 / float64(k)}
	}
	out := kernels{dist: d, choice: make([]int, len(observed)), hit: make([]float64, k), miss: make([]float64, k)}
	fill := 1 / float64(len(observed)+1)
	row := make([]float64, k)
	for i := range row {
		row[i] = fill
	}
	out.prior = fill / pairwiseSum(row)
	for i, v := range observed {
		c := int(v)
		out.choice[i] = c
		if out.hit[c] == 0 {
			row[c] = fill + 1
			sum := pairwiseSum(row)
			row[c] = fill
			out.hit[c], out.miss[c] = (fill+1)/sum, fill/sum
		}
	}
	return out
}

// probability returns that of a choice in product i.
func (k *kernels) probability(i, choice int) float64 {
	switch {
	case i == len(k.choice):
		return k.prior
	case k.choice[i] == choice:
		return k.hit[choice]
	default:
		return k.miss[k.choice[i]]
	}
}

// newNormals puts a kernel on each observation, as wide as the distance to the farther neighbour, and the prior over the
// whole range.
func newNormals(d *dist, observed []float64, ties TieOrder) kernels {
	low, high := d.low-d.step/2, d.high+d.step/2
	out := kernels{dist: d}
	if d.log {
		low, high = log(low), log(high)
		for i, v := range observed {
			observed[i] = log(v)
		}
	}
	out.lowBound, out.highBound = low, high
	width := high - low
	out.sigma = append(widths(observed, low, high, ties), width)
	observed = append(observed, 0.5*(low+high))
	out.mu = observed
	return out
}

func widths(mu []float64, low, high float64, ties TieOrder) []float64 {
	n := len(mu)
	sigma := make([]float64, n, n+1)
	order := make([]int32, n)
	argsort(mu, ties, order)
	smallest, largest := (high-low)/min(100, float64(n)+2), high-low
	for i, at := range order {
		left, right := low, high
		if i > 0 {
			left = mu[order[i-1]]
		}
		if i < n-1 {
			right = mu[order[i+1]]
		}
		gap := max(mu[at]-left, right-mu[at])
		switch { // the bounds do not count as neighbours
		case n > 1 && i == 0:
			gap = right - mu[at]
		case n > 1 && i == n-1:
			gap = mu[at] - left
		}
		sigma[at] = clip(gap, smallest, largest)
	}
	return sigma
}
