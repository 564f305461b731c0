package onnx

import (
	"math"
	"slices"
)

// ranked is an ensemble in which comparisons are between integers. The thresholds of a feature are sorted; a node holds
// the rank k of its own, a row the number r of thresholds below its value. Then x <= threshold exactly when r <= k, for
// every x but NaN.
//
// A node is one word: rank (23 bits, the sign bit above it stays clear), feature (12), number of the first child (28).
// The second child follows the first. A leaf is its own first child and has the largest rank, which no row exceeds, so
// that walking on from a leaf stays there: trees of different depth can be walked in step.
type ranked struct {
	nodes []uint64
	// rows holds the number of the row of weights for leaves, 0 for branches.
	rows       []uint32
	roots      []uint32
	features   []int32     // the features in use
	thresholds [][]float64 // of each of them, ascending
	// nanFirst has a bit for each node: whether NaN goes to the first child. Rows with NaN are walked one by one.
	nanFirst []uint64
}

const (
	rankShift    = 40
	featureShift = 28
	featureMask  = 1<<12 - 1
	childMask    = 1<<28 - 1
	leafRank     = 1<<23 - 1
	leafWord     = uint64(leafRank) << rankShift
)

// rank returns nil when the ensemble has branches for equality, or more features or thresholds than a word can tell.
func (e *ensemble) rank() *ranked {
	r := &ranked{roots: e.roots}
	slots := map[int32]int{}
	for i := range e.nodes {
		n := &e.nodes[i]
		if n.mode == leafNode {
			continue
		}
		t, ok := n.threshold()
		if !ok {
			return nil
		}
		slot, ok := slots[n.feature]
		if !ok {
			slot = len(r.features)
			slots[n.feature] = slot
			r.features = append(r.features, n.feature)
			r.thresholds = append(r.thresholds, nil)
		}
		r.thresholds[slot] = append(r.thresholds[slot], t)
	}
	if len(r.features) > featureMask {
		return nil
	}
	for i, t := range r.thresholds {
		slices.Sort(t)
		r.thresholds[i] = slices.Clone(slices.Compact(t))
		if len(r.thresholds[i]) >= leafRank {
			return nil
		}
	}
	r.layout(e, slots)
	return r
}

// threshold gives t such that the branch asks x <= t, or the opposite; false for equality and for values that no t fits.
func (n *treeNode) threshold() (t float64, ok bool) {
	switch n.mode {
	case branchLEQ, branchGT:
		return n.value, !math.IsNaN(n.value)
	case branchLT, branchGTE: // x < value is x <= the next smaller number
		return math.Nextafter(n.value, math.Inf(-1)), !math.IsNaN(n.value) && !math.IsInf(n.value, -1)
	default:
		return 0, false
	}
}

// layout writes the words. The nodes keep their order, but the child for x <= t comes first.
func (r *ranked) layout(e *ensemble, slots map[int32]int) {
	r.nodes = make([]uint64, len(e.nodes))
	r.rows = make([]uint32, len(e.nodes))
	r.nanFirst = make([]uint64, (len(e.nodes)+63)/64)
	place := make([]uint32, len(e.nodes)) // where each node goes; children are swapped in pairs only
	for i := range place {
		place[i] = uint32(i)
	}
	for i := range e.nodes {
		n := &e.nodes[i]
		if n.mode == branchGT || n.mode == branchGTE {
			place[n.yes], place[n.no] = place[n.no], place[n.yes]
		}
	}
	for i := range e.nodes {
		n, at := &e.nodes[i], place[i]
		if n.mode == leafNode {
			r.nodes[at] = leafWord | uint64(at)
			r.rows[at] = n.yes
			continue
		}
		t, _ := n.threshold()
		slot := slots[n.feature]
		k, _ := slices.BinarySearch(r.thresholds[slot], t)
		first := min(n.yes, n.no)
		if swapped := n.mode == branchGT || n.mode == branchGTE; n.missing != swapped {
			r.nanFirst[at/64] |= 1 << (at % 64)
		}
		r.nodes[at] = uint64(k)<<rankShift | uint64(slot)<<featureShift | uint64(first)
	}
}

// ranks writes the ranks of one row, shifted into place, and reports whether it can be walked: false if a feature in
// use is NaN.
func (r *ranked) ranks(dst []uint64, row []float64) bool {
	for slot, f := range r.features {
		x := row[f]
		if x != x {
			return false
		}
		dst[slot] = uint64(below(r.thresholds[slot], x)) << rankShift
	}
	return true
}

// below is the number of thresholds below x.
func below(thresholds []float64, x float64) int {
	lo, n := 0, len(thresholds)
	for n > 0 {
		half := n >> 1
		if thresholds[lo+half] < x {
			lo += half + 1
			n -= half + 1
		} else {
			n = half
		}
	}
	return lo
}
