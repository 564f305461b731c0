package tpe

import "math"

// pairTable numbers distinct pairs of numbers in the order they come.
type pairTable struct {
	a, b  []float64
	slots []int32 // open addressing: number + 1, or 0
	shift uint
}

// newPairs makes room for n pairs.
func newPairs(n int) *pairTable {
	t := &pairTable{a: make([]float64, 0, n), b: make([]float64, 0, n), shift: 60}
	for 1<<(64-t.shift) < 2*n {
		t.shift--
	}
	return t
}

// index returns the number of the pair, a new one if it has not been seen. Both zeros are equal.
func (t *pairTable) index(a, b float64) int {
	if t.slots == nil {
		t.slots = make([]int32, 1<<(64-t.shift))
	}
	a, b = a+0, b+0
	h := (math.Float64bits(a)*0x9e3779b97f4a7c15 ^ math.Float64bits(b)) * 0xd6e8feb86659fd93
	for at := h >> t.shift; ; at = (at + 1) & uint64(len(t.slots)-1) {
		i := t.slots[at] - 1
		if i < 0 {
			t.slots[at] = int32(len(t.a)) + 1
			t.a, t.b = append(t.a, a), append(t.b, b)
			return len(t.a) - 1
		}
		if t.a[i] == a && t.b[i] == b {
			return int(i)
		}
	}
}
