package forest

import "math/bits"

// A key is all that a split needs to know of a sample and a feature, in one word that sorts by value:
//
//	rank of the value | class | weight
//
// keyLayout says where the parts are.
type keyLayout struct {
	classShift uint32 // = bits of the weight
	codeShift  uint32 // = bits of weight and class
	weightMask uint32
	classMask  uint32 // after shifting
}

// maxKeyBits leaves the sign free, for comparisons by subtraction.
const maxKeyBits = 31

// newKeyLayout reports false when the parts do not fit into a key.
func newKeyLayout(codes, classes int, maxWeight uint32) (keyLayout, bool) {
	weightBits := bits.Len32(maxWeight)
	classBits := bits.Len(uint(classes - 1))
	l := keyLayout{
		classShift: uint32(weightBits),
		codeShift:  uint32(weightBits + classBits),
		weightMask: 1<<weightBits - 1,
		classMask:  1<<classBits - 1,
	}
	return l, weightBits+classBits+bits.Len(uint(codes-1)) <= maxKeyBits
}

func (l *keyLayout) classBits() uint32 { return l.codeShift - l.classShift }
func (l *keyLayout) key(code, class, weight uint32) uint32 {
	return code<<l.codeShift | class<<l.classShift | weight
}

func (l *keyLayout) code(key uint32) uint32  { return key >> l.codeShift }
func (l *keyLayout) class(key uint32) uint32 { return key >> l.classShift & l.classMask }
func (l *keyLayout) weight(key uint32) uint32 {
	return key & l.weightMask
}

// addTo counts a sample in its node.
func (l *keyLayout) addTo(n *node, sums []float64, key uint32) {
	w := float64(l.weight(key))
	sums[l.class(key)] += w
	n.weight += w
}

// keySorter sorts keys by code; keys of one code stay in any order.
type keySorter struct {
	layout  keyLayout
	counts  []uint32
	scratch []uint32
}

const (
	insertionKeys = 20      // up to so many, insertion alone is fastest
	crowdedBucket = 32      // from so many keys on, a bucket is sorted by itself
	maxBuckets    = 1 << 14 // more would not stay in the cache
)

// sort sorts keys whose smallest and largest are known.
func (s *keySorter) sort(keys []uint32, low, high uint32) {
	if len(keys) <= insertionKeys {
		s.insertion(keys)
		return
	}
	codeShift := s.layout.codeShift
	first := low >> codeShift
	span := high>>codeShift - first
	if span == 0 {
		return
	}
	// As many buckets as keys, a power of two, but no more than there are codes.
	width := bits.Len32(span) - min(bits.Len(uint(len(keys))), bits.Len(maxBuckets-1))
	shift := codeShift + uint32(max(width, 0))
	buckets := int((high>>codeShift-first)>>max(width, 0)) + 1
	base := first << codeShift
	counts := s.counts[:buckets+1]
	clear(counts)
	for _, k := range keys {
		counts[(k-base)>>shift]++
	}
	largest, end := uint32(0), uint32(0)
	for i, c := range counts {
		largest = max(largest, c)
		counts[i] = end
		end += c
	}
	sorted := s.scratch[:len(keys)]
	for _, k := range keys {
		p := &counts[(k-base)>>shift]
		sorted[*p] = k
		*p++
	}
	copy(keys, sorted)
	switch {
	case width <= 0: // a bucket is a code
	case largest <= crowdedBucket:
		s.insertion(keys)
	default:
		s.sortBuckets(keys, base, shift)
	}
}

// sortBuckets sorts each run of keys that fell into one bucket.
func (s *keySorter) sortBuckets(keys []uint32, base, shift uint32) {
	for start := 0; start < len(keys); {
		bucket := (keys[start] - base) >> shift
		low, high, end := keys[start], keys[start], start+1
		for end < len(keys) && (keys[end]-base)>>shift == bucket {
			low, high = min(low, keys[end]), max(high, keys[end])
			end++
		}
		s.sort(keys[start:end], low, high)
		start = end
	}
}

func (s *keySorter) insertion(keys []uint32) {
	rest := uint32(1)<<s.layout.codeShift - 1
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		limit := k | rest
		j := i
		for ; j > 0 && keys[j-1] > limit; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
	}
}
