package neighbors

import "math"

// heap holds the k smallest distances that were pushed, the largest of them on top. Of equal ones at the edge the first pushed stays.
type heap struct {
	distances []float64
	rows      []int
}

func newHeap(k int) *heap { return &heap{distances: make([]float64, k), rows: make([]int, k)} }

func (h *heap) reset() {
	for i := range h.distances {
		h.distances[i] = math.Inf(1)
		h.rows[i] = 0
	}
}

func (h *heap) push(distance float64, row int) {
	if distance >= h.distances[0] {
		return
	}
	at, n := 0, len(h.distances)
	for {
		child := 2*at + 1
		if child >= n {
			break
		}
		if right := child + 1; right < n && h.distances[right] > h.distances[child] {
			child = right
		}
		if !(distance < h.distances[child]) {
			break
		}
		h.distances[at], h.rows[at] = h.distances[child], h.rows[child]
		at = child
	}
	h.distances[at], h.rows[at] = distance, row
}
