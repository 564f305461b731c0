package neighbors

import (
	"math"
	"math/bits"
)

// Tree is scikit-learn's KDTree over the training rows: a complete binary tree, the children of node i at 2i+1 and 2i+2.
type Tree struct {
	x Matrix
	// LeafSize is that of the parameters; a leaf holds up to twice as many rows.
	LeafSize int
	// Levels counts the levels of nodes; there are 2^Levels − 1 nodes.
	Levels int
	// Order lists the numbers of the rows so that each node has a range of them (idx_array).
	Order []int
	Nodes []Node
	// Lower and Upper hold the least and the largest value of each feature among a node's rows, node by node.
	Lower, Upper []float64
}

// Node is a node's range in Order, and half the length of the diagonal of its box.
type Node struct {
	Start, End int
	Leaf       bool
	Radius     float64
}

func newTree(x Matrix, leafSize int) *Tree {
	// A power of two is compared exactly where a logarithm could be off by its last bit: 2^l·leafSize <= rows−1.
	levels := max(1, bits.Len(uint((x.Rows-1)/leafSize)))
	nodes := 1<<levels - 1
	t := &Tree{
		x: x, LeafSize: leafSize, Levels: levels, Order: make([]int, x.Rows), Nodes: make([]Node, nodes),
		Lower: make([]float64, nodes*x.Cols), Upper: make([]float64, nodes*x.Cols),
	}
	for i := range t.Order {
		t.Order[i] = i
	}
	t.build(0, 0, x.Rows)
	return t
}

// build makes a node of a range of rows, and its children.
func (t *Tree) build(node, start, end int) {
	t.measure(node, start, end)
	t.Nodes[node].Start, t.Nodes[node].End = start, end
	if 2*node+1 >= len(t.Nodes) || end-start < 2 {
		t.Nodes[node].Leaf = true
		return
	}
	feature, middle := t.widest(node), (end-start)/2
	selectNth(t.Order[start:end], middle, func(a, b int) bool {
		va, vb := t.x.Data[a*t.x.Cols+feature], t.x.Data[b*t.x.Cols+feature]
		if va == vb {
			return a < b
		}
		return va < vb
	})
	t.build(2*node+1, start, start+middle)
	t.build(2*node+2, start+middle, end)
}

// measure fills a node's bounds and radius.
func (t *Tree) measure(node, start, end int) {
	lower, upper := t.bounds(node)
	for j := range lower {
		lower[j], upper[j] = math.Inf(1), math.Inf(-1)
	}
	for _, row := range t.Order[start:end] {
		for j, v := range t.x.Row(row) {
			lower[j], upper[j] = min(lower[j], v), max(upper[j], v)
		}
	}
	square := 0.0
	for j := range lower {
		half := 0.5 * (upper[j] - lower[j])
		square += float64(half * half)
	}
	t.Nodes[node].Radius = math.Sqrt(square)
}

func (t *Tree) bounds(node int) (lower, upper []float64) {
	from, to := node*t.x.Cols, (node+1)*t.x.Cols
	return t.Lower[from:to:to], t.Upper[from:to:to]
}

// widest is the feature with the largest spread in a node, the first of equal ones.
func (t *Tree) widest(node int) int {
	lower, upper := t.bounds(node)
	best, spread := 0, 0.0
	for j := range lower {
		if s := upper[j] - lower[j]; s > spread {
			best, spread = j, s
		}
	}
	return best
}

func (t *Tree) search(point []float64, h *heap) { t.visit(0, point, h, t.distance(0, point)) }

// visit looks for rows nearer than those in the heap, in the nearer child first. nearest is the node's distance.
func (t *Tree) visit(node int, point []float64, h *heap, nearest float64) {
	n := &t.Nodes[node]
	switch {
	case nearest > h.distances[0]:
	case n.Leaf:
		for _, row := range t.Order[n.Start:n.End] {
			h.push(squaredDistance(point, t.x.Row(row)), row)
		}
	default:
		left, right := 2*node+1, 2*node+2
		toLeft, toRight := t.distance(left, point), t.distance(right, point)
		if toLeft <= toRight {
			t.visit(left, point, h, toLeft)
			t.visit(right, point, h, toRight)
		} else {
			t.visit(right, point, h, toRight)
			t.visit(left, point, h, toLeft)
		}
	}
}

// distance is the square of that between a point and a node's box.
func (t *Tree) distance(node int, point []float64) float64 {
	lower, upper := t.bounds(node)
	sum := 0.0
	for j, v := range point {
		// Twice how far the point lies outside, in the order of scikit-learn's sum.
		below, above := lower[j]-v, v-upper[j]
		outside := (below + math.Abs(below)) + (above + math.Abs(above))
		sum += float64(0.5 * outside * (0.5 * outside))
	}
	return sum
}

func squaredDistance(a, b []float64) float64 {
	sum := 0.0
	b = b[:len(a)]
	for i, v := range a {
		d := v - b[i]
		sum += float64(d * d)
	}
	return sum
}
