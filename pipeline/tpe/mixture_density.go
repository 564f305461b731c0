package tpe

import "math"

// logDensity returns the logarithm of the mixture's density at each point.
func (m *mixture) logDensity(points [][]float64) []float64 {
	n, products := len(points[0]), len(m.weights)
	terms := make([]float64, n*products) // by point, then by product
	row := func(i int) []float64 { return terms[i*products : (i+1)*products] }
	var continuous []int
	for i := range m.dims {
		switch d := &m.dims[i]; {
		case d.dist.kind == kindCategorical:
			d.addCategories(points[i], row)
		case d.dist.step != 0:
			d.addSteps(points[i], row)
		default:
			continuous = append(continuous, i)
		}
	}
	if len(continuous) > 0 {
		m.addContinuous(continuous, points, row)
	}
	logWeights := make([]float64, products)
	for i, w := range m.weights {
		logWeights[i] = log(w)
	}
	out := make([]float64, n)
	for i := range out {
		t := row(i)
		for j, w := range logWeights {
			t[j] += w
		}
		out[i] = logSumExp(t)
	}
	return out
}

// logSumExp overwrites t.
func logSumExp(t []float64) float64 {
	top := math.Inf(-1)
	for _, v := range t {
		if v > top || v != v {
			top = v
		}
	}
	if math.IsInf(top, -1) {
		top = 0
	}
	for i, v := range t {
		t[i] = exp(v - top)
	}
	return log(pairwiseSum(t)) + top
}

func (k *kernels) addCategories(x []float64, row func(int) []float64) {
	logHit, logMiss := make([]float64, len(k.hit)), make([]float64, len(k.hit))
	for i, p := range k.hit {
		if p != 0 {
			logHit[i], logMiss[i] = log(p), log(k.miss[i])
		}
	}
	logPrior := log(k.prior)
	for i, v := range x {
		t, c := row(i), int(v)
		for j, choice := range k.choice {
			if choice == c {
				t[j] += logHit[c]
			} else {
				t[j] += logMiss[choice]
			}
		}
		t[len(k.choice)] += logPrior
	}
}

// addSteps adds the probability of the step around each point. Points and kernels repeat, and so do the standardised
// steps: each is computed once, which also decides how Optuna evaluates the error function.
func (k *kernels) addSteps(x []float64, row func(int) []float64) {
	half := k.dist.step / 2
	kernel := newPairs(len(k.mu))
	kernelOf := make([]int, len(k.mu))
	for i, mu := range k.mu {
		kernelOf[i] = kernel.index(mu, k.sigma[i])
	}
	norm := newPairs(len(kernel.a))
	for i, mu := range kernel.a {
		norm.a = append(norm.a, (k.lowBound-mu)/kernel.b[i])
		norm.b = append(norm.b, (k.highBound-mu)/kernel.b[i])
	}
	normMass := make([]float64, len(norm.a))
	logGaussMass(norm.a, norm.b, normMass)

	point := newPairs(len(x))
	pointOf := make([]int, len(x))
	for i, v := range x {
		pointOf[i] = point.index(v, 0)
	}
	step := newPairs(len(point.a) * len(kernel.a))
	stepOf := make([]int, 0, len(point.a)*len(kernel.a))
	for _, v := range point.a {
		left, right := v-half, v+half
		if k.dist.log {
			left, right = log(left), log(right)
		}
		for i, mu := range kernel.a {
			stepOf = append(stepOf, step.index((left-mu)/kernel.b[i], (right-mu)/kernel.b[i]))
		}
	}
	mass := make([]float64, len(step.a))
	logGaussMass(step.a, step.b, mass)
	for i, p := range pointOf {
		t := row(i)
		of := stepOf[p*len(kernel.a) : (p+1)*len(kernel.a)]
		for j, kj := range kernelOf {
			t[j] += mass[of[kj]]
			t[j] -= normMass[kj]
		}
	}
}

// addContinuous adds the densities of all parameters without steps, which Optuna sums before adding.
func (m *mixture) addContinuous(dims []int, points [][]float64, row func(int) []float64) {
	products := len(m.weights)
	size := products * len(dims)
	a, b, norm, logSigma := make([]float64, size), make([]float64, size), make([]float64, size), make([]float64, size)
	for j := range products {
		for i, at := range dims {
			d := &m.dims[at]
			a[j*len(dims)+i] = (d.lowBound - d.mu[j]) / d.sigma[j]
			b[j*len(dims)+i] = (d.highBound - d.mu[j]) / d.sigma[j]
			logSigma[j*len(dims)+i] = log(d.sigma[j])
		}
	}
	logGaussMass(a, b, norm)
	x, terms := make([]float64, len(dims)), make([]float64, len(dims))
	for p := range points[0] {
		t := row(p)
		for i, at := range dims {
			if x[i] = points[at][p]; m.dims[at].dist.log {
				x[i] = log(x[i])
			}
		}
		for j := range t {
			for i, at := range dims {
				k := j*len(dims) + i
				d := &m.dims[at]
				z := (x[i] - d.mu[j]) / d.sigma[j]
				terms[i] = -float64(z*z)/2 - normLogC - norm[k] - logSigma[k]
				if a[k] == b[k] {
					terms[i] = math.NaN()
				} else if z < a[k] || z > b[k] {
					terms[i] = math.Inf(-1)
				}
			}
			t[j] += pairwiseSum(terms)
		}
	}
}
