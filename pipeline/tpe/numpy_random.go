package tpe

// mt19937 is numpy's legacy RandomState: the 32-bit Mersenne Twister of Matsumoto and Nishimura, seeded by their
// init_genrand. numpy.random.seed(s) and RandomState(s) give the same stream for every 0 <= s < 2^32.
type mt19937 struct {
	key [mtSize]uint32
	pos int // words of key already given out; mtSize asks for the next block
}

const (
	mtSize  = 624
	mtShift = 397
)

func newMT19937(seed uint32) *mt19937 {
	g := &mt19937{pos: mtSize}
	for i := range g.key {
		g.key[i] = seed
		seed = 1812433253*(seed^seed>>30) + uint32(i) + 1
	}
	return g
}

func (g *mt19937) uint32() uint32 {
	if g.pos >= mtSize {
		g.refill()
	}
	y := g.key[g.pos]
	g.pos++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (g *mt19937) refill() {
	for i := range g.key {
		y := g.key[i]&0x80000000 | g.key[(i+1)%mtSize]&0x7fffffff
		next := g.key[(i+mtShift)%mtSize] ^ y>>1
		if y&1 != 0 {
			next ^= 0x9908b0df
		}
		g.key[i] = next
	}
	g.pos = 0
}

// double is numpy's random_sample: 53 bits out of two words, in [0, 1).
func (g *mt19937) double() float64 {
	high, low := g.uint32()>>5, g.uint32()>>6
	return (float64(high)*67108864 + float64(low)) / 9007199254740992
}

// uniform is numpy's RandomState.uniform(low, high).
func (g *mt19937) uniform(low, high float64) float64 {
	return low + float64((high-low)*g.double())
}
