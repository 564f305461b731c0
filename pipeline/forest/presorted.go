package forest

// presorted is the splitter for weights that are whole numbers and few features, of which each split looks at a good
// part. It keeps, for each feature, the samples of each node sorted by that feature: nothing is ever sorted again, but
// each split divides all the lists.
type presorted struct {
	whole
	orders [][]uint64 // see presort
	lists  [][]uint64 // lists[feature]: row<<32 | key, by node and within a node by value
	moved  []uint64   // scratch for partition
	isLeft []byte     // by row, whether it goes left
}

// presorts decides between presorted and ranked: dividing a list costs about half of sorting it.
func presorts(rows, features, looked int) bool {
	return features <= 2*looked && rows*features <= 1<<20
}

// presort returns, for each feature, the rows in the order of its values, as row<<32 | code<<classBits | class.
func presort(d *dataset) [][]uint64 {
	layout, _ := newKeyLayout(1, len(d.labels), 0)
	orders := make([][]uint64, d.features)
	for f, codes := range d.codes {
		next := make([]int, len(d.values[f])+1)
		for _, code := range codes {
			next[code+1]++
		}
		for code := range d.values[f] {
			next[code+1] += next[code]
		}
		orders[f] = make([]uint64, d.rows)
		for row, code := range codes {
			orders[f][next[code]] = uint64(row)<<32 | uint64(layout.key(code, d.class[row], 0))
			next[code]++
		}
	}
	return orders
}

func newPresorted(w whole, orders [][]uint64) *presorted {
	p := &presorted{
		whole: w, orders: orders, lists: make([][]uint64, len(orders)),
		moved: make([]uint64, w.data.rows), isLeft: make([]byte, w.data.rows),
	}
	for f := range p.lists {
		p.lists[f] = make([]uint64, w.data.rows+1)
	}
	return p
}

// begin starts a tree with so many of each row; it reports false when they do not fit into keys.
func (p *presorted) begin(counts []uint32) (samples int, ok bool) {
	if samples, ok = p.measure(counts); !ok {
		return 0, false
	}
	shift := p.layout.classShift
	for f, list := range p.lists {
		end := 0
		for _, entry := range p.orders[f] {
			row := entry >> 32
			n := counts[row]
			list[end] = row<<32 | uint64(uint32(entry)<<shift|n)
			end += nonzero(n)
		}
	}
	return samples, true
}

// nonzero is 1 if n > 0, else 0, without a branch.
func nonzero(n uint32) int { return int(uint64(-int64(n)) >> 63) }

func (p *presorted) open(n *node, sums []float64) {
	if n.parent >= 0 && !p.bestFirst {
		return // known since the parent's split
	}
	clear(sums)
	n.weight = 0
	for _, entry := range p.lists[0][n.start:n.end] {
		p.layout.addTo(n, sums, uint32(entry))
	}
}

func (p *presorted) split(n *node, sums []float64, s *split) {
	p.begins(n, sums, s)
	for {
		feature, position, ok := p.sampler.next()
		if !ok {
			break
		}
		list := p.lists[feature][n.start:n.end]
		if p.constant(feature, uint32(list[0]), uint32(list[len(list)-1])) {
			p.sampler.markConstant(position)
			continue
		}
		p.sampler.markUsed(position)
		p.search.turnTo(feature, p.data.values[feature])
		p.search.reset()
		scan(&p.search, &p.layout, list, 0)
	}
	s.constants = int32(p.sampler.end())
	if p.search.feature >= 0 && p.settle(n, s) {
		p.partition(n, s)
	}
}

// partition divides the lists of all features but the one that splits, which is divided already.
func (p *presorted) partition(n *node, s *split) {
	for i, entry := range p.lists[s.feature][n.start:n.end] {
		p.isLeft[entry>>32] = byte(uint32(int32(i)-(s.pos-n.start)) >> 31)
	}
	for f := range p.lists {
		if f == int(s.feature) {
			continue
		}
		list := p.lists[f][n.start:n.end]
		moved := p.moved[:len(list)]
		lefts, rights := 0, 0
		for _, entry := range list {
			left := int(p.isLeft[entry>>32])
			list[lefts] = entry
			moved[rights] = entry
			lefts += left
			rights += 1 - left
		}
		copy(list[lefts:], moved[:rights])
	}
}
