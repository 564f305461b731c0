package forest

// pairwiseSum adds numbers as numpy.sum does for contiguous float64: eight running sums over blocks of up to 128,
// and halves added pairwise above. The order decides the last bits of means and variances.
func pairwiseSum(v []float64) float64 {
	const lanes, block = 8, 128
	n := len(v)
	if n < lanes {
		sum := 0.0
		for _, x := range v {
			sum += x
		}
		return sum
	}
	if n > block {
		half := n / 2
		half -= half % lanes
		return pairwiseSum(v[:half]) + pairwiseSum(v[half:])
	}
	var r [lanes]float64
	copy(r[:], v)
	i := lanes
	for ; i+lanes <= n; i += lanes {
		for k := range r {
			r[k] += v[i+k]
		}
	}
	sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for ; i < n; i++ {
		sum += v[i]
	}
	return sum
}
