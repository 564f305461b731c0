package tpe

import (
	"math"
	"slices"
)

// simdSort is the argsort of Intel's x86-simd-sort as numpy uses it: a bitonic network up to 256 keys, above that a
// quicksort which splits blocks of lanes keys at a time. Only the order of equal keys depends on the lanes.
type simdSort struct {
	keys     []float64
	lanes    int
	reversed bool // AVX2 stores the greater keys of a block backwards
}

const (
	networkSize = 256
	unroll      = 4 // blocks handled at a time
)

func (s simdSort) sort(arg []int32, depth int) {
	switch {
	case len(arg) < 2:
		return
	case depth <= 0:
		stdSort{s.keys}.sort(arg)
		return
	case len(arg) <= networkSize:
		s.network(arg)
		return
	}
	pivot := s.pivot(arg)
	at, smallest, biggest := s.partition(arg, pivot)
	if pivot != smallest {
		s.sort(arg[:at], depth-1)
	}
	if pivot != biggest {
		s.sort(arg[at:], depth-1)
	}
}

// network merges sorted runs of doubling size: one stage that compares mirrored positions, then half-cleaners. Positions
// beyond the end would hold infinity and never move.
func (s simdSort) network(arg []int32) {
	var buffer [networkSize]float64
	n := len(arg)
	keys := buffer[:n]
	for i, a := range arg {
		keys[i] = s.keys[a]
	}
	for size := 2; size < 2*n; size *= 2 {
		for base := 0; base < n; base += size {
			for i, j := max(base, 2*base+size-n), min(base+size, n)-1; i < j; i, j = i+1, j-1 {
				if keys[j] < keys[i] {
					keys[i], keys[j] = keys[j], keys[i]
					arg[i], arg[j] = arg[j], arg[i]
				}
			}
		}
		for half := size / 4; half > 0; half /= 2 {
			for base := 0; base+half < n; base += 2 * half {
				for i := base; i < min(base+half, n-half); i++ {
					if j := i + half; keys[j] < keys[i] {
						keys[i], keys[j] = keys[j], keys[i]
						arg[i], arg[j] = arg[j], arg[i]
					}
				}
			}
		}
	}
}

// pivot is the upper median of as many keys as there are lanes, taken at equal distances.
func (s simdSort) pivot(arg []int32) float64 {
	step := (len(arg) - 1) / s.lanes
	sample := make([]float64, s.lanes)
	for i := range sample {
		sample[i] = s.keys[arg[(i+1)*step]]
	}
	slices.Sort(sample)
	return sample[s.lanes/2]
}

// partition puts keys below the pivot first and returns where the others begin, with the extremes of all keys.
func (s simdSort) partition(arg []int32, pivot float64) (at int, smallest, biggest float64) {
	smallest, biggest = math.Inf(1), math.Inf(-1)
	for _, a := range arg {
		smallest, biggest = min(smallest, s.keys[a]), max(biggest, s.keys[a])
	}
	chunk := unroll * s.lanes
	left, right := 0, len(arg)
	for i := len(arg) % chunk; i > 0; i-- {
		if s.keys[arg[left]] < pivot {
			left++
		} else {
			right--
			arg[left], arg[right] = arg[right], arg[left]
		}
	}
	// The first and the last chunk make room and are split at the end.
	first, last := slices.Clone(arg[left:left+chunk]), slices.Clone(arg[right-chunk:right])
	store := storePair{left: left, right: right}
	current := make([]int32, chunk)
	left, right = left+chunk, right-chunk
	for left != right {
		if store.right-right < left-store.left {
			right -= chunk
			copy(current, arg[right:])
		} else {
			copy(current, arg[left:left+chunk])
			left += chunk
		}
		s.store(arg, current, pivot, &store)
	}
	s.store(arg, first, pivot, &store)
	s.store(arg, last, pivot, &store)
	return store.left, smallest, biggest
}

// storePair bounds what has not been written yet.
type storePair struct{ left, right int }

func (s simdSort) store(arg, chunk []int32, pivot float64, at *storePair) {
	for block := range slices.Chunk(chunk, s.lanes) {
		low := at.left
		high := at.right
		for _, a := range block {
			if s.keys[a] < pivot {
				arg[low] = a
				low++
			} else {
				high--
				arg[high] = a
			}
		}
		if !s.reversed {
			slices.Reverse(arg[high:at.right])
		}
		at.left, at.right = low, high
	}
}
