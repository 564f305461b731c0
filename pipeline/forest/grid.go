package forest

import "math/bits"

// grid searches a feature without sorting it. It counts classes in a few dozen buckets of neighbouring values, tries the
// borders between buckets, and looks into a bucket only if a better split could hide there. In l, the weights of the
// classes on the left, the score Σl²/wl + Σ(t−l)²/wr is convex, so tangents at the two borders of a bucket bound it
// inside (see bound). Most buckets fall to that.
type grid struct {
	counts []uint64  // [bucket<<classBits | class]: rows<<32 | weight
	edges  []edge    // edges[b] is the state left of bucket b
	lefts  []float64 // lefts[b*classes+k]: weight of class k left of bucket b
	next   []uint32  // where the next key of a bucket goes in scratch
	step   []uint32  // 1 for the buckets to look into, 0 for others
	bounds []float64 // what a split inside the bucket scores at most
}

// edge is a position between two buckets.
type edge struct {
	rows              int     // on the left
	weight            float64 // wl
	square, mixed     float64 // Σl², Σt² − 2Σt·l
	invLeft, invRight float64 // 1/wl, 1/wr
	score             float64
}

const (
	gridRows    = 128     // with fewer rows, sorting is faster
	gridEntries = 1 << 14 // most counts in a grid, so that it stays in the cache
)

// gridBuckets is the number of buckets wanted for so many rows, as a power of two.
func gridBuckets(rows int) int { return min(max(bits.Len(uint(rows))/2+2, 5), 8) }

// plan decides whether a grid pays, and how wide its buckets are.
func (g *grid) plan(l *keyLayout, rows int, span uint32) (width uint32, ok bool) {
	if rows < gridRows {
		return 0, false
	}
	wanted := gridBuckets(rows)
	width = uint32(max(bits.Len32(span)-wanted, 0))
	entries := (int(span>>width) + 1) << l.classBits()
	if entries > gridEntries || entries > 4*rows {
		return 0, false
	}
	g.reserve(1<<wanted, entries)
	return width, true
}

func (g *grid) reserve(buckets, entries int) {
	if len(g.counts) < entries {
		g.counts = make([]uint64, entries)
	}
	if len(g.edges) <= buckets {
		g.edges = make([]edge, buckets+1)
		g.next, g.step = make([]uint32, buckets), make([]uint32, buckets)
		g.bounds = make([]float64, buckets)
	}
}

// lookGrid searches the gathered keys of a feature.
func (r *ranked) lookGrid(keys []uint32, low, high, width uint32) {
	l, g := &r.layout, &r.grid
	first := l.code(low)
	buckets := int((l.code(high)-first)>>width) + 1
	g.count(l, keys, first, width, buckets)
	r.edges(buckets)
	s := &r.search
	for b := 1; b < buckets; b++ {
		e := &g.edges[b]
		if e.rows == g.edges[b-1].rows || !(e.score > s.bar) {
			continue
		}
		s.weightLeft, s.squareLeft, s.mixed = e.weight, e.square, e.mixed
		if r.tryEdge(keys, first+uint32(b)<<width, e.rows) {
			copy(s.bestLeft, g.leftOf(b, len(s.sums)))
		}
	}
	if width > 0 && r.markBuckets(buckets) {
		r.lookInside(keys, first, width, buckets)
	}
}

func (g *grid) leftOf(b, classes int) []float64 { return g.lefts[b*classes : (b+1)*classes] }

func (g *grid) count(l *keyLayout, keys []uint32, first, width uint32, buckets int) {
	counts := g.counts[:buckets<<l.classBits()]
	clear(counts)
	base := first << l.codeShift
	shift, classShift, classBits := (l.codeShift+width)&31, l.classShift&31, l.classBits()&31
	for _, k := range keys {
		at := (k-base)>>shift<<classBits | k>>classShift&l.classMask
		counts[at] += 1<<32 | uint64(k&l.weightMask)
	}
}

// edges works out the states between buckets, and the best score among them first, as a bar for all.
func (r *ranked) edges(buckets int) {
	g, s, classBits := &r.grid, &r.search, r.layout.classBits()
	classes := len(s.sums)
	if need := (buckets + 1) * classes; len(g.lefts) < need {
		g.lefts = make([]float64, need)
	}
	clear(g.leftOf(0, classes))
	e := edge{mixed: s.square, invRight: 1 / s.weight, score: s.square / s.weight}
	g.edges[0] = e
	for b := range buckets {
		counts := g.counts[b<<classBits:][:classes]
		from, to := g.leftOf(b, classes), g.leftOf(b+1, classes)
		rows := uint64(0)
		for k, c := range counts {
			w, have := float64(uint32(c)), from[k]
			rows += c >> 32
			to[k] = have + w
			e.weight += w
			e.square += w * (2*have + w)
			e.mixed -= w * float64(s.twice[k])
		}
		e.rows += int(rows)
		wr := s.weight - e.weight
		e.invLeft, e.invRight = 1/e.weight, 1/wr
		e.score = e.square*e.invLeft + (e.mixed+e.square)*e.invRight
		g.edges[b+1] = e
	}
}

// tryEdge evaluates the split that sends codes below cut to the left.
func (r *ranked) tryEdge(keys []uint32, cut uint32, rows int) (better bool) {
	s := &r.search
	if s.values[cut] > s.values[cut-1]+tieGap {
		// The true neighbours are at least as far apart.
		if s.try(cut-1, cut, rows) {
			s.neighbours = false
			return true
		}
		return false
	}
	below, above := neighbours(keys, cut<<r.layout.codeShift)
	return s.try(r.layout.code(below), r.layout.code(above), rows)
}

// neighbours returns the largest key below cut and the smallest one not below.
func neighbours(keys []uint32, cut uint32) (below, above uint32) {
	above = ^uint32(0)
	for _, k := range keys {
		if k < cut {
			below = max(below, k)
		} else {
			above = min(above, k)
		}
	}
	return below, above
}
