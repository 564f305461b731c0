package forest

// markBuckets decides which buckets to look into, and where their keys go. It reports whether there are any.
func (r *ranked) markBuckets(buckets int) bool {
	g, s := &r.grid, &r.search
	end, dump := uint32(0), uint32(s.nodeRows)
	for b := range buckets {
		from, to := &g.edges[b], &g.edges[b+1]
		g.next[b], g.step[b] = dump, 0
		if to.rows-from.rows < 2 || to.rows <= s.minLeaf || s.nodeRows-from.rows <= s.minLeaf {
			continue
		}
		g.bounds[b] = r.bound(b, from, to)
		if g.bounds[b] > s.bar {
			g.next[b], g.step[b] = end, 1
			end += uint32(to.rows - from.rows)
		}
	}
	return end > 0
}

// bound returns a number that no split inside bucket b scores above. Moving x ≤ d from one side, with sums h, to the
// other, with sums g, scores Σ(g+x)²/(wg+X) + Σ(h−x)²/(wh−X), where X = Σx. Since x² ≤ d·x, and with p = g/wg, q = Σp²
// and the same for h, that is at most
//
//	score + Σ x·slope − κ·X²
//	slope = qg − qh + (2p − 2qg + d/wg)·wg/(wg+X) + (2qh − 2ph + d/wh)·wh/(wh−X)
//	κ     = qg/(wg+X) + qh/(wh−X)
//
// With the least favourable X where it divides, and the tangent of −κ·X² at half of D = Σd, the maximum over x is a sum
// over the classes. It is nearly tight when buckets are small.
func (r *ranked) bound(bucket int, from, to *edge) float64 {
	s := &r.search
	a, b := r.grid.leftOf(bucket, len(s.sums)), r.grid.leftOf(bucket+1, len(s.sums))
	if to.rows < s.nodeRows {
		return boundLeft(s, from, to, a, b)
	}
	if from.rows > 0 {
		return boundLast(s, from, to, a)
	}
	return s.weight // the only bucket; no score is higher
}

// boundLeft bounds a bucket that leaves some rows on the right; they move from right to left.
func boundLeft(s *search, from, to *edge, a, b []float64) float64 {
	moved := to.weight - from.weight
	purityRight := (from.mixed + from.square) * from.invRight * from.invRight
	stretch := (s.weight - from.weight) * to.invRight
	invLeft, shrink, purityLeft, gain := 0.0, 0.0, 0.0, 1.0 // an empty left side stays pure at best
	if from.rows > 0 {
		invLeft, shrink = from.invLeft, from.weight*to.invLeft
		purityLeft = from.square * invLeft * invLeft
		gain = purityLeft
	}
	bend := purityLeft*to.invLeft + purityRight*from.invRight
	flat := gain - purityRight - bend*moved
	limit := from.score + bend*moved*moved/4
	for k, t := range s.sums {
		d := b[k] - a[k]
		left := 0.0
		if from.rows > 0 {
			left = 2*(a[k]*invLeft-purityLeft) + d*invLeft
			left = max(left, left*shrink)
		}
		right := 2*(purityRight-(t-a[k])*from.invRight) + d*from.invRight
		right = max(right, right*stretch)
		limit += d * max(flat+left+right, 0)
	}
	return limit
}

// boundLast bounds the last bucket: from its right edge, rows move from the left to the empty right side.
func boundLast(s *search, from, to *edge, a []float64) float64 {
	moved := to.weight - from.weight
	purityLeft := to.square * to.invLeft * to.invLeft
	stretch := to.weight * from.invLeft
	bend := purityLeft * to.invLeft
	flat := 1 - purityLeft - bend*moved
	limit := to.square*to.invLeft + bend*moved*moved/4
	for k, t := range s.sums {
		d := t - a[k]
		left := 2*(purityLeft-t*to.invLeft) + d*to.invLeft
		limit += d * max(flat+max(left, left*stretch), 0)
	}
	return limit
}

// lookInside sorts and scans the marked buckets.
func (r *ranked) lookInside(keys []uint32, first, width uint32, buckets int) {
	g, s, l := &r.grid, &r.search, &r.layout
	base, shift := first<<l.codeShift, (l.codeShift+width)&31
	for _, k := range keys {
		b := (k - base) >> shift
		r.inside[g.next[b]] = k
		g.next[b] += g.step[b]
	}
	for b := range buckets {
		if g.step[b] == 0 || !(g.bounds[b] > s.bar) {
			continue
		}
		e := &g.edges[b]
		end := g.next[b]
		bucket := r.inside[end-uint32(g.edges[b+1].rows-e.rows) : end]
		low, high := bucket[0], bucket[0]
		for _, k := range bucket {
			low, high = min(low, k), max(high, k)
		}
		r.sorter.sort(bucket, low, high)
		for k, left := range g.leftOf(b, len(s.sums)) {
			s.left[k] = int64(left)
		}
		s.weightLeft, s.squareLeft, s.mixed = e.weight, e.square, e.mixed
		scan(s, l, bucket, e.rows)
	}
}
