package onnx

import (
	"errors"
	"fmt"
	"math"
)

// treeArrays gathers the attributes of a TreeEnsembleClassifier.
type treeArrays struct {
	treeIDs, nodeIDs, featureIDs, yesIDs, noIDs []int64
	modes                                       [][]byte
	values                                      []float64

	leafTrees, leafNodes, classIDs []int64
	weights                        []float64
}

// ensembleNode writes all trees into one node. Classes of weight zero are left out: adding zero changes no sum, and
// most leaves of a forest are pure.
func (f *Forest) ensembleNode(features, classes int) (*Node, error) {
	var a treeArrays
	for i := range f.Trees {
		if err := a.add(int64(i), &f.Trees[i], features, classes); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	doubles := func(name string, v []float64) *Attribute {
		return &Attribute{Name: name, Type: AttrTensor, T: NewDoubles(v)}
	}
	return &Node{
		Name: "trees_node", OpType: "TreeEnsembleClassifier", Domain: "ai.onnx.ml",
		Inputs: []string{"features"}, Outputs: []string{ForestLabel, "scores"},
		Attributes: []*Attribute{
			intsAttr("class_ids", a.classIDs),
			intsAttr("class_nodeids", a.leafNodes),
			intsAttr("class_treeids", a.leafTrees),
			doubles("class_weights_as_tensor", a.weights),
			f.labelAttr(),
			intsAttr("nodes_falsenodeids", a.noIDs),
			intsAttr("nodes_featureids", a.featureIDs),
			{Name: "nodes_modes", Type: AttrStrings, Strings: a.modes},
			intsAttr("nodes_nodeids", a.nodeIDs),
			intsAttr("nodes_treeids", a.treeIDs),
			intsAttr("nodes_truenodeids", a.yesIDs),
			doubles("nodes_values_as_tensor", a.values),
			{Name: "post_transform", Type: AttrString, S: []byte("NONE")},
		},
	}, nil
}

// labelAttr lists the labels, filled up to three.
func (f *Forest) labelAttr() *Attribute {
	if f.StringClasses != nil {
		a := &Attribute{Name: "classlabels_strings", Type: AttrStrings}
		for _, s := range f.StringClasses {
			a.Strings = append(a.Strings, []byte(s))
		}
		for len(a.Strings) < 3 {
			a.Strings = append(a.Strings, append([]byte("unused "), a.Strings[len(a.Strings)-1]...))
		}
		return a
	}
	labels := append([]int64(nil), f.IntClasses...)
	for len(labels) < 3 { // wrapping round past the largest integer still gives labels that are not in use
		labels = append(labels, labels[len(labels)-1]+1)
	}
	return intsAttr("classlabels_int64s", labels)
}

func (a *treeArrays) add(id int64, t *Tree, features, classes int) error {
	n := len(t.Left)
	if n == 0 || len(t.Right) != n || len(t.Feature) != n || len(t.Threshold) != n || len(t.Values) != n*classes {
		return fmt.Errorf("arrays of %d, %d, %d, %d nodes and %d values, want equal ones and %d values a node",
			n, len(t.Right), len(t.Feature), len(t.Threshold), len(t.Values), classes)
	}
	for i := range n {
		a.treeIDs = append(a.treeIDs, id)
		a.nodeIDs = append(a.nodeIDs, int64(i))
		if t.Left[i] < 0 && t.Right[i] < 0 {
			if err := a.leaf(id, int64(i), t.Values[i*classes:(i+1)*classes]); err != nil {
				return fmt.Errorf("leaf %d: %w", i, err)
			}
			continue
		}
		// scikit-learn's nodes are in preorder: a child comes after its parent, so there are no cycles
		if t.Left[i] <= i || t.Right[i] <= i || t.Left[i] >= n || t.Right[i] >= n {
			return fmt.Errorf("node %d of %d has children %d and %d, which must come after it", i, n, t.Left[i], t.Right[i])
		}
		if t.Feature[i] < 0 || t.Feature[i] >= features || math.IsNaN(t.Threshold[i]) {
			return fmt.Errorf("node %d splits feature %d of %d at %v", i, t.Feature[i], features, t.Threshold[i])
		}
		a.node("BRANCH_LEQ", int64(t.Feature[i]), t.Threshold[i], int64(t.Left[i]), int64(t.Right[i]))
	}
	return nil
}

func (a *treeArrays) node(mode string, feature int64, value float64, yes, no int64) {
	a.modes = append(a.modes, []byte(mode))
	a.featureIDs = append(a.featureIDs, feature)
	a.values = append(a.values, value)
	a.yesIDs = append(a.yesIDs, yes)
	a.noIDs = append(a.noIDs, no)
}

func (a *treeArrays) leaf(tree, node int64, values []float64) error {
	a.node("LEAF", 0, 0, 0, 0)
	named := false
	for c, v := range values {
		if !finite(v) || v < 0 {
			return fmt.Errorf("class %d has proportion %v", c, v)
		}
		if v == 0 {
			continue
		}
		named = true
		a.leafTrees = append(a.leafTrees, tree)
		a.leafNodes = append(a.leafNodes, node)
		a.classIDs = append(a.classIDs, int64(c))
		a.weights = append(a.weights, v)
	}
	if !named {
		return errors.New("all proportions are zero")
	}
	return nil
}
