package forest

// mt19937 is numpy's legacy RandomState: the Mersenne Twister of Matsumoto and Nishimura (ACM TOMACS 8, 1998),
// seeded with one 32-bit integer. Everything random in scikit-learn's forest starts from it.
type mt19937 struct {
	state [mtWords]uint32
	next  int
}

const (
	mtWords    = 624
	mtShift    = 397
	mtMatrix   = 0x9908b0df
	mtUpper    = 0x80000000
	mtLower    = 0x7fffffff
	mtSeedMult = 1812433253
)

// seed starts the sequence that numpy.random.RandomState(seed) gives.
func (g *mt19937) seed(seed uint32) {
	for i := range g.state {
		g.state[i] = seed
		seed = mtSeedMult*(seed^(seed>>30)) + uint32(i) + 1
	}
	g.next = mtWords
}

func mtTwist(upper, lower uint32) uint32 {
	y := upper&mtUpper | lower&mtLower
	return y>>1 ^ (-(y & 1) & mtMatrix)
}

func (g *mt19937) refill() {
	s := &g.state
	for i := range mtWords - mtShift {
		s[i] = s[i+mtShift] ^ mtTwist(s[i], s[i+1])
	}
	for i := mtWords - mtShift; i < mtWords-1; i++ {
		s[i] = s[i+mtShift-mtWords] ^ mtTwist(s[i], s[i+1])
	}
	s[mtWords-1] = s[mtShift-1] ^ mtTwist(s[mtWords-1], s[0])
	g.next = 0
}

func (g *mt19937) uint32() uint32 {
	if g.next >= mtWords {
		g.refill()
	}
	y := g.state[g.next]
	g.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// intn is RandomState.randint(0, n) for 1 ≤ n ≤ 2³²: draws are masked to the bits of n−1 and repeated while too large.
// A range of one value draws nothing.
func (g *mt19937) intn(n uint32) uint32 {
	largest := n - 1
	if largest == 0 {
		return 0
	}
	mask := fillBits(largest)
	for {
		if v := g.uint32() & mask; v <= largest {
			return v
		}
	}
}

// float64 is RandomState.random_sample(): 53 bits out of two draws.
func (g *mt19937) float64() float64 {
	a, b := g.uint32()>>5, g.uint32()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// permutation is RandomState.permutation(n).
func (g *mt19937) permutation(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := int(g.intn(uint32(i) + 1))
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// fillBits returns the smallest number of the form 2ᵏ−1 that is at least v.
func fillBits(v uint32) uint32 {
	v |= v >> 1
	v |= v >> 2
	v |= v >> 4
	v |= v >> 8
	return v | v>>16
}

// xorshift is the splitter's own generator (G. Marsaglia, Journal of Statistical Software 8(14), 2003).
type xorshift uint32

// between draws an integer of [low, high).
func (x *xorshift) between(low, high int) int {
	s := uint32(*x)
	if s == 0 {
		s = 1
	}
	s ^= s << 13
	s ^= s >> 17
	s ^= s << 5
	*x = xorshift(s)
	return low + int(s&mtLower)%(high-low)
}
