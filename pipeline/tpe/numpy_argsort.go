package tpe

import "math/bits"

// argsort fills arg with the order that sorts keys, as numpy.argsort(keys) does with its default kind: not stable, and
// equal keys in an order that depends on the instruction set. Keys are finite. Both forms start from 0, 1, 2, ...
func argsort(keys []float64, order TieOrder, arg []int32) {
	for i := range arg {
		arg[i] = int32(i)
	}
	switch order {
	case TieBaseline:
		scalarSort{keys}.sort(arg)
	case TieX86AVX512:
		simdSort{keys: keys, lanes: 8}.sort(arg, 2*(bits.Len(uint(len(arg)))-1))
	default:
		simdSort{keys: keys, lanes: 4, reversed: true}.sort(arg, 2*(bits.Len(uint(len(arg)))-1))
	}
}

// scalarSort is numpy's own quicksort: median of three, insertion below 17 keys, heapsort when the parts are too uneven.
type scalarSort struct{ keys []float64 }

const smallQuicksort = 16

func (s scalarSort) sort(arg []int32) {
	s.quick(arg, 2*(bits.Len(uint(len(arg)))-1))
}

func (s scalarSort) quick(arg []int32, depth int) {
	if depth < 0 {
		s.heap(arg)
		return
	}
	for len(arg) > smallQuicksort { // the depth is not checked on the way down the smaller parts
		depth--
		if at := s.partition(arg); at < len(arg)-1-at {
			s.quick(arg[at+1:], depth)
			arg = arg[:at]
		} else {
			s.quick(arg[:at], depth)
			arg = arg[at+1:]
		}
	}
	for i := 1; i < len(arg); i++ {
		index, key, j := arg[i], s.keys[arg[i]], i
		for ; j > 0 && key < s.keys[arg[j-1]]; j-- {
			arg[j] = arg[j-1]
		}
		arg[j] = index
	}
}

// partition moves the median of the first, middle and last key to where it belongs and returns that place.
func (s scalarSort) partition(arg []int32) int {
	last := len(arg) - 1
	mid := last / 2
	s.order(arg, mid, 0)
	s.order(arg, last, mid)
	s.order(arg, mid, 0)
	pivot := s.keys[arg[mid]]
	i, j := 0, last-1
	arg[mid], arg[j] = arg[j], arg[mid]
	for {
		i++
		for s.keys[arg[i]] < pivot {
			i++
		}
		j--
		for pivot < s.keys[arg[j]] {
			j--
		}
		if i >= j {
			break
		}
		arg[i], arg[j] = arg[j], arg[i]
	}
	arg[i], arg[last-1] = arg[last-1], arg[i]
	return i
}

// order swaps positions a and b if the key at a is smaller.
func (s scalarSort) order(arg []int32, a, b int) {
	if s.keys[arg[a]] < s.keys[arg[b]] {
		arg[a], arg[b] = arg[b], arg[a]
	}
}

func (s scalarSort) heap(arg []int32) {
	for root := len(arg)/2 - 1; root >= 0; root-- {
		s.sift(arg, root, len(arg))
	}
	for end := len(arg) - 1; end > 0; end-- {
		arg[0], arg[end] = arg[end], arg[0]
		s.sift(arg, 0, end)
	}
}

func (s scalarSort) sift(arg []int32, root, end int) {
	index := arg[root]
	for child := 2*root + 1; child < end; child = 2*root + 1 {
		if child+1 < end && s.keys[arg[child]] < s.keys[arg[child+1]] {
			child++
		}
		if s.keys[index] >= s.keys[arg[child]] {
			break
		}
		arg[root] = arg[child]
		root = child
	}
	arg[root] = index
}
