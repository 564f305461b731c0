package skops

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Types in a KNeighborsClassifier with a tree that skops loads only when its caller says that they are trusted, because scikit-learn follows
// the tree's ranges unchecked. [Pipeline.Write] refuses trees whose ranges lead astray.
const (
	KDTreeType   = "sklearn.neighbors._kd_tree.KDTree"
	DistanceType = "sklearn.metrics._dist_metrics.EuclideanDistance64"
)

// KNeighbors is a fitted sklearn.neighbors.KNeighborsClassifier; what has no field has scikit-learn's default.
type KNeighbors struct {
	NNeighbors, LeafSize int
	Classes              Labels
	// X are the training rows, Y the index of each row's class.
	X []float64
	Y []int64
	// Tree is the search tree; nil for none.
	Tree *KDTree
}

// KDTree is a complete binary tree: the children of node i stand at 2i+1 and 2i+2.
type KDTree struct {
	Levels int
	// Order lists the numbers of the rows so that each node has a range of them.
	Order []int64
	Nodes []KDNode
	// Lower and Upper hold the bounds of each feature, node by node.
	Lower, Upper []float64
}

// KDNode is a node's range in Order, and half the diagonal of its box.
type KDNode struct {
	Start, End int64
	Leaf       bool
	Radius     float64
}

func (*KNeighbors) step() string { return "kneighborsclassifier" }

func (k *KNeighbors) check(features int) error {
	if len(k.Y) == 0 || len(k.X) != len(k.Y)*features || k.NNeighbors < 1 || k.NNeighbors > len(k.Y) || k.LeafSize < 1 {
		return fmt.Errorf("%d neighbours, leaves of %d, %d numbers and %d classes of rows of %d features", k.NNeighbors, k.LeafSize, len(k.X), len(k.Y), features)
	}
	for r, class := range k.Y {
		if class < 0 || class >= int64(k.Classes.count()) {
			return fmt.Errorf("row %d has class %d of %d", r, class, k.Classes.count())
		}
	}
	if k.Tree != nil {
		if err := k.Tree.check(len(k.Y), features); err != nil {
			return err
		}
	}
	return k.Classes.check()
}

func (t *KDTree) check(rows, features int) error {
	n := len(t.Nodes)
	if t.Levels < 1 || t.Levels > 60 || n != 1<<t.Levels-1 || len(t.Order) != rows || len(t.Lower) != n*features || len(t.Upper) != n*features {
		return fmt.Errorf("a tree of %d levels with %d nodes, %d rows of %d, %d and %d bounds", t.Levels, n, len(t.Order), rows, len(t.Lower), len(t.Upper))
	}
	for i, row := range t.Order {
		if row < 0 || row >= int64(rows) {
			return fmt.Errorf("row %d at %d of a tree of %d rows", row, i, rows)
		}
	}
	for i, node := range t.Nodes {
		if node.Start < 0 || node.End < node.Start || node.End > int64(rows) || !node.Leaf && 2*i+2 >= n {
			return fmt.Errorf("node %d of %d has rows %d to %d of %d; leaf: %v", i, n, node.Start, node.End, rows, node.Leaf)
		}
	}
	return nil
}

func (k *KNeighbors) node(features int) *Node {
	rows := array(float64s(k.X, len(k.Y), features))
	method, tree := "brute", none
	if k.Tree != nil {
		method, tree = "kd_tree", k.Tree.node(rows, k.LeafSize, features)
	}
	return object("sklearn.neighbors._classification", "KNeighborsClassifier",
		field{"n_neighbors", integer(k.NNeighbors)}, field{"radius", none}, field{"algorithm", text("auto")}, field{"leaf_size", integer(k.LeafSize)},
		field{"metric", text("minkowski")}, field{"metric_params", none}, field{"p", integer(2)}, field{"n_jobs", none},
		field{"weights", text("uniform")}, field{"n_features_in_", integer(features)}, field{"outputs_2d_", no},
		field{"classes_", k.Classes.node()}, field{"_y", array(int64s(k.Y...))},
		field{"effective_metric_params_", dict(list(), nil)}, field{"effective_metric_", text("euclidean")},
		field{"_fit_method", text(method)}, field{"_fit_X", rows}, field{"n_samples_fit_", integer(len(k.Y))}, field{"_tree", tree},
	)
}

// kdNodeDescr is scikit-learn's record of a node.
const kdNodeDescr = "[('idx_start', '<i8'), ('idx_end', '<i8'), ('is_leaf', '<i8'), ('radius', '<f8')]"

// node is the tree with the state that its __setstate__ takes.
func (t *KDTree) node(rows *Node, leafSize, features int) *Node {
	distance := &Node{
		Module: "sklearn.metrics._dist_metrics", Class: "EuclideanDistance64", Loader: ObjectLoader,
		State: tuple(float(2), array(float64s([]float64{0})), array(float64s([]float64{0}, 1, 1))),
	}
	bounds := make([]float64, 0, 2*len(t.Lower))
	bounds = append(append(bounds, t.Lower...), t.Upper...)
	return &Node{
		Module: "sklearn.neighbors._kd_tree", Class: "KDTree", Loader: ObjectLoader,
		State: tuple(
			rows, array(int64s(t.Order...)), array(&Array{Descr: kdNodeDescr, Shape: []int{len(t.Nodes)}, Append: t.appendNodes}),
			array(float64s(bounds, 2, len(t.Nodes), features)), integer(leafSize), integer(t.Levels), integer(len(t.Nodes)),
			integer(0), integer(0), integer(0), integer(0), distance, none,
		),
	}
}

func (t *KDTree) appendNodes(b []byte) []byte {
	le := binary.LittleEndian
	for _, n := range t.Nodes {
		leaf := uint64(0)
		if n.Leaf {
			leaf = 1
		}
		b = le.AppendUint64(b, uint64(n.Start))
		b = le.AppendUint64(b, uint64(n.End))
		b = le.AppendUint64(b, leaf)
		b = le.AppendUint64(b, math.Float64bits(n.Radius))
	}
	return b
}
