package forest

import "sort"

// treeSeedRange is the range of the seeds that trees and splitters draw: the largest 32-bit signed integer.
const treeSeedRange = 1<<31 - 1

// treeSeeds returns the random_state of each of the first n trees. Longer forests start with the same seeds.
func treeSeeds(forestSeed uint32, n int) []uint32 {
	var g mt19937
	g.seed(forestSeed)
	seeds := make([]uint32, n)
	for i := range seeds {
		seeds[i] = g.intn(treeSeedRange)
	}
	return seeds
}

// bootstrap draws rows with replacement: evenly, or in proportion to weights.
type bootstrap struct {
	rows  int
	draws int
	// cumulative[i] is the share of the total weight in rows 0..i; nil draws evenly.
	cumulative []float64
}

func newBootstrap(rows, draws int, weights []float64) *bootstrap {
	b := &bootstrap{rows: rows, draws: draws}
	if weights == nil {
		return b
	}
	total, sum := pairwiseSum(weights), 0.0
	b.cumulative = make([]float64, rows)
	for i, w := range weights {
		sum += w / total
		b.cumulative[i] = sum
	}
	for i := range b.cumulative {
		b.cumulative[i] /= sum
	}
	return b
}

// counts fills in how often each row is drawn by the tree with this seed.
func (b *bootstrap) counts(g *mt19937, counts []uint32) {
	clear(counts)
	if b.cumulative != nil {
		for range b.draws {
			u := g.float64()
			counts[sort.Search(b.rows-1, func(i int) bool { return b.cumulative[i] > u })]++
		}
		return
	}
	for range b.draws {
		counts[g.intn(uint32(b.rows))]++
	}
}

// seedTree starts g for a tree and returns the splitter's seed. scikit-learn starts a generator twice from the tree's
// seed, once for the bootstrap and once for the splitter; rewinding spares the second start.
func seedTree(g *mt19937, seed uint32) (splitterSeed uint32) {
	g.seed(seed)
	splitterSeed = g.intn(treeSeedRange)
	g.next = 0
	return splitterSeed
}
