package skops

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tree is one fitted tree as the arrays of sklearn.tree._tree.Tree, by node; node 0 is the root and children come after
// their parents.
type Tree struct {
	Left, Right         []int32   // −1 in leaves
	Feature             []int32   // −2 in leaves
	Threshold           []float64 // −2 in leaves
	Impurity            []float64
	NodeSamples         []int32
	WeightedNodeSamples []float64
	MissingGoToLeft     []bool
	Values              []float64 // share of each class, node by node
	MaxDepth            int
	Seed                uint32 // its random_state
}

// nodeDescr is scikit-learn's record of a node: 64 bytes, the last 7 of them unused.
const nodeDescr = "[('left_child', '<i8'), ('right_child', '<i8'), ('feature', '<i8'), ('threshold', '<f8'), ('impurity', '<f8'), " +
	"('n_node_samples', '<i8'), ('weighted_n_node_samples', '<f8'), ('missing_go_to_left', '|u1'), ('', '|V7')]"

var (
	nodeCountType = attributeTypes
	treeModuleOf  = TreeType[:len(TreeType)-len(".Tree")]
)

func (t *Tree) node(args *Node, classes int) *Node {
	n := len(t.Left)
	return &Node{
		Module: treeModuleOf, Class: "Tree", Loader: TreeLoader, Args: args,
		State: dict(nodeCountType, []field{
			{"max_depth", integer(t.MaxDepth)},
			{"node_count", integer(n)},
			{"nodes", array(&Array{Descr: nodeDescr, Shape: []int{n}, Append: t.appendNodes})},
			{"values", array(float64s(t.Values, n, 1, classes))},
		}),
	}
}

func (t *Tree) appendNodes(b []byte) []byte {
	le := binary.LittleEndian
	for i := range t.Left {
		b = le.AppendUint64(b, uint64(int64(t.Left[i])))
		b = le.AppendUint64(b, uint64(int64(t.Right[i])))
		b = le.AppendUint64(b, uint64(int64(t.Feature[i])))
		b = le.AppendUint64(b, math.Float64bits(t.Threshold[i]))
		b = le.AppendUint64(b, math.Float64bits(t.Impurity[i]))
		b = le.AppendUint64(b, uint64(int64(t.NodeSamples[i])))
		b = le.AppendUint64(b, math.Float64bits(t.WeightedNodeSamples[i]))
		last := uint64(0)
		if t.MissingGoToLeft[i] {
			last = 1
		}
		b = le.AppendUint64(b, last)
	}
	return b
}

// check makes sure that scikit-learn, which checks nothing, can follow every link of the tree.
func (t *Tree) check(features, classes int) error {
	n := len(t.Left)
	for _, length := range []int{
		len(t.Right), len(t.Feature), len(t.Threshold), len(t.Impurity), len(t.NodeSamples), len(t.WeightedNodeSamples), len(t.MissingGoToLeft),
	} {
		if length != n || n == 0 {
			return fmt.Errorf("arrays of %d and %d nodes", n, length)
		}
	}
	if len(t.Values) != n*classes {
		return fmt.Errorf("%d shares for %d nodes of %d classes", len(t.Values), n, classes)
	}
	for i := range n {
		left, right := int(t.Left[i]), int(t.Right[i])
		if left == -1 && right == -1 {
			continue
		}
		if left <= i || right <= i || left >= n || right >= n {
			return fmt.Errorf("node %d of %d has children %d and %d, which must come after it", i, n, left, right)
		}
		if t.Feature[i] < 0 || int(t.Feature[i]) >= features {
			return fmt.Errorf("node %d splits feature %d of %d", i, t.Feature[i], features)
		}
	}
	return nil
}
