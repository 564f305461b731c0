package tpe

// pairwiseSum adds as numpy.sum does along a contiguous axis: plainly below 8 values, with eight accumulators up to
// 128, and above that in halves whose first length is a multiple of 8. The order decides the last bits.
func pairwiseSum(a []float64) float64 {
	n := len(a)
	switch {
	case n < 8:
		sum := 0.0
		for _, v := range a {
			sum += v
		}
		return sum
	case n <= 128:
		return blockSum(a)
	default:
		half := n / 2
		half -= half % 8
		return pairwiseSum(a[:half]) + pairwiseSum(a[half:])
	}
}

func blockSum(a []float64) float64 {
	r := [8]float64(a)
	i := 8
	for ; i+8 <= len(a); i += 8 {
		b := a[i : i+8 : i+8]
		r[0] += b[0]
		r[1] += b[1]
		r[2] += b[2]
		r[3] += b[3]
		r[4] += b[4]
		r[5] += b[5]
		r[6] += b[6]
		r[7] += b[7]
	}
	sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for ; i < len(a); i++ {
		sum += a[i]
	}
	return sum
}
