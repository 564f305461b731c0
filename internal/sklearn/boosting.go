package sklearn

import (
	"math"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/pyobject"
)

// boosting is GradientBoostingClassifier: the sums of its trees' leaves times the learning rate, one for each class, or of two classes for
// the second alone; before the first tree they mean the shares of the classes in the training.
type boosting struct {
	sums    *onnx.TreeSums
	start   []float64
	classes int
	round32
}

func newBoosting(f *fields, features, classes int) classifier {
	c := &boosting{classes: classes, start: make([]float64, classes)}
	if classes == 2 {
		c.start = c.start[:1]
	}
	if loss := f.text("loss"); loss != "log_loss" {
		f.unsupported("loss %q", loss)
	}
	c.readStart(f)
	rate := f.number("learning_rate")
	columns := len(c.start)
	r := treeReader{features: features, columns: columns, seen: map[*pyobject.Array]bool{}}
	if a := f.array("estimators_", -1, columns); a != nil {
		for i, object := range a.Objects {
			tree, _ := object.(*pyobject.Object)
			if tree == nil || !r.stage(f, tree, i%columns, rate) {
				f.refuse("estimators_", "element %d is %s", i, pyobject.Describe(object))
				return nil
			}
		}
	}
	if f.err != nil {
		return nil
	}
	c.sums, f.err = onnx.NewTreeSums(r.trees, features, columns)
	return c
}

// stage reads a DecisionTreeRegressor, whose leaves count for one class.
func (r *treeReader) stage(f *fields, object *pyobject.Object, class int, rate float64) bool {
	of := fields{of: object}
	tree, values := r.tree(&of)
	if of.err != nil || len(values) != len(tree.Left) {
		if f.err == nil {
			f.err = of.err
		}
		return false
	}
	if r.cells += len(values) * r.columns; r.cells > onnx.MaxCells {
		of.unsupported("more than %d leaves times classes", onnx.MaxCells)
		f.err = of.err
		return true
	}
	tree.Values = make([]float64, len(values)*r.columns)
	for i, v := range values {
		tree.Values[i*r.columns+class] = rate * v
	}
	r.trees = append(r.trees, tree)
	return true
}

// readStart reads init_: "zero", or a DummyClassifier that knows the shares.
func (c *boosting) readStart(f *fields) {
	v := f.value("init_")
	if v == "zero" {
		return
	}
	object, _ := v.(*pyobject.Object)
	if object == nil || object.Class != "sklearn.dummy.DummyClassifier" {
		f.unsupported("init_ is %s", pyobject.Describe(v))
		return
	}
	dummy := fields{of: object}
	strategy := dummy.text("strategy")
	prior := dummy.floats("class_prior_", c.classes)
	if dummy.err != nil || strategy != "prior" {
		f.unsupported("init_ with strategy %q: %v", strategy, dummy.err)
		return
	}
	const eps = 0x1p-52
	clipped := func(k int) float64 { return min(max(prior[k], eps), 1-eps) }
	if c.classes == 2 {
		c.start[0] = math.Log(clipped(1) / (1 - clipped(1)))
		return
	}
	mean := 0.0
	for k := range prior {
		c.start[k] = math.Log(clipped(k))
		mean += c.start[k] / float64(len(prior))
	}
	for k := range c.start {
		c.start[k] -= mean
	}
}

func (c *boosting) probabilities() bool { return true }

func (c *boosting) check(v float64) error {
	if err := c.round32.check(v); err != nil {
		return err
	}
	return checkFinite(v)
}

func (c *boosting) classify(w *work, x []float64, labels []int, probabilities []float64) {
	c.apply(x)
	n := len(c.start)
	w.numbers = resize(w.numbers, n*len(labels))
	for i := range labels {
		copy(w.numbers[i*n:], c.start)
	}
	c.sums.Add(&w.trees, x, w.numbers)
	for i := range labels {
		sums := w.numbers[i*n : (i+1)*n]
		if labels[i] = sign(sums); n == 1 && sums[0] == 0 { // unlike a linear classifier, it takes the second class then
			labels[i] = 1
		}
		shares(probabilities[i*c.classes:(i+1)*c.classes], sums)
	}
}
