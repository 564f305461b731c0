package forest

import "math"

// search finds the best split of a node by the Gini impurity. With l and t the weights of the classes on the left and
// in all, and wl, wr those of the sides, the proxy to maximise equals
//
//	Σl²/wl + Σ(t−l)²/wr − (wl+wr)
//
// but for rounding. Since all weights are whole, the sums are exact; one multiplied by wl·wr, without division, is
// enough to tell that a split is worse than the best by more than rounding can be. The few that are not are evaluated
// exactly as scikit-learn does, so that ties fall as there.
type search struct {
	sums          []float64 // t
	twice         []int64   // 2t
	weight        float64   // wl+wr
	square        float64   // Σt²
	rows          int       // in the left child of the best split
	minLeaf       int
	minWeightLeaf float64
	nodeRows      int

	values    []float32 // of the feature being looked at
	candidate int32     // that feature

	left       []int64 // l at the position being looked at
	weightLeft float64 // wl
	squareLeft float64 // Σl²
	mixed      float64 // Σt² − 2Σt·l

	best         float64 // proxy of the best split
	bar          float64 // no split below it can be better
	feature      int32   // −1 when there is none
	cut          uint32  // codes below it go left
	neighbours   bool    // whether lower and upper are known
	lower, upper float32 // the values on both sides of cut
	bestLeft     []float64
	bestWeight   float64
	bestSquare   float64 // Σl²
	bestMixed    float64
}

// slack is a bound for the relative rounding errors of the proxy and of the filter, with much to spare.
const slack = 0x1p-44

func (s *search) begin(sums []float64, weight float64, rules *stopping, rows int) {
	s.sums, s.weight, s.nodeRows = sums, weight, rows
	s.minLeaf, s.minWeightLeaf = int(rules.minLeaf), rules.minWeightLeaf
	s.square = 0
	for k, t := range sums {
		s.twice[k] = 2 * int64(t)
		s.square += t * t
	}
	s.best, s.bar, s.feature = math.Inf(-1), math.Inf(-1), -1
}

// reset moves everything to the right side.
func (s *search) reset() {
	clear(s.left)
	s.weightLeft, s.squareLeft, s.mixed = 0, 0, s.square
}

// turnTo starts the search in a feature with these values.
func (s *search) turnTo(feature int, values []float32) {
	s.candidate, s.values = int32(feature), values
}

// scan moves sorted keys, the lower halves of entries, to the left one after the other, and tries each position between
// two values. passed is how many rows are on the left already.
func scan[E uint32 | uint64](s *search, l *keyLayout, entries []E, passed int) {
	left, twice := s.left, s.twice
	// As integers: the next step waits for left[c], and integers are faster there.
	weightLeft, squareLeft, mixed := int64(s.weightLeft), int64(s.squareLeft), int64(s.mixed)
	weight, bar := s.weight, s.bar
	classShift, classMask, weightMask := l.classShift&31, l.classMask, l.weightMask
	for i := 0; i+1 < len(entries); i++ {
		k := uint32(entries[i])
		c := k >> classShift & classMask
		w := int64(k & weightMask)
		have := left[c]
		left[c] = have + w
		squareLeft += w * (2*have + w)
		mixed -= w * twice[c]
		weightLeft += w
		wl := float64(weightLeft)
		if weight*float64(squareLeft)+wl*float64(mixed) > bar*(wl*(weight-wl)) &&
			k>>l.codeShift != uint32(entries[i+1])>>l.codeShift {
			s.weightLeft, s.squareLeft, s.mixed = wl, float64(squareLeft), float64(mixed)
			if s.try(l.code(k), l.code(uint32(entries[i+1])), passed+i+1) {
				bar = s.bar
				for c, n := range left {
					s.bestLeft[c] = float64(n)
				}
			}
		}
	}
}

// try evaluates the split between two neighbouring codes and reports whether it is the best so far. If so, the caller
// notes bestLeft.
func (s *search) try(below, above uint32, rows int) (better bool) {
	lower, upper := s.values[below], s.values[above]
	if upper <= lower+tieGap || rows < s.minLeaf || s.nodeRows-rows < s.minLeaf {
		return false
	}
	wl, wr := s.weightLeft, s.weight-s.weightLeft
	if wl < s.minWeightLeaf || wr < s.minWeightLeaf {
		return false
	}
	il, ir := giniOf(s.squareLeft, wl), giniOf(s.mixed+s.squareLeft, wr)
	score := proxy(wl, il, wr, ir)
	if !(score > s.best || score == s.best && s.feature == s.candidate && above < s.cut) {
		return false
	}
	s.best = score
	s.bar = score + s.weight - slack*s.weight
	s.feature, s.cut, s.lower, s.upper, s.rows = s.candidate, above, lower, upper, rows
	s.bestWeight, s.bestSquare, s.bestMixed = wl, s.squareLeft, s.mixed
	s.neighbours = true
	return true
}

// giniOf is gini for a known sum of squares.
func giniOf(squares, weight float64) float64 { return 1 - squares/float64(weight*weight) }

// impurities returns those of the children of the best split.
func (s *search) impurities() (left, right float64) {
	return giniOf(s.bestSquare, s.bestWeight), giniOf(s.bestMixed+s.bestSquare, s.weight-s.bestWeight)
}
