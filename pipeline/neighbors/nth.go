package neighbors

import "math/bits"

// selectNth puts the element that sorting would put at nth there, smaller ones before and larger ones after it, with the swaps that
// std::nth_element of the GNU C++ library makes: the order that it leaves within the parts decides which of equally distant rows count.
// less is a strict order without equal elements.
func selectNth(v []int, nth int, less func(a, b int) bool) {
	first, last := 0, len(v)
	for depth := 2 * (bits.Len(uint(len(v))) - 1); last-first > 3; depth-- {
		if depth == 0 {
			heapSelect(v[first:last], nth+1-first, less)
			v[first], v[nth] = v[nth], v[first]
			return
		}
		if cut := first + partition(v[first:last], less); cut <= nth {
			first = cut
		} else {
			last = cut
		}
	}
	insertionSort(v[first:last], less)
}

// partition takes the median of the second, the middle and the last element to the front and divides the rest by it. It returns where the
// larger part begins.
func partition(v []int, less func(a, b int) bool) int {
	a, b, c := 1, len(v)/2, len(v)-1
	median := a
	switch {
	case less(v[a], v[b]):
		if less(v[b], v[c]) {
			median = b
		} else if less(v[a], v[c]) {
			median = c
		}
	case less(v[a], v[c]):
	case less(v[b], v[c]):
		median = c
	default:
		median = b
	}
	v[0], v[median] = v[median], v[0]
	i, j := 1, len(v)
	for {
		for less(v[i], v[0]) {
			i++
		}
		j--
		for less(v[0], v[j]) {
			j--
		}
		if i >= j {
			return i
		}
		v[i], v[j] = v[j], v[i]
		i++
	}
}

func insertionSort(v []int, less func(a, b int) bool) {
	for i := 1; i < len(v); i++ {
		for j := i; j > 0 && less(v[j], v[j-1]); j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
}

// heapSelect leaves the n smallest elements in front as a heap, the largest of them first.
func heapSelect(v []int, n int, less func(a, b int) bool) {
	front := v[:n]
	for parent := (n - 2) / 2; n > 1 && parent >= 0; parent-- {
		sift(front, parent, front[parent], less)
	}
	for i := n; i < len(v); i++ {
		if less(v[i], front[0]) {
			value := v[i]
			v[i] = front[0]
			sift(front, 0, value, less)
		}
	}
}

// sift moves a hole down to a leaf along the larger children, and up again to where value belongs.
func sift(heap []int, hole, value int, less func(a, b int) bool) {
	top, n := hole, len(heap)
	child := hole
	for child < (n-1)/2 {
		child = 2 * (child + 1)
		if less(heap[child], heap[child-1]) {
			child--
		}
		heap[hole] = heap[child]
		hole = child
	}
	if n%2 == 0 && child == (n-2)/2 {
		child = 2*child + 1
		heap[hole] = heap[child]
		hole = child
	}
	for hole > top && less(heap[(hole-1)/2], value) {
		heap[hole] = heap[(hole-1)/2]
		hole = (hole - 1) / 2
	}
	heap[hole] = value
}
