package sklearn

import (
	"math"

	"mlopsgo/internal/pyobject"
)

// neighbors is KNeighborsClassifier with the Euclidean distance and uniform weights. Where distances are equal, which of the rows are the
// nearest depends on the order of the search; so it is scikit-learn's: down its own k-d tree, or without one by the order of rows.
type neighbors struct {
	k, classes, features int
	rows                 []float64
	labels               []int
	norms                []float64 // squares of the rows' lengths, for the search without a tree
	tree                 *kdTree
}

func newNeighbors(f *fields, features, classes int) classifier {
	c := &neighbors{k: f.integer("n_neighbors"), classes: classes, features: features}
	if weights := f.text("weights"); weights != "uniform" {
		f.unsupported("weights %q", weights)
	}
	metric := f.text("effective_metric_")
	if metric != "euclidean" && metric != "l2" && (metric != "minkowski" || f.number("p") != 2) {
		f.unsupported("metric %q", metric)
	}
	if f.has("metric_params") {
		f.unsupported("metric_params")
	}
	if f.truth("outputs_2d_") {
		f.unsupported("several outputs")
	}
	c.rows = f.floats("_fit_X", -1, features)
	n := len(c.rows) / features
	for _, label := range f.integers("_y", n) {
		if label < 0 || int(label) >= classes {
			f.refuse("_y", "it holds class %d of %d", label, classes)
			break
		}
		c.labels = append(c.labels, int(label))
	}
	if f.err == nil && (c.k < 1 || c.k > n) {
		f.refuse("n_neighbors", "%d of %d rows", c.k, n)
	}
	switch method := f.text("_fit_method"); method {
	case "kd_tree":
		c.tree = newKDTree(f, c.rows, features)
	case "brute":
		for i := range n {
			c.norms = append(c.norms, dot(c.row(i), c.row(i)))
		}
	default:
		f.unsupported("algorithm %q; kd_tree and brute are", method)
	}
	return c
}

func (c *neighbors) row(i int) []float64 { return c.rows[i*c.features : (i+1)*c.features] }

func (c *neighbors) probabilities() bool   { return true }
func (c *neighbors) check(v float64) error { return checkFinite(v) }

func (c *neighbors) classify(w *work, x []float64, labels []int, probabilities []float64) {
	w.votes = resize(w.votes, c.classes)
	for i := range labels {
		point := x[i*c.features : (i+1)*c.features]
		w.heap.reset(c.k)
		if c.tree != nil {
			c.tree.search(c, &w.heap, 0, point, c.tree.least(0, point))
		} else {
			c.searchAll(&w.heap, point)
		}
		clear(w.votes)
		for _, at := range w.heap.rows {
			w.votes[c.labels[at]]++
		}
		labels[i] = mostVotes(w.votes)
		for k, n := range w.votes {
			probabilities[i*c.classes+k] = float64(n) / float64(c.k)
		}
	}
}

// searchAll compares with every row, by the form of the squared distance that lacks the point's own square.
func (c *neighbors) searchAll(h *heap, point []float64) {
	for i, norm := range c.norms {
		h.push(-2*dot(point, c.row(i))+norm, i)
	}
}

// heap holds the nearest rows, the farthest of them first. It is that of scikit-learn's utils/_heap.pyx to the exchange, because among
// equals the exchanges decide who leaves.
type heap struct {
	distances []float64
	rows      []int
}

func (h *heap) reset(k int) {
	h.distances, h.rows = resize(h.distances, k), resize(h.rows, k)
	for i := range h.distances {
		h.distances[i], h.rows[i] = math.Inf(1), 0
	}
}

func (h *heap) push(distance float64, row int) {
	d := h.distances
	if distance >= d[0] {
		return
	}
	at := 0
	for {
		child := 2*at + 1
		if child >= len(d) {
			break
		}
		if child+1 < len(d) && d[child] < d[child+1] {
			child++
		}
		if d[child] <= distance {
			break
		}
		d[at], h.rows[at] = d[child], h.rows[child]
		at = child
	}
	d[at], h.rows[at] = distance, row
}

// kdTree is scikit-learn's neighbors/_kd_tree: nodes in the order of a heap, each with the rows it spans and the box around them.
type kdTree struct {
	order           []int64 // the rows, those of a node together
	start, end      []int64
	leaf            []bool
	lowest, highest []float64 // of each node and feature
}

// newKDTree takes the state of the tree: (rows, order, nodes, boxes, …).
func newKDTree(f *fields, rows []float64, features int) *kdTree {
	v := f.value("_tree")
	object, _ := v.(*pyobject.Object)
	if object == nil || object.Class != "sklearn.neighbors._kd_tree.KDTree" {
		f.refuse("_tree", "it is %s", pyobject.Describe(v))
		return nil
	}
	state, _ := object.State.(pyobject.Tuple)
	if len(state) < 4 {
		f.refuse("_tree", "its state has %d parts", len(state))
		return nil
	}
	parts := fields{of: &pyobject.Object{State: &pyobject.Dict{
		Keys: []pyobject.Value{"data", "order", "nodes", "boxes"}, Values: state[:4],
	}}}
	n := len(rows) / features
	t := &kdTree{order: parts.integers("order", n)}
	data := parts.floats("data", n, features)
	t.nodes(&parts, n)
	boxes := parts.floats("boxes", 2, len(t.start), features)
	if parts.err != nil {
		f.refuse("_tree", "%v", parts.err)
		return nil
	}
	for i, v := range data {
		if v != rows[i] {
			f.refuse("_tree", "its rows are not those of _fit_X")
			return nil
		}
	}
	t.lowest, t.highest = boxes[:len(boxes)/2], boxes[len(boxes)/2:]
	return t
}

// nodes reads the records, and makes sure that the search stays within them and the rows.
func (t *kdTree) nodes(f *fields, rows int) {
	records := f.array("nodes", -1)
	if records == nil {
		return
	}
	column := func(name string) []int64 {
		a, err := records.Field(name)
		var values []int64
		if err == nil {
			values, err = a.Ints()
		}
		if err != nil {
			f.refuse("nodes", "%v", err)
		}
		return values
	}
	t.start, t.end = column("idx_start"), column("idx_end")
	for _, v := range column("is_leaf") {
		t.leaf = append(t.leaf, v != 0)
	}
	if f.err != nil {
		return
	}
	if len(t.start) == 0 {
		f.refuse("nodes", "there are none")
	}
	for i := range t.start {
		if t.start[i] < 0 || t.end[i] < t.start[i] || t.end[i] > int64(rows) || (!t.leaf[i] && 2*i+2 >= len(t.start)) {
			f.refuse("nodes", "node %d of %d spans rows %d to %d of %d", i, len(t.start), t.start[i], t.end[i], rows)
			return
		}
	}
	for _, at := range t.order {
		if at < 0 || at >= int64(rows) {
			f.refuse("order", "it holds row %d of %d", at, rows)
			return
		}
	}
}

// search looks for near rows below a node, whose box is at least so far away.
func (t *kdTree) search(c *neighbors, h *heap, node int, point []float64, least float64) {
	if least > h.distances[0] {
		return
	}
	if t.leaf[node] {
		for _, at := range t.order[t.start[node]:t.end[node]] {
			h.push(squared(point, c.row(int(at))), int(at))
		}
		return
	}
	first, second := 2*node+1, 2*node+2
	a, b := t.least(first, point), t.least(second, point)
	if a > b {
		first, second, a, b = second, first, b, a
	}
	t.search(c, h, first, point, a)
	t.search(c, h, second, point, b)
}

// least is the square of the distance to a node's box.
func (t *kdTree) least(node int, point []float64) float64 {
	at, sum := node*len(point), 0.0
	for j, v := range point {
		below, above := t.lowest[at+j]-v, v-t.highest[at+j]
		d := 0.5 * ((below + math.Abs(below)) + (above + math.Abs(above)))
		sum += d * d
	}
	return sum
}
