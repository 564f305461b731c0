package forest

import "sync/atomic"

// node is a part of a tree's samples, [start, end) in the splitter's order, on its way into the tree.
type node struct {
	start, end int32
	depth      int32
	parent     int32 // −1 for the root
	constants  int32 // features known to be constant here
	isLeft     bool
	impurity   float64
	weight     float64
}

// split is the best way found to divide a node.
type split struct {
	feature     int32
	pos         int32 // first sample of the right child; the node's end when no split is possible
	constants   int32 // features known to be constant in both children
	missingLeft bool
	threshold   float64

	improvement                 float64
	impurityLeft, impurityRight float64
	weightLeft, weightRight     float64
	leftSums                    []float64 // weights of the classes in the left child
}

// splitter divides the samples of one tree. The implementations, presorted, ranked and literal, give the same trees;
// they differ in speed and in the weights they can take.
type splitter interface {
	// open fills in the node's weight and the weights of its classes.
	open(n *node, sums []float64)
	// split finds the best split of an open node and orders the samples accordingly.
	split(n *node, sums []float64, s *split)
}

// stopping holds the rules that make a node a leaf before a split is searched.
type stopping struct {
	maxDepth      int32
	minSplit      int32
	minLeaf       int32
	minWeightLeaf float64
	minDecrease   float64
}

// stop reports whether the node must be a leaf.
func (r *stopping) stop(n *node) bool {
	size := n.end - n.start
	return n.depth >= r.maxDepth || size < r.minSplit || size < 2*r.minLeaf ||
		n.weight < 2*r.minWeightLeaf || n.impurity <= epsilon
}

// useless reports whether the split found is none, or too little of an improvement.
func (r *stopping) useless(n *node, s *split) bool {
	return s.pos >= n.end || s.improvement+epsilon < r.minDecrease
}

// builder grows trees one after the other, reusing its memory.
type builder struct {
	rules    stopping
	impurity impurity
	classes  int
	tree     Tree
	stopped  *atomic.Bool
	stack    []node
	sums     []float64 // for each node on the stack, the weights of its classes
}

// growDepthFirst grows a tree from the root, left children first.
func (b *builder) growDepthFirst(samples int, sp splitter) {
	b.tree.reset(b.classes)
	b.stack = append(b.stack[:0], node{end: int32(samples), parent: -1})
	var s split
	for len(b.stack) > 0 && !b.stopped.Load() {
		top := len(b.stack) - 1
		n := b.stack[top]
		b.stack = b.stack[:top]
		sums := b.slot(top)
		sp.open(&n, sums)
		if n.parent < 0 {
			n.impurity = b.impurity(sums, n.weight)
		}
		leaf := b.rules.stop(&n)
		if !leaf {
			sp.split(&n, sums, &s)
			leaf = b.rules.useless(&n, &s)
		}
		id := b.tree.add(&n, sums)
		if !leaf {
			b.tree.makeSplit(id, &s)
			b.pushChildren(&n, &s, id)
		}
	}
}

// pushChildren puts the right child on the stack, then the left one, which is therefore next.
func (b *builder) pushChildren(n *node, s *split, id int32) {
	top := len(b.stack)
	right, left := childNodes(n, s, id)
	b.stack = append(b.stack, right, left)
	leftSums := b.slot(top + 1) // first: it may move the memory
	rightSums := b.slot(top)
	for k, sum := range s.leftSums {
		rightSums[k] -= sum
		leftSums[k] = sum
	}
}

func childNodes(n *node, s *split, id int32) (right, left node) {
	right = node{
		start: s.pos, end: n.end, depth: n.depth + 1, parent: id, constants: s.constants,
		impurity: s.impurityRight, weight: s.weightRight,
	}
	left = node{
		start: n.start, end: s.pos, depth: n.depth + 1, parent: id, constants: s.constants,
		isLeft: true, impurity: s.impurityLeft, weight: s.weightLeft,
	}
	return right, left
}

// slot is the memory for the class weights of the node at a position of the stack.
func (b *builder) slot(i int) []float64 {
	for len(b.sums) < (i+1)*b.classes {
		b.sums = append(b.sums, 0)
	}
	return b.sums[i*b.classes : (i+1)*b.classes]
}
