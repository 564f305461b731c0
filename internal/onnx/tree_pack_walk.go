package onnx

// packedRow holds the ranks of one row, shifted into place.
type packedRow [packedSlots]uint32

// step goes from a node to its child: the second when the row's rank is larger, which the borrow of the subtraction tells without a branch.
func (r *packedRow) step(at, word uint32) uint32 {
	return at + word&packedChild + (word-r[word>>packedSlot%packedSlots])>>31
}

func (p *packed) start(w *treeWorker) { w.packed = make([]packedRow, blockRows) }

func (p *packed) rank(w *treeWorker, i int, row []float64) bool {
	for slot, f := range p.ranked.features {
		x := row[f]
		if x != x {
			return false
		}
		w.packed[i][slot%packedSlots] = uint32(below(p.ranked.thresholds[slot], x)) << packedRank
	}
	return true
}

// walkTrees walks the row down eight trees in step, so that eight chains of dependent loads overlap.
func (p *packed) walkTrees(w *treeWorker, leaves []uint32) {
	nodes, roots, row := p.nodes, p.roots, &w.packed[0]
	i := 0
	for ; i+8 <= len(roots); i += 8 {
		q := roots[i : i+8 : i+8]
		a, b, c, d, e, f, g, h := q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7]
		wa, wb, wc, wd, we, wf, wg, wh := nodes[a], nodes[b], nodes[c], nodes[d], nodes[e], nodes[f], nodes[g], nodes[h]
		for wa&wb&wc&wd&we&wf&wg&wh < leafBit {
			a, b, c, d = row.step(a, wa), row.step(b, wb), row.step(c, wc), row.step(d, wd)
			wa, wb, wc, wd = nodes[a], nodes[b], nodes[c], nodes[d]
			e, f, g, h = row.step(e, we), row.step(f, wf), row.step(g, wg), row.step(h, wh)
			we, wf, wg, wh = nodes[e], nodes[f], nodes[g], nodes[h]
		}
		out := leaves[i : i+8 : i+8]
		out[0], out[1], out[2], out[3] = leafOf(wa), leafOf(wb), leafOf(wc), leafOf(wd)
		out[4], out[5], out[6], out[7] = leafOf(we), leafOf(wf), leafOf(wg), leafOf(wh)
	}
	for ; i < len(roots); i++ {
		leaves[i] = p.walk(row, roots[i])
	}
}

// walkRows walks the rows of a block down one tree, eight in step.
func (p *packed) walkRows(w *treeWorker, tree int, leaves []uint32) {
	nodes, root := p.nodes, p.roots[tree]
	i := 0
	for ; i+8 <= len(leaves); i += 8 {
		rows := w.packed[i : i+8 : i+8]
		a, b, c, d, e, f, g, h := root, root, root, root, root, root, root, root
		word := nodes[root]
		wa, wb, wc, wd, we, wf, wg, wh := word, word, word, word, word, word, word, word
		for wa&wb&wc&wd&we&wf&wg&wh < leafBit {
			a, b, c, d = rows[0].step(a, wa), rows[1].step(b, wb), rows[2].step(c, wc), rows[3].step(d, wd)
			wa, wb, wc, wd = nodes[a], nodes[b], nodes[c], nodes[d]
			e, f, g, h = rows[4].step(e, we), rows[5].step(f, wf), rows[6].step(g, wg), rows[7].step(h, wh)
			we, wf, wg, wh = nodes[e], nodes[f], nodes[g], nodes[h]
		}
		out := leaves[i : i+8 : i+8]
		out[0], out[1], out[2], out[3] = leafOf(wa), leafOf(wb), leafOf(wc), leafOf(wd)
		out[4], out[5], out[6], out[7] = leafOf(we), leafOf(wf), leafOf(wg), leafOf(wh)
	}
	for ; i < len(leaves); i++ {
		leaves[i] = p.walk(&w.packed[i], root)
	}
}

func (p *packed) walk(row *packedRow, at uint32) uint32 {
	w := p.nodes[at]
	for w < leafBit {
		at = row.step(at, w)
		w = p.nodes[at]
	}
	return leafOf(w)
}

func leafOf(word uint32) uint32 { return word % leafBit >> packedSlot }
