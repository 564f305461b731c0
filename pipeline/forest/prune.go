package forest

import "math"

// prune returns the tree after minimal cost-complexity pruning (Breiman et al., Classification and Regression Trees,
// 1984, chapter 3): the weakest inner node becomes a leaf again and again, while what that costs for each leaf spared
// is at most alpha.
func (t *Tree) prune(alpha float64) *Tree {
	p := newPruning(t)
	for !p.leaf[0] {
		weakest, cost := p.weakest()
		if alpha < cost {
			break
		}
		p.cut(weakest)
	}
	return p.rebuild()
}

// pruning is the state of a tree while it is pruned.
type pruning struct {
	tree   *Tree
	parent []int32
	leaf   []bool    // leaves of what is left of the tree
	gone   []bool    // below such a leaf
	cost   []float64 // weighted impurity of the node itself
	branch []float64 // sum of cost over the leaves below
	leaves []int     // how many there are
}

func newPruning(t *Tree) *pruning {
	n := t.Nodes()
	p := &pruning{
		tree: t, parent: make([]int32, n), leaf: make([]bool, n), gone: make([]bool, n),
		cost: make([]float64, n), branch: make([]float64, n), leaves: make([]int, n),
	}
	p.parent[0] = -1
	for i := range n {
		p.cost[i] = t.weightedImpurity(int32(i)) / t.WeightedNodeSamples[0]
		p.leaf[i] = t.isLeaf(i)
		if !p.leaf[i] {
			p.parent[t.Left[i]], p.parent[t.Right[i]] = int32(i), int32(i)
		}
	}
	for i := range n {
		if !p.leaf[i] {
			continue
		}
		p.branch[i] = p.cost[i]
		for up := p.parent[i]; up >= 0; up = p.parent[up] {
			p.branch[up] += p.cost[i]
			p.leaves[up]++
		}
	}
	return p
}

// weakest returns the first inner node whose cut costs least for each leaf spared.
func (p *pruning) weakest() (id int, cost float64) {
	cost = math.MaxFloat64
	for i := range p.leaf {
		if p.leaf[i] || p.gone[i] {
			continue
		}
		if c := (p.cost[i] - p.branch[i]) / float64(p.leaves[i]-1); c < cost {
			id, cost = i, c
		}
	}
	return id, cost
}

// cut makes an inner node a leaf.
func (p *pruning) cut(id int) {
	below := []int32{p.tree.Left[id], p.tree.Right[id]}
	for len(below) > 0 {
		i := below[len(below)-1]
		below = below[:len(below)-1]
		if p.gone[i] {
			continue
		}
		p.gone[i], p.leaf[i] = true, false
		if !p.tree.isLeaf(int(i)) {
			below = append(below, p.tree.Left[i], p.tree.Right[i])
		}
	}
	p.leaf[id] = true
	spared, rise := p.leaves[id]-1, p.cost[id]-p.branch[id]
	p.leaves[id], p.branch[id] = 0, p.cost[id]
	for up := p.parent[id]; up >= 0; up = p.parent[up] {
		p.leaves[up] -= spared
		p.branch[up] += rise
	}
}

// rebuild copies what is left of the tree, in preorder.
func (p *pruning) rebuild() *Tree {
	out := &Tree{Classes: p.tree.Classes}
	type item struct {
		old, parent, depth int32
		isLeft             bool
	}
	for stack := []item{{parent: -1}}; len(stack) > 0; {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		i := top.old
		n := node{
			end: p.tree.NodeSamples[i], depth: top.depth, parent: top.parent, isLeft: top.isLeft,
			impurity: p.tree.Impurity[i], weight: p.tree.WeightedNodeSamples[i],
		}
		id := out.add(&n, nil)
		out.Values = append(out.Values, p.tree.Value(int(i))...)
		if p.leaf[i] {
			continue
		}
		out.Feature[id], out.Threshold[id] = p.tree.Feature[i], p.tree.Threshold[i]
		out.MissingGoToLeft[id] = p.tree.MissingGoToLeft[i]
		stack = append(stack,
			item{old: p.tree.Right[i], parent: id, depth: top.depth + 1},
			item{old: p.tree.Left[i], parent: id, depth: top.depth + 1, isLeft: true})
	}
	return out
}
