package forest

import (
	"math"
	"slices"
)

// flatTree is a tree as prediction wants it: inner nodes alone, small, with thresholds as 32-bit floats, and the leaves'
// class shares side by side. Floats are compared as the integers that sortable makes of them.
type flatTree struct {
	nodes  []flatNode
	root   int32
	shares []float64 // shares[leaf*classes+k]
}

// flatNode is an inner node. A child ≥ 0 is a node, a child < 0 the leaf ^child.
type flatNode struct {
	limit   uint32 // sortable(floor32(threshold))
	feature uint32
	child   [2]int32 // [0] when value ≤ limit, [1] otherwise
}

// maxPure is the number of classes up to which a table of pure leaves is worth its memory.
const maxPure = 64

// flatten numbers the nodes level by level, as walk visits them. The shares start with one leaf for each class that has
// nothing else: in deep trees that is nearly all leaves, and the table stays in the cache.
func flatten(t *Tree) flatTree {
	f := flatTree{nodes: make([]flatNode, 0, t.Nodes()-t.Leaves())}
	pure := 0
	if t.Classes <= maxPure {
		pure = t.Classes
		f.shares = make([]float64, pure*pure)
	}
	for k := range pure {
		f.shares[k*pure+k] = 1
	}
	// A child's number is known when its level is reached: until then, child holds its number in t.
	f.root = f.add(t, 0, pure)
	for i := 0; i != len(f.nodes); i++ { // they grow on the way
		for side, id := range f.nodes[i].child {
			f.nodes[i].child[side] = f.add(t, id, pure)
		}
	}
	f.shares = slices.Clip(f.shares)
	return f
}

// add appends node id of t, or its leaf, and returns its number.
func (f *flatTree) add(t *Tree, id int32, pure int) int32 {
	if !t.isLeaf(int(id)) {
		f.nodes = append(f.nodes, flatNode{
			limit:   sortable(floor32(t.Threshold[id])),
			feature: uint32(t.Feature[id]),
			child:   [2]int32{t.Left[id], t.Right[id]},
		})
		return int32(len(f.nodes) - 1)
	}
	shares := t.Value(int(id))
	if k := argmax(shares); k < pure && slices.Equal(shares, f.shares[k*pure:(k+1)*pure]) {
		return ^int32(k)
	}
	f.shares = append(f.shares, shares...)
	return ^int32(len(f.shares)/t.Classes - 1)
}

// floor32 returns the largest 32-bit float that is not above v: comparing a 32-bit float with it
// is comparing it with v.
func floor32(v float64) float32 {
	f := float32(v)
	if float64(f) > v {
		f = math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

// next is free of branches: which way a row goes cannot be foreseen.
func (n *flatNode) next(v uint32) int32 {
	return n.child[(uint64(n.limit)-uint64(v))>>63]
}

// leaf returns the leaf that a row falls into.
func (f *flatTree) leaf(row []uint32) int {
	at := f.root
	for at >= 0 {
		n := &f.nodes[at]
		at = n.next(row[n.feature])
	}
	return int(^at)
}

// blockRows is how many rows go through a tree at a time: few enough to stay in the cache, many enough that fetching
// the tree pays.
const blockRows = 512

// walker sends a block of rows down trees, all of them one level at a time. The steps of different rows do not depend
// on each other, so the processor overlaps them, where a single row would wait for memory at each level.
type walker struct {
	values []uint32  // the block, feature by feature: sortable values[feature*blockRows+row]
	n      int       // how many rows it holds
	leaves []int32   // where each row ended, as ^leaf
	active []walking // rows that are not in a leaf yet
}

type walking struct {
	row uint32
	at  int32
}

func newWalker(cols int) *walker {
	return &walker{
		values: make([]uint32, blockRows*cols), leaves: make([]int32, blockRows), active: make([]walking, blockRows),
	}
}

// load fills the block with n rows of x, from first on.
func (w *walker) load(x Matrix, first, n int) {
	w.n = n
	for r := range n {
		for f, v := range x.Row(first + r) {
			w.values[f*blockRows+r] = sortable(float32(v))
		}
	}
}

// walk leaves in w.leaves where the rows end.
func (w *walker) walk(t *flatTree) {
	leaves, active := w.leaves[:w.n], w.active[:w.n]
	for r := range active {
		active[r] = walking{uint32(r), t.root}
		leaves[r] = t.root
	}
	if t.root < 0 {
		return
	}
	nodes, values := t.nodes, w.values
	for len(active) > 0 {
		left := 0
		for _, a := range active {
			node := &nodes[a.at]
			next := node.next(values[node.feature*blockRows+a.row])
			leaves[a.row] = next // the last one stays
			active[left] = walking{a.row, next}
			left += int(uint32(^next) >> 31)
		}
		active = active[:left]
	}
}

// addTo adds the tree's class shares for the block's rows to acc.
func (w *walker) addTo(acc []float64, t *flatTree, classes int) {
	w.walk(t)
	for r, leaf := range w.leaves[:w.n] {
		addShares(acc[r*classes:(r+1)*classes], t.shares[int(^leaf)*classes:])
	}
}
