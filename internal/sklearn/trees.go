package sklearn

import (
	"fmt"
	"math"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/pyobject"
)

// forest is RandomForestClassifier and ExtraTreesClassifier: the mean of its trees' leaves, each a share of every class. A tree alone is a
// forest of one.
type forest struct {
	sums  *onnx.TreeSums
	trees float64
	round32
}

// treeReader gathers trees, which boosting keeps.
type treeReader struct {
	features, columns int
	trees             []onnx.SumTree
	cells             int // values of trees that count for one column only
	// seen are the arrays that trees are made of. No two share one: a small file could name a large tree a million times.
	seen map[*pyobject.Array]bool
}

func newForest(f *fields, features, classes int) classifier {
	if n := f.integer("n_outputs_"); n != 1 {
		f.unsupported("%d outputs", n)
	}
	r := treeReader{features: features, columns: classes, seen: map[*pyobject.Array]bool{}}
	return r.forest(f, f.objects("estimators_"))
}

func newTree(f *fields, features, classes int) classifier {
	r := treeReader{features: features, columns: classes, seen: map[*pyobject.Array]bool{}}
	return r.forest(f, []*pyobject.Object{f.of})
}

// forest reads one tree after the other.
func (r *treeReader) forest(f *fields, trees []*pyobject.Object) classifier {
	if f.err != nil {
		return nil
	}
	var c forest
	c.trees = float64(len(trees))
	c.sums, f.err = onnx.TreeSumsOf(func(yield func(*onnx.SumTree, error) bool) {
		for _, of := range trees {
			if tree, err := r.classifier(of); !yield(&tree, err) {
				return
			}
		}
	}, r.features, r.columns)
	return &c
}

func (c *forest) probabilities() bool { return true }

func (c *forest) classify(w *work, x []float64, labels []int, probabilities []float64) {
	c.apply(x)
	clear(probabilities)
	c.sums.Add(&w.trees, x, probabilities)
	for i := range probabilities {
		probabilities[i] /= c.trees
	}
	firstLargest(probabilities, labels)
}

// firstLargest writes the number of the largest value of each row, the first of equals.
func firstLargest(rows []float64, labels []int) {
	n := len(rows) / len(labels)
	for i := range labels {
		row := rows[i*n : (i+1)*n]
		best := 0
		for c, v := range row {
			if v > row[best] {
				best = c
			}
		}
		labels[i] = best
	}
}

// round32 is what all trees do with their input: it becomes float32.
type round32 struct{}

func (round32) apply(x []float64) {
	for i, v := range x {
		x[i] = float64(float32(v))
	}
}

func (round32) check(v float64) error {
	if math.IsInf(float64(float32(v)), 0) {
		return fmt.Errorf("%w: %v is too large for float32", ErrValues, v)
	}
	return nil
}

// classifier reads a DecisionTreeClassifier.
func (r *treeReader) classifier(of *pyobject.Object) (onnx.SumTree, error) {
	f := fields{of: of}
	if n := f.integer("n_outputs_"); n != 1 {
		f.unsupported("%d outputs", n)
	}
	n := f.integer("n_classes_")
	if f.err == nil && n != r.columns {
		f.refuse("n_classes_", "it is %d, and there are %d classes", n, r.columns)
	}
	tree, values := r.tree(&f)
	tree.Values = values
	return tree, f.err
}

// tree reads the attribute tree_ and the values of its nodes.
func (r *treeReader) tree(f *fields) (onnx.SumTree, []float64) {
	v := f.value("tree_")
	object, ok := v.(*pyobject.Object)
	if !ok || object.Class != "sklearn.tree._tree.Tree" {
		f.refuse("tree_", "it is %s", pyobject.Describe(v))
		return onnx.SumTree{}, nil
	}
	t := fields{of: object}
	nodes := t.array("nodes", -1)
	var tree onnx.SumTree
	var values []float64
	if nodes != nil {
		if r.seen[nodes] {
			t.refuse("nodes", "two trees share it")
		}
		r.seen[nodes] = true
		tree = t.links(nodes)
		values = t.floats("values", nodes.Len(), 1, -1)
	}
	if f.err == nil && t.err != nil {
		f.err = fmt.Errorf("tree_: %w", t.err)
	}
	return tree, values
}

// links reads the records of nodes.
func (f *fields) links(nodes *pyobject.Array) (t onnx.SumTree) {
	integers := func(name string) []int {
		column, err := nodes.Field(name)
		if err != nil {
			f.refuse("nodes", "%v; files of scikit-learn before 1.3 are not supported", err)
			return nil
		}
		values, err := column.Ints()
		if err != nil {
			f.refuse("nodes", "%v", err)
		}
		ints := make([]int, len(values))
		for i, v := range values {
			ints[i] = int(v)
		}
		return ints
	}
	t.Left, t.Right, t.Feature = integers("left_child"), integers("right_child"), integers("feature")
	missing := integers("missing_go_to_left")
	t.MissingLeft = make([]bool, len(missing))
	for i, v := range missing {
		t.MissingLeft[i] = v != 0
	}
	threshold, err := nodes.Field("threshold")
	if err == nil {
		t.Threshold, err = threshold.Floats()
	}
	if err != nil {
		f.refuse("nodes", "%v", err)
	}
	return t
}
