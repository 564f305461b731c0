package onnx

import "math"

// Floating-point sums depend on their order, and a nearest neighbour or a vote may hang on the last bit. The functions here add in the order
// in which onnxruntime 1.32 does on amd64, so that such choices come out the same: products of matrices by fused multiplication and addition
// along the shared dimension, sums along the last dimension in vectors of 16 bytes.

// fused is a*b+c, rounded once. For float32 the product is exact in float64, and the sum is rounded a second time only in the rarest cases.
func fused[T ~float32 | ~float64](a, b, c T) T {
	if sizeof[T]() == 4 {
		return T(float32(float64(a)*float64(b) + float64(c)))
	}
	return T(math.FMA(float64(a), float64(b), float64(c)))
}

// dot is the product of two vectors of n elements, which lie aStep and bStep apart.
func dot[T ~float32 | ~float64](a []T, aStep int, b []T, bStep, n int) T {
	var acc T
	for i := range n {
		acc = fused(a[i*aStep], b[i*bStep], acc)
	}
	return acc
}

// vectorSum adds up the elements of x, of which the one numbered start in the whole array is the first: vectors begin at multiples of their
// length, and what lies before the first and behind the last is added at the end.
func vectorSum[T number](x []T, start int) T {
	lanes := 16 / sizeof[T]()
	head := min((lanes-start%lanes)%lanes, len(x))
	body := x[head:]
	n := len(body) / lanes * lanes
	if n == 0 {
		return plainSum(x, 0)
	}
	sums := laneSums(body[:n], lanes)
	var sum T
	if lanes == 4 {
		sum = (sums[0] + sums[2]) + (sums[1] + sums[3])
	} else {
		sum = sums[0] + sums[1]
	}
	return plainSum(body[n:], plainSum(x[:head], sum))
}

// laneSums adds vectors into two accumulators in turn, and an odd one at the end to both.
func laneSums[T number](x []T, lanes int) (sums [4]T) {
	if len(x) == lanes {
		copy(sums[:], x)
		return sums
	}
	var second [4]T
	pairs := len(x) / (2 * lanes)
	for p := range pairs {
		v := x[2*p*lanes:][:2*lanes]
		for l := range lanes {
			sums[l] += v[l]
			second[l] += v[lanes+l]
		}
	}
	for l := range lanes {
		sums[l] += second[l]
	}
	for l, v := range x[2*pairs*lanes:] {
		sums[l] += v
	}
	return sums
}

func plainSum[T number](x []T, sum T) T {
	for _, v := range x {
		sum += v
	}
	return sum
}
