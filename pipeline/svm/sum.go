package svm

// pairwiseSum adds numbers as numpy.sum does for contiguous float64: eight running sums over blocks of up to 128, and halves added
// pairwise above. gamma="scale" hangs on it to the last bit.
func pairwiseSum(v []float64) float64 {
	const lanes, block = 8, 128
	n := len(v)
	if n > block {
		half := n / 2
		half -= half % lanes
		return pairwiseSum(v[:half]) + pairwiseSum(v[half:])
	}
	sum, i := 0.0, 0
	if n >= lanes {
		var r [lanes]float64
		for ; i+lanes <= n; i += lanes {
			for k := range r {
				r[k] += v[i+k]
			}
		}
		sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	}
	for ; i < n; i++ {
		sum += v[i]
	}
	return sum
}
