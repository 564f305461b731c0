package forest

import "slices"

// Tree is one decision tree as the arrays of scikit-learn's Tree, node by node in its order: a tree grown depth first
// is in preorder, one grown best first (MaxLeafNodes) in the order of creation; the root is node 0 and children come
// after their parents. A Tree handed out shares its arrays with the forest: they must not be changed.
type Tree struct {
	Left, Right         []int32   // ids of the children, −1 in leaves
	Feature             []int32   // column that a split compares, −2 in leaves
	Threshold           []float64 // a row goes left when float32(value) ≤ threshold; −2 in leaves
	Impurity            []float64
	NodeSamples         []int32   // distinct rows that reached the node in training
	WeightedNodeSamples []float64 // their total weight: with bootstrap, how often they were drawn
	MissingGoToLeft     []bool
	Values              []float64 // share of each class: Values[id*Classes+k]
	Classes             int
	MaxDepth            int // edges on the longest path from the root
}

// The markers scikit-learn writes into leaves.
const (
	treeLeaf      = -1
	treeUndefined = -2
)

// Nodes returns the number of nodes, leaves included.
func (t *Tree) Nodes() int { return len(t.Left) }

// Leaves returns the number of leaves.
func (t *Tree) Leaves() int { return (len(t.Left) + 1) / 2 }

// Value returns the share of each class among the training rows at node id.
func (t *Tree) Value(id int) []float64 {
	return t.Values[id*t.Classes : (id+1)*t.Classes : (id+1)*t.Classes]
}

// reset empties the tree and keeps its memory.
func (t *Tree) reset(classes int) {
	*t = Tree{
		Left: t.Left[:0], Right: t.Right[:0], Feature: t.Feature[:0], Threshold: t.Threshold[:0],
		Impurity: t.Impurity[:0], NodeSamples: t.NodeSamples[:0], WeightedNodeSamples: t.WeightedNodeSamples[:0],
		MissingGoToLeft: t.MissingGoToLeft[:0], Values: t.Values[:0], Classes: classes,
	}
}

// add appends a leaf for n and hangs it below its parent.
func (t *Tree) add(n *node, sums []float64) int32 {
	id := int32(len(t.Left))
	t.Left, t.Right = append(t.Left, treeLeaf), append(t.Right, treeLeaf)
	t.Feature, t.Threshold = append(t.Feature, treeUndefined), append(t.Threshold, treeUndefined)
	t.Impurity = append(t.Impurity, n.impurity)
	t.NodeSamples = append(t.NodeSamples, n.end-n.start)
	t.WeightedNodeSamples = append(t.WeightedNodeSamples, n.weight)
	t.MissingGoToLeft = append(t.MissingGoToLeft, false)
	for _, s := range sums {
		t.Values = append(t.Values, s/n.weight)
	}
	if n.parent >= 0 {
		if n.isLeft {
			t.Left[n.parent] = id
		} else {
			t.Right[n.parent] = id
		}
	}
	t.MaxDepth = max(t.MaxDepth, int(n.depth))
	return id
}

// makeSplit turns leaf id into an inner node; its children register themselves in add.
func (t *Tree) makeSplit(id int32, s *split) {
	t.Feature[id], t.Threshold[id], t.MissingGoToLeft[id] = s.feature, s.threshold, s.missingLeft
}

func (t *Tree) isLeaf(id int) bool { return t.Left[id] == treeLeaf }

// clone copies the tree into memory of just its size.
func (t *Tree) clone() *Tree {
	c := *t
	c.Left, c.Right, c.Feature = slices.Clone(t.Left), slices.Clone(t.Right), slices.Clone(t.Feature)
	c.Threshold, c.Impurity = slices.Clone(t.Threshold), slices.Clone(t.Impurity)
	c.NodeSamples, c.WeightedNodeSamples = slices.Clone(t.NodeSamples), slices.Clone(t.WeightedNodeSamples)
	c.MissingGoToLeft, c.Values = slices.Clone(t.MissingGoToLeft), slices.Clone(t.Values)
	return &c
}
