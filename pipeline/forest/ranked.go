package forest

import "math"

// ranked is the splitter for weights that are whole numbers and many features or rows. It holds each feature of each
// sample as a key (see keyLayout), built once a tree, and the samples ordered by node.
type ranked struct {
	whole
	sorter  keySorter
	columns [][]uint32 // columns[feature][sample]
	samples []uint32   // the samples, ordered by node
	moved   []uint32   // scratch for partition
	keys    []uint32   // of the feature being looked at
	node    *node
	grid    grid
	inside  []uint32 // keys of the buckets being looked into, and a place for the others
}

func newRanked(w whole) *ranked {
	r := &ranked{whole: w, columns: make([][]uint32, w.data.features)}
	r.sorter.counts = make([]uint32, 2*maxBuckets+1)
	return r
}

// begin starts a tree with so many of each row; it reports false when they do not fit into keys.
func (r *ranked) begin(counts []uint32) (samples int, ok bool) {
	if samples, ok = r.measure(counts); !ok {
		return 0, false
	}
	r.sorter.layout = r.layout
	r.reserve(samples)
	for f, column := range r.columns {
		codes, i := r.data.codes[f], 0
		for row, n := range counts {
			if n != 0 {
				column[i] = r.layout.key(codes[row], r.data.class[row], n)
				i++
			}
		}
	}
	for i := range r.samples {
		r.samples[i] = uint32(i)
	}
	return samples, true
}

// reserve gives all buffers room for so many samples.
func (r *ranked) reserve(samples int) {
	if cap(r.samples) < samples {
		room := min(samples+samples/16, r.data.rows)
		r.samples, r.moved = make([]uint32, room), make([]uint32, room)
		r.keys, r.sorter.scratch = make([]uint32, room), make([]uint32, room)
		r.inside = make([]uint32, room+1)
		for f := range r.columns {
			r.columns[f] = make([]uint32, room)
		}
	}
	r.samples = r.samples[:samples]
	for f := range r.columns {
		r.columns[f] = r.columns[f][:samples]
	}
}

func (r *ranked) open(n *node, sums []float64) {
	r.node = n
	if n.parent >= 0 && !r.bestFirst {
		return // known since the parent's split
	}
	clear(sums)
	n.weight = 0
	column := r.columns[0]
	for _, s := range r.samples[n.start:n.end] {
		r.layout.addTo(n, sums, column[s])
	}
}

func (r *ranked) split(n *node, sums []float64, s *split) {
	r.begins(n, sums, s)
	for {
		feature, position, ok := r.sampler.next()
		if !ok {
			break
		}
		low, high := r.gather(feature)
		if r.constant(feature, low, high) {
			r.sampler.markConstant(position)
			continue
		}
		r.sampler.markUsed(position)
		r.look(feature, low, high)
	}
	s.constants = int32(r.sampler.end())
	if r.search.feature < 0 {
		return
	}
	r.findNeighbours(n)
	if r.settle(n, s) {
		r.partition(n, r.search.cut<<r.layout.codeShift)
	}
}

// gather collects the node's keys of a feature and returns the smallest and the largest.
func (r *ranked) gather(feature int) (low, high uint32) {
	samples := r.samples[r.node.start:r.node.end]
	column, keys := r.columns[feature], r.keys[:len(samples)]
	low, high = math.MaxUint32, 0
	for i, s := range samples {
		k := column[s]
		keys[i] = k
		low, high = min(low, k), max(high, k)
	}
	return low, high
}

// look searches the gathered feature for a better split.
func (r *ranked) look(feature int, low, high uint32) {
	keys := r.keys[:r.node.end-r.node.start]
	r.search.turnTo(feature, r.data.values[feature])
	if width, ok := r.grid.plan(&r.layout, len(keys), r.layout.code(high)-r.layout.code(low)); ok {
		r.lookGrid(keys, low, high, width)
		return
	}
	r.sorter.sort(keys, low, high)
	r.search.reset()
	scan(&r.search, &r.layout, keys, 0)
}

// findNeighbours finds the values on both sides of the best split if all that is known is a code between them.
func (r *ranked) findNeighbours(n *node) {
	if r.search.neighbours {
		return
	}
	b := &r.search
	column, cut := r.columns[b.feature], b.cut<<r.layout.codeShift
	below, above := uint32(0), uint32(math.MaxUint32)
	for _, s := range r.samples[n.start:n.end] {
		if k := column[s]; k < cut {
			below = max(below, k)
		} else {
			above = min(above, k)
		}
	}
	values := r.data.values[b.feature]
	b.lower, b.upper = values[r.layout.code(below)], values[r.layout.code(above)]
}

// partition moves the samples with keys below cut to the front of the node.
func (r *ranked) partition(n *node, cut uint32) {
	samples, column := r.samples[n.start:n.end], r.columns[r.search.feature]
	moved := r.moved[:len(samples)]
	lefts, rights := 0, 0
	for _, s := range samples {
		left := int((column[s] - cut) >> 31)
		samples[lefts] = s
		moved[rights] = s
		lefts += left
		rights += 1 - left
	}
	copy(samples[lefts:], moved[:rights])
}
