package forest

import "math/bits"

// introsort sorts values and carries rows along, step for step as scikit-learn's simultaneous_sort with three-way
// partitions does. The order it leaves among equal values decides the order in which weights that are not integers
// are summed, and so the last bits of a tree.
func introsort(values []float32, rows []uint32) {
	if len(values) > 0 {
		introsortDepth(values, rows, 2*(bits.Len(uint(len(values)))-1))
	}
}

// insertionLength is the length from which on simple insertion is faster.
const insertionLength = 15

func introsortDepth(values []float32, rows []uint32, depth int) {
	for len(values) > insertionLength {
		if depth <= 0 {
			heapsort(values, rows)
			return
		}
		depth--
		low, high := partition3(values, rows, median3(values))
		introsortDepth(values[:low], rows[:low], depth)
		values, rows = values[high:], rows[high:]
	}
	for i := 1; i < len(values); i++ {
		v, r := values[i], rows[i]
		j := i
		for ; j > 0 && values[j-1] > v; j-- {
			values[j], rows[j] = values[j-1], rows[j-1]
		}
		values[j], rows[j] = v, r
	}
}

// partition3 orders values as smaller, equal and greater than pivot; the equal ones are at [low, high).
func partition3(values []float32, rows []uint32, pivot float32) (low, high int) {
	high = len(values)
	for i := 0; i < high; {
		switch v := values[i]; {
		case v < pivot:
			swapPairs(values, rows, i, low)
			i++
			low++
		case v > pivot:
			high--
			swapPairs(values, rows, i, high)
		default:
			i++
		}
	}
	return low, high
}

func median3(values []float32) float32 {
	a, b, c := values[0], values[len(values)/2], values[len(values)-1]
	if a > b {
		a, b = b, a
	}
	return max(a, min(b, c))
}

func swapPairs(values []float32, rows []uint32, i, j int) {
	values[i], values[j] = values[j], values[i]
	rows[i], rows[j] = rows[j], rows[i]
}

func heapsort(values []float32, rows []uint32) {
	for start := len(values)/2 - 1; start >= 0; start-- {
		siftDown(values, rows, start, len(values))
	}
	for end := len(values) - 1; end > 0; end-- {
		swapPairs(values, rows, 0, end)
		siftDown(values, rows, 0, end)
	}
}

func siftDown(values []float32, rows []uint32, root, end int) {
	for {
		largest, child := root, 2*root+1
		if child < end && values[largest] < values[child] {
			largest = child
		}
		if child+1 < end && values[largest] < values[child+1] {
			largest = child + 1
		}
		if largest == root {
			return
		}
		swapPairs(values, rows, root, largest)
		root = largest
	}
}
