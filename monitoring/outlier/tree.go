package outlier

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/e-XpertSolutions/go-iforest/iforest"
)

// grower grows one tree.
type grower struct {
	rows     [][]float64
	random   *rand.Rand
	maxDepth int
	features []int          // a permutation, for drawing features without replacement
	nodes    []iforest.Node // all nodes of the tree, side by side in memory
}

// growTree grows tree number index; its random numbers depend on nothing else than the seed and that number.
func growTree(rows [][]float64, subsample int, seed uint64, index int) iforest.Tree {
	g := grower{
		rows:     rows,
		random:   rand.New(rand.NewPCG(seed, uint64(index))),
		maxDepth: bits.Len(uint(subsample - 1)), // ⌈log₂ subsample⌉
		features: make([]int, len(rows[0])),
		nodes:    make([]iforest.Node, 0, 2*subsample-1), // as many as a tree with one row a leaf has; no pointer into it may move
	}
	for i := range g.features {
		g.features[i] = i
	}
	root := g.node(g.sample(subsample), 0)
	if root.External {
		root = rootWithoutSplit(root)
	}
	return iforest.Tree{Root: root}
}

// sample draws the numbers of size rows without replacement (R. Floyd's algorithm, CACM 30(9), 1987), without touching the others: tables
// may be long.
func (g *grower) sample(size int) []int {
	chosen := make([]int, 0, size)
	taken := make(map[int]struct{}, size)
	for i := len(g.rows) - size; i < len(g.rows); i++ {
		row := g.random.IntN(i + 1)
		if _, ok := taken[row]; ok {
			row = i
		}
		taken[row] = struct{}{}
		chosen = append(chosen, row)
	}
	return chosen
}

// node grows the part of the tree below the given rows, whose order it changes.
func (g *grower) node(rows []int, depth int) *iforest.Node {
	g.nodes = append(g.nodes, iforest.Node{External: true, Size: len(rows), C: averagePathLength(len(rows))})
	node := &g.nodes[len(g.nodes)-1]
	if len(rows) <= 1 || depth >= g.maxDepth {
		return node
	}
	feature, low, high := g.feature(rows)
	if low == high {
		return node // all rows are the same
	}
	split := g.split(low, high)
	middle := 0
	for i, row := range rows {
		if g.rows[row][feature] < split {
			rows[i], rows[middle] = rows[middle], rows[i]
			middle++
		}
	}
	node.External, node.Attribute, node.Split = false, feature, split
	node.Left = g.node(rows[:middle], depth+1)
	node.Right = g.node(rows[middle:], depth+1)
	return node
}

// feature draws a feature that is not constant in the rows, and gives its range; low and high are equal if there is none.
func (g *grower) feature(rows []int) (feature int, low, high float64) {
	for left := len(g.features); left > 0; left-- {
		at := g.random.IntN(left)
		feature = g.features[at]
		g.features[at], g.features[left-1] = g.features[left-1], feature
		low, high = math.Inf(1), math.Inf(-1)
		for _, row := range rows {
			low, high = min(low, g.rows[row][feature]), max(high, g.rows[row][feature])
		}
		if low < high {
			return feature, low, high
		}
	}
	return feature, low, low
}

// split draws a place above low and not above high, so that both sides of "less than" get a row. A mean of the two, unlike a share of their
// difference, cannot overflow.
func (g *grower) split(low, high float64) float64 {
	u := g.random.Float64()
	split := float64(u*low) + float64((1-u)*high)
	if split > low && split <= high {
		return split
	}
	return high
}

// rootWithoutSplit makes a tree of a single leaf. The library looks at a node only after one step down from the root, so the leaf becomes
// both children, and gives the step back in its correction.
func rootWithoutSplit(leaf *iforest.Node) *iforest.Node {
	child := &iforest.Node{External: true, Size: leaf.Size, C: leaf.C - 1}
	return &iforest.Node{Size: leaf.Size, Left: child, Right: child}
}

// averagePathLength is c(n) of the article: the average length of an unsuccessful search in a binary search tree of n rows, which stands for
// the splits that a leaf of n rows did not get. For n = 2 it is 1, as in scikit-learn.
func averagePathLength(n int) float64 {
	const eulerGamma = 0.57721566490153286060651209008240243
	switch {
	case n <= 1:
		return 0
	case n == 2:
		return 1
	default:
		rest := float64(n - 1)
		return 2*(math.Log(rest)+eulerGamma) - 2*rest/float64(n)
	}
}
