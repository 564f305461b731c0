package svm

import "math"

// The three functions below give what OpenBLAS gives scikit-learn on processors with fused multiply-add, to the last bit for vectors shorter
// than 16. Searches that stop at a tolerance, and steps that end at the edge of a trust region, enlarge a difference there a millionfold.

// product is the scalar product, each step rounded once.
func product(a, b []float64) float64 {
	sum := 0.0
	b = b[:len(a)]
	for i, v := range a {
		sum = math.FMA(v, b[i], sum)
	}
	return sum
}

// addProduct adds factor·v to the sum, each element rounded once.
func addProduct(sum []float64, factor float64, v []float64) {
	v = v[:len(sum)]
	for i := range sum {
		sum[i] = math.FMA(factor, v[i], sum[i])
	}
}

// norm is the Euclidean norm, rounded once: OpenBLAS sums in 80 bits, this in two float64.
func norm(v []float64) float64 {
	sum, rest := 0.0, 0.0
	for _, x := range v {
		square := x * x
		rest += math.FMA(x, x, -square)
		next := sum + square
		part := next - sum
		rest += (sum - (next - part)) + (square - part)
		sum = next
	}
	root := math.Sqrt(sum)
	if root == 0 || root-root != 0 {
		return root
	}
	return root + (math.FMA(-root, root, sum)+rest)/(2*root)
}
