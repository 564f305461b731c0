package forest

import "math"

// tieGap is the distance up to which two neighbouring values count as equal.
const tieGap float32 = 1e-7

// literal is the splitter that follows scikit-learn step for step, in the same order of samples. It takes any weights:
// sums of weights that are not integers depend on the order of their terms. It also is what tests hold the others against.
type literal struct {
	data          *dataset
	sampler       *featureSampler
	impurity      impurity
	minLeaf       int
	minWeightLeaf float64

	samples []uint32  // rows of the tree
	weights []float64 // weight of every row of the data
	total   float64   // weight of the tree
	values  []float32 // of the feature being looked at

	start, end, pos       int
	sums, left, right     []float64
	weight, wLeft, wRight float64
}

func newLiteral(d *dataset, sampler *featureSampler, f impurity) *literal {
	k := len(d.labels)
	return &literal{
		data: d, sampler: sampler, impurity: f, values: make([]float32, d.rows),
		left: make([]float64, k), right: make([]float64, k),
	}
}

// begin starts a tree; rows of weight zero are left out.
func (l *literal) begin(weights []float64, rules stopping) (samples int) {
	l.weights, l.total, l.samples = weights, 0, l.samples[:0]
	l.minLeaf, l.minWeightLeaf = int(rules.minLeaf), rules.minWeightLeaf
	for row, w := range weights {
		if w != 0 {
			l.samples = append(l.samples, uint32(row))
		}
		l.total += w
	}
	return len(l.samples)
}

func (l *literal) open(n *node, sums []float64) {
	l.start, l.end, l.sums = int(n.start), int(n.end), sums
	clear(sums)
	l.weight = 0
	for _, row := range l.samples[l.start:l.end] {
		sums[l.data.class[row]] += l.weights[row]
		l.weight += l.weights[row]
	}
	n.weight = l.weight
}

func (l *literal) split(n *node, _ []float64, s *split) {
	*s = split{pos: n.end, leftSums: s.leftSums}
	best := math.Inf(-1)
	l.sampler.begin(int(n.constants))
	for {
		feature, position, ok := l.sampler.next()
		if !ok {
			break
		}
		values := l.sort(feature)
		if values[len(values)-1] <= values[0]+tieGap {
			l.sampler.markConstant(position)
			continue
		}
		l.sampler.markUsed(position)
		l.scan(feature, values, &best, s)
	}
	s.constants = int32(l.sampler.end())
	if s.pos < n.end {
		l.finish(n, s)
	}
}

// sort orders the node's samples by a feature and returns its values.
func (l *literal) sort(feature int) []float32 {
	samples, values := l.samples[l.start:l.end], l.values[:l.end-l.start]
	codes, distinct := l.data.codes[feature], l.data.values[feature]
	for i, row := range samples {
		values[i] = distinct[codes[row]]
	}
	introsort(values, samples)
	return values
}

// scan tries every position between two different values.
func (l *literal) scan(feature int, values []float32, best *float64, s *split) {
	l.reset()
	for p := 1; ; p++ {
		for p < len(values) && values[p] <= values[p-1]+tieGap {
			p++
		}
		if p >= len(values) {
			return
		}
		if p < l.minLeaf || len(values)-p < l.minLeaf {
			continue
		}
		l.update(l.start + p)
		if l.wLeft < l.minWeightLeaf || l.wRight < l.minWeightLeaf {
			continue
		}
		score := proxy(l.wLeft, l.impurity(l.left, l.wLeft), l.wRight, l.impurity(l.right, l.wRight))
		if score > *best {
			*best = score
			s.feature, s.pos = int32(feature), int32(l.start+p)
			s.threshold = midpoint(values[p-1], values[p])
			s.missingLeft = p > len(values)-p
		}
	}
}

// midpoint is the threshold between two neighbouring values: the sum of halves cannot overflow.
func midpoint(a, b float32) float64 { return float64(a)/2 + float64(b)/2 }

// finish orders the samples by the best split and measures it.
func (l *literal) finish(n *node, s *split) {
	codes, distinct := l.data.codes[s.feature], l.data.values[s.feature]
	for i, end := l.start, l.end; i < end; {
		if float64(distinct[codes[l.samples[i]]]) <= s.threshold {
			i++
			continue
		}
		end--
		l.samples[i], l.samples[end] = l.samples[end], l.samples[i]
	}
	l.reset()
	l.update(int(s.pos))
	s.impurityLeft, s.impurityRight = l.impurity(l.left, l.wLeft), l.impurity(l.right, l.wRight)
	s.improvement = improvement(l.total, l.weight, n.impurity, l.wLeft, s.impurityLeft, l.wRight, s.impurityRight)
	s.leftSums = append(s.leftSums[:0], l.left...)
	s.weightLeft, s.weightRight = l.wLeft, l.wRight
}

// reset moves all samples to the right side.
func (l *literal) reset() {
	l.pos, l.wLeft = l.start, 0
	clear(l.left)
}

// update moves the border to pos, adding from the left or subtracting from the right end, whichever is shorter.
func (l *literal) update(pos int) {
	if pos-l.pos <= l.end-pos {
		for _, row := range l.samples[l.pos:pos] {
			l.left[l.data.class[row]] += l.weights[row]
			l.wLeft += l.weights[row]
		}
	} else {
		copy(l.left, l.sums)
		l.wLeft = l.weight
		for i := l.end - 1; i >= pos; i-- {
			row := l.samples[i]
			l.left[l.data.class[row]] -= l.weights[row]
			l.wLeft -= l.weights[row]
		}
	}
	l.wRight = l.weight - l.wLeft
	for k, sum := range l.sums {
		l.right[k] = sum - l.left[k]
	}
	l.pos = pos
}
