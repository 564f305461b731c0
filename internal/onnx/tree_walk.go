package onnx

// walker is a layout of trees in which rows walk fast. It is immutable; what a goroutine needs stands in its worker.
type walker interface {
	// start makes the worker's buffers.
	start(w *treeWorker)
	// rank takes row i of the worker's block, and reports whether it can be walked: false if a feature in use is NaN.
	rank(w *treeWorker, i int, row []float64) bool
	// walkTrees finds for the worker's first row the row of weights that it reaches in each tree.
	walkTrees(w *treeWorker, leaves []uint32)
	// walkRows finds for the worker's rows, as many as there are leaves, the row of weights that each reaches in one tree.
	walkRows(w *treeWorker, tree int, leaves []uint32)
}

// layOut ranks the nodes, which then tell all: the others, which take twice as much memory, are forgotten. It returns nil when the trees
// need the general walk.
func (e *ensemble) layOut() walker {
	r := e.rank()
	if r == nil {
		return nil
	}
	e.ranked, e.nodes = r, nil
	return r.fastest(e)
}

// fastest is the packed layout where the trees fit into it, and the ranked one otherwise.
func (r *ranked) fastest(e *ensemble) walker {
	if p := r.pack(len(e.leaves) / e.columns); p != nil {
		return p
	}
	return r
}

// width is the number of ranks of a row.
func (r *ranked) width() int { return max(1, len(r.features)) }

func (r *ranked) start(w *treeWorker) { w.ranks = make([]uint64, blockRows*r.width()) }

func (r *ranked) rank(w *treeWorker, i int, row []float64) bool {
	width := r.width()
	return r.ranks(w.ranks[i*width:(i+1)*width], row)
}

// stepWord goes from a node to its child: the second when the row's rank is larger, which the borrow of the subtraction
// tells without a branch.
func stepWord(word, rank uint64) uint32 {
	return uint32(word&childMask) + uint32((word-rank)>>63)
}

func featureOf(word uint64) int { return int(word >> featureShift & featureMask) }

// walkTrees walks the row down eight trees in step, so that eight chains of dependent loads overlap.
func (r *ranked) walkTrees(w *treeWorker, rows []uint32) {
	nodes, roots, ranks := r.nodes, r.roots, w.ranks[:r.width()]
	i := 0
	for ; i+8 <= len(roots); i += 8 {
		q := roots[i : i+8 : i+8]
		a, b, c, d, e, f, g, h := q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]
		for {
			wa, wb, wc, wd, we, wf, wg, wh := nodes[a], nodes[b], nodes[c], nodes[d], nodes[e], nodes[f], nodes[g], nodes[h]
			if wa&wb&wc&wd&we&wf&wg&wh >= leafWord {
				break
			}
			a = stepWord(wa, ranks[featureOf(wa)])
			b = stepWord(wb, ranks[featureOf(wb)])
			c = stepWord(wc, ranks[featureOf(wc)])
			d = stepWord(wd, ranks[featureOf(wd)])
			e = stepWord(we, ranks[featureOf(we)])
			f = stepWord(wf, ranks[featureOf(wf)])
			g = stepWord(wg, ranks[featureOf(wg)])
			h = stepWord(wh, ranks[featureOf(wh)])
		}
		out := rows[i : i+8 : i+8]
		out[0] = r.rows[a]
		out[1] = r.rows[b]
		out[2] = r.rows[c]
		out[3] = r.rows[d]
		out[4] = r.rows[e]
		out[5] = r.rows[f]
		out[6] = r.rows[g]
		out[7] = r.rows[h]
	}
	for ; i < len(roots); i++ {
		rows[i] = r.walkTree(ranks, roots[i])
	}
}

func (r *ranked) walkTree(ranks []uint64, at uint32) uint32 {
	for w := r.nodes[at]; w < leafWord; w = r.nodes[at] {
		at = stepWord(w, ranks[featureOf(w)])
	}
	return r.rows[at]
}

// walk follows one row, whose values may be missing, down a tree and returns the number of the leaf's row of weights.
func (r *ranked) walk(root uint32, row []float64) uint32 {
	for at := root; ; {
		word := r.nodes[at]
		if word == leafWord|uint64(at) {
			return r.rows[at]
		}
		slot := word >> featureShift & featureMask
		x := row[r.features[slot]]
		first := x <= r.thresholds[slot][word>>rankShift]
		if x != x {
			first = r.nanFirst[at/64]>>(at%64)&1 != 0
		}
		if at = uint32(word & childMask); !first {
			at++
		}
	}
}

// walkRows walks the rows of a block down one tree, eight in step.
func (r *ranked) walkRows(worker *treeWorker, tree int, rows []uint32) {
	nodes, ranks, width, root := r.nodes, worker.ranks, r.width(), r.roots[tree]
	i := 0
	for ; i+8 <= len(rows); i += 8 {
		at := i * width
		a, b, c, d, e, f, g, h := root, root, root, root, root, root, root, root
		for {
			wa, wb, wc, wd, we, wf, wg, wh := nodes[a], nodes[b], nodes[c], nodes[d], nodes[e], nodes[f], nodes[g], nodes[h]
			if wa&wb&wc&wd&we&wf&wg&wh >= leafWord {
				break
			}
			a = stepWord(wa, ranks[at+featureOf(wa)])
			b = stepWord(wb, ranks[at+width+featureOf(wb)])
			c = stepWord(wc, ranks[at+2*width+featureOf(wc)])
			d = stepWord(wd, ranks[at+3*width+featureOf(wd)])
			e = stepWord(we, ranks[at+4*width+featureOf(we)])
			f = stepWord(wf, ranks[at+5*width+featureOf(wf)])
			g = stepWord(wg, ranks[at+6*width+featureOf(wg)])
			h = stepWord(wh, ranks[at+7*width+featureOf(wh)])
		}
		out := rows[i : i+8 : i+8]
		out[0] = r.rows[a]
		out[1] = r.rows[b]
		out[2] = r.rows[c]
		out[3] = r.rows[d]
		out[4] = r.rows[e]
		out[5] = r.rows[f]
		out[6] = r.rows[g]
		out[7] = r.rows[h]
	}
	for ; i < len(rows); i++ {
		rows[i] = r.walkTree(ranks[i*width:(i+1)*width], root)
	}
}
