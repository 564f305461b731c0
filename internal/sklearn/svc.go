package sklearn

import "math"

// svc is SVC: one decision for each pair of classes, each a vote, as in libsvm.
type svc struct {
	classes, features int
	kernel            func(c *svc, x, support []float64) float64
	gamma, offset     float64
	degree            int
	support           []float64 // row after row, those of a class together
	first             []int     // of each class the number of its first row, and at the end that of all rows
	weights           []float64 // classes-1 rows of one weight for each support vector
	intercepts        []float64 // of each pair
}

var kernels = map[string]func(c *svc, x, support []float64) float64{
	"linear":  func(_ *svc, x, support []float64) float64 { return dot(x, support) },
	"poly":    func(c *svc, x, support []float64) float64 { return power(c.gamma*dot(x, support)+c.offset, c.degree) },
	"sigmoid": func(c *svc, x, support []float64) float64 { return math.Tanh(c.gamma*dot(x, support) + c.offset) },
	"rbf":     func(c *svc, x, support []float64) float64 { return math.Exp(-c.gamma * squared(x, support)) },
}

// power is libsvm's powi.
func power(base float64, times int) float64 {
	result := 1.0
	for ; times > 0; times /= 2 {
		if times%2 == 1 {
			result *= base
		}
		base *= base
	}
	return result
}

// squared is the square of the distance.
func squared(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		d := v - b[i]
		sum += d * d
	}
	return sum
}

func newSVC(f *fields, features, classes int) classifier {
	c := &svc{classes: classes, features: features, gamma: f.number("_gamma"), offset: f.number("coef0"), degree: f.integer("degree")}
	kernel := f.text("kernel")
	if c.kernel = kernels[kernel]; c.kernel == nil {
		f.unsupported("kernel %q", kernel)
	}
	if f.truth("break_ties") {
		f.unsupported("break_ties=True")
	}
	if f.truth("_sparse") {
		f.unsupported("a machine that was fitted on a sparse matrix")
	}
	rows := 0
	for _, n := range f.integers("_n_support", classes) {
		if n < 0 || n > 1<<31 {
			f.refuse("_n_support", "it holds %d", n)
			break
		}
		c.first = append(c.first, rows)
		rows += int(n)
	}
	c.first = append(c.first, rows)
	c.support = f.floats("support_vectors_", rows, features)
	c.weights = f.floats("_dual_coef_", classes-1, rows)
	c.intercepts = f.floats("_intercept_", classes*(classes-1)/2)
	return c
}

func (c *svc) probabilities() bool   { return false }
func (c *svc) check(v float64) error { return checkFinite(v) }

func (c *svc) classify(w *work, x []float64, labels []int, _ []float64) {
	n := c.first[c.classes]
	w.numbers = resize(w.numbers, n)
	w.votes = resize(w.votes, c.classes)
	for i := range labels {
		row := x[i*c.features : (i+1)*c.features]
		for s := range w.numbers {
			w.numbers[s] = c.kernel(c, row, c.support[s*c.features:(s+1)*c.features])
		}
		clear(w.votes)
		c.vote(w.numbers, w.votes)
		labels[i] = mostVotes(w.votes)
	}
}

// vote decides every pair of classes by the kernel's values.
func (c *svc) vote(values []float64, votes []int) {
	n, pair := c.first[c.classes], 0
	for a := range c.classes {
		for b := a + 1; b < c.classes; b++ {
			sum := 0.0
			for s := c.first[a]; s < c.first[a+1]; s++ {
				sum += c.weights[(b-1)*n+s] * values[s]
			}
			for s := c.first[b]; s < c.first[b+1]; s++ {
				sum += c.weights[a*n+s] * values[s]
			}
			if sum+c.intercepts[pair] > 0 {
				votes[a]++
			} else {
				votes[b]++
			}
			pair++
		}
	}
}

// mostVotes is the class with the most, the first of equals.
func mostVotes(votes []int) int {
	best := 0
	for k, n := range votes {
		if n > votes[best] {
			best = k
		}
	}
	return best
}
