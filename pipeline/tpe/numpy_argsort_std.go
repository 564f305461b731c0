package tpe

import "math/bits"

// stdSort is std::sort of GNU's C++ library, to which x86-simd-sort resorts when its pivots do not divide the keys, as
// happens with more than 256 keys of which most are equal and smallest.
type stdSort struct{ keys []float64 }

const stdThreshold = 16

func (s stdSort) sort(arg []int32) {
	s.loop(arg, 2*(bits.Len(uint(len(arg)))-1))
	for i := 1; i < len(arg); i++ {
		index, j := arg[i], i
		for ; j > 0 && s.keys[index] < s.keys[arg[j-1]]; j-- {
			arg[j] = arg[j-1]
		}
		arg[j] = index
	}
}

// loop leaves the order right but for runs of the threshold's length.
func (s stdSort) loop(arg []int32, depth int) {
	for len(arg) > stdThreshold {
		if depth == 0 {
			scalarSort(s).heap(arg)
			return
		}
		depth--
		s.medianFirst(arg)
		at := s.partition(arg)
		s.loop(arg[at:], depth)
		arg = arg[:at]
	}
}

// medianFirst swaps the median of the second, the middle and the last key to the front.
func (s stdSort) medianFirst(arg []int32) {
	a, b, c := 1, len(arg)/2, len(arg)-1
	less := func(i, j int) bool { return s.keys[arg[i]] < s.keys[arg[j]] }
	var median int
	switch ab, bc, ac := less(a, b), less(b, c), less(a, c); {
	case ab && bc, !ab && !ac && !bc:
		median = b
	case ab && !ac, !ab && ac:
		median = a
	default:
		median = c
	}
	arg[0], arg[median] = arg[median], arg[0]
}

// partition divides what follows the pivot at the front and returns where its upper part begins.
func (s stdSort) partition(arg []int32) int {
	pivot := s.keys[arg[0]]
	for i, j := 1, len(arg); ; i++ {
		for s.keys[arg[i]] < pivot {
			i++
		}
		j--
		for pivot < s.keys[arg[j]] {
			j--
		}
		if i >= j {
			return i
		}
		arg[i], arg[j] = arg[j], arg[i]
	}
}
