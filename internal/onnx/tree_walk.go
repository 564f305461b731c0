package onnx

// stepWord goes from a node to its child: the second when the row's rank is larger, which the borrow of the subtraction
// tells without a branch.
func stepWord(word, rank uint64) uint32 {
	return uint32(word&childMask) + uint32((word-rank)>>63)
}

func featureOf(word uint64) int { return int(word >> featureShift & featureMask) }

// walkTrees walks one row down eight trees in step, so that eight chains of dependent loads overlap.
func (r *ranked) walkTrees(ranks []uint64, roots, rows []uint32) {
	nodes := r.nodes
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

// walkRows walks the rows of a block down one tree, eight in step. ranks holds width words a row.
func (r *ranked) walkRows(ranks []uint64, width int, root uint32, rows []uint32) {
	nodes := r.nodes
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
