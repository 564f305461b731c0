package forest

// featureSampler draws the features a split looks at without replacement. It is a Fisher–Yates shuffle whose
// permutation lives as long as the tree, and which remembers features that are constant in a node: they are constant in
// all nodes below. The layout of features during a draw is
//
//	[0, drawn)          known constants that were drawn in this node
//	[drawn, known)      known constants not drawn yet
//	[known, known+found) constants discovered in this node
//	[known+found, rest) not drawn yet
//	[rest, n)           drawn and usable
type featureSampler struct {
	random    xorshift
	features  []int32
	constants []int32 // constants[:known] in the order in which the ancestors found them
	limit     int     // max_features

	known, drawn, found, rest, visited int
}

func newFeatureSampler(features, limit int) *featureSampler {
	return &featureSampler{
		features: make([]int32, features), constants: make([]int32, features), limit: limit,
	}
}

// reset starts a new tree.
func (s *featureSampler) reset(seed uint32) {
	s.random = xorshift(seed)
	for i := range s.features {
		s.features[i] = int32(i)
	}
}

// begin starts a node whose ancestors found known features to be constant.
func (s *featureSampler) begin(known int) {
	s.known, s.drawn, s.found, s.visited = known, 0, 0, 0
	s.rest = len(s.features)
}

// next draws a feature that is not known to be constant; position goes to markConstant or markUsed.
func (s *featureSampler) next() (feature, position int, ok bool) {
	f := s.features
	for s.rest > s.known+s.found && (s.visited < s.limit || s.visited <= s.found+s.drawn) {
		s.visited++
		j := s.random.between(s.drawn, s.rest-s.found)
		if j < s.known {
			f[s.drawn], f[j] = f[j], f[s.drawn]
			s.drawn++
			continue
		}
		j += s.found
		return int(f[j]), j, true
	}
	return 0, 0, false
}

// markConstant records that the drawn feature has one value in this node.
func (s *featureSampler) markConstant(position int) {
	f, at := s.features, s.known+s.found
	f[position], f[at] = f[at], f[position]
	s.found++
}

// markUsed records that the drawn feature can split this node.
func (s *featureSampler) markUsed(position int) {
	s.rest--
	f := s.features
	f[s.rest], f[position] = f[position], f[s.rest]
}

// end returns how many features are constant below this node, and restores the order of those known before.
func (s *featureSampler) end() (known int) {
	copy(s.features[:s.known], s.constants)
	copy(s.constants[s.known:s.known+s.found], s.features[s.known:])
	return s.known + s.found
}
