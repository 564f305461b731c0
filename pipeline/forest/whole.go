package forest

// whole is what the two fast splitters share. They take weights that are whole numbers: sums of those are exact in any
// order, so samples need not be kept in scikit-learn's.
type whole struct {
	data    *dataset
	sampler *featureSampler
	rules   *stopping
	// bestFirst says that nodes are opened long after their parent was split.
	bestFirst bool

	layout keyLayout
	total  float64 // weight of the tree
	search search
}

func newWhole(d *dataset, sampler *featureSampler, rules *stopping, bestFirst bool) whole {
	k := len(d.labels)
	return whole{
		data: d, sampler: sampler, rules: rules, bestFirst: bestFirst,
		search: search{left: make([]int64, k), bestLeft: make([]float64, k), twice: make([]int64, k)},
	}
}

// measure finds the tree's weight, its number of samples, and room for them in keys; it reports false if there is none.
func (w *whole) measure(counts []uint32) (samples int, ok bool) {
	codes, maxWeight := 1, uint32(0)
	for _, values := range w.data.values {
		codes = max(codes, len(values))
	}
	w.total = 0
	for _, n := range counts {
		maxWeight = max(maxWeight, n)
		w.total += float64(n)
		if n != 0 {
			samples++
		}
	}
	w.layout, ok = newKeyLayout(codes, len(w.data.labels), maxWeight)
	return samples, ok && w.total < maxRows
}

// begins starts a node.
func (w *whole) begins(n *node, sums []float64, s *split) {
	*s = split{pos: n.end, leftSums: s.leftSums}
	w.search.begin(sums, n.weight, w.rules, int(n.end-n.start))
	w.sampler.begin(int(n.constants))
}

// constant reports whether all keys from low to high count as one value.
func (w *whole) constant(feature int, low, high uint32) bool {
	values := w.data.values[feature]
	return values[w.layout.code(high)] <= values[w.layout.code(low)]+tieGap
}

// settle measures the best split; it reports whether the samples must be divided, or both children are leaves.
func (w *whole) settle(n *node, s *split) (divide bool) {
	b := &w.search
	s.feature, s.threshold = b.feature, midpoint(b.lower, b.upper)
	s.pos = n.start + int32(b.rows)
	s.missingLeft = 2*b.rows > int(n.end-n.start)
	s.weightLeft, s.weightRight = b.bestWeight, n.weight-b.bestWeight
	s.leftSums = append(s.leftSums[:0], b.bestLeft...)
	s.impurityLeft, s.impurityRight = b.impurities()
	s.improvement = improvement(w.total, n.weight, n.impurity, s.weightLeft, s.impurityLeft, s.weightRight, s.impurityRight)
	right, left := childNodes(n, s, 0)
	return w.bestFirst || !w.rules.stop(&left) || !w.rules.stop(&right)
}
