package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// maxTreeNodes bounds an ensemble: node numbers must fit into 28 bits of a ranked node.
const maxTreeNodes = 1 << 28

// MaxCells bounds the leaves times the columns of an ensemble whose file names some of the columns of each leaf only: each has a row of
// all, and a small file can have many of both.
const MaxCells = 1 << 26

// branchMode is how a node compares the feature with its value.
type branchMode uint8

const (
	leafNode branchMode = iota
	branchLEQ
	branchLT
	branchGTE
	branchGT
	branchEQ
	branchNEQ
)

func parseMode(s string) (branchMode, error) {
	for m, name := range [...]string{"LEAF", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"} {
		if s == name {
			return branchMode(m), nil
		}
	}
	return 0, fmt.Errorf("%w: node mode %q", ErrUnsupported, s)
}

// ensemble is a list of checked trees, node after node, each tree breadth first and the children of a node together.
type ensemble struct {
	nodes []treeNode
	// ranked, unless nil, is what there is instead of nodes.
	ranked *ranked
	roots  []uint32
	// leaves holds the distinct rows of weights; row v is leaves[v*columns : (v+1)*columns].
	leaves  []float64
	listed  []bool // like leaves: whether the model names this class for the leaf
	columns int
	// features is one more than the largest feature number in use.
	features int
}

// treeNode is a branch, or a leaf whose row of weights is yes.
type treeNode struct {
	value   float64
	feature int32
	yes, no uint32
	mode    branchMode
	// missing sends NaN to yes.
	missing bool
}

// buildEnsemble checks the trees and lays them out. column maps a class id to a column of the leaves' weights.
func buildEnsemble(a *treeAttributes, columns int, column func(class int64) (int, error)) (*ensemble, error) {
	e := &ensemble{columns: columns, nodes: make([]treeNode, 0, len(a.treeIDs))}
	rows, err := newLeafRows(a, e, column)
	if err != nil {
		return nil, err
	}
	seen := map[int64]bool{}
	for start := 0; start < len(a.treeIDs); {
		id, end := a.treeIDs[start], start+1
		for end < len(a.treeIDs) && a.treeIDs[end] == id {
			end++
		}
		if seen[id] {
			return nil, fmt.Errorf("%w: the nodes of tree %d are not together", ErrUnsupported, id)
		}
		seen[id] = true
		if err := e.addTree(a, rows, start, end); err != nil {
			return nil, fmt.Errorf("tree %d: %w", id, err)
		}
		start = end
	}
	return e, rows.unused()
}

// addTree appends the tree in a.nodes[start:end], whose first node is the root.
func (e *ensemble) addTree(a *treeAttributes, rows *leafRows, start, end int) error {
	find, err := nodeIndex(a.nodeIDs[start:end])
	if err != nil {
		return err
	}
	base := uint32(len(e.nodes))
	e.roots = append(e.roots, base)
	queue := []int{0} // positions in the file, in the order in which the nodes are laid out
	visited := make([]bool, end-start)
	visited[0] = true
	for at := 0; at < len(queue); at++ {
		i := start + queue[at]
		node, err := e.newNode(a, rows, i)
		if err != nil {
			return fmt.Errorf("node %d: %w", a.nodeIDs[i], err)
		}
		if node.mode != leafNode {
			node.yes, node.no = base+uint32(len(queue)), base+uint32(len(queue))+1
			for _, child := range [2]int64{a.yesIDs[i], a.noIDs[i]} {
				c, ok := find(child)
				if !ok {
					return fmt.Errorf("%w: node %d has a child %d that does not exist", ErrFormat, a.nodeIDs[i], child)
				}
				if visited[c] {
					return fmt.Errorf("%w: node %d is reached twice; a tree has no cycles", ErrFormat, child)
				}
				visited[c] = true
				queue = append(queue, c)
			}
		}
		e.nodes = append(e.nodes, node)
	}
	if len(queue) != end-start {
		return fmt.Errorf("%w: %d of %d nodes cannot be reached from the first", ErrFormat, end-start-len(queue), end-start)
	}
	return nil
}

// nodeIndex finds the position of a node by its id; ids are nearly always 0, 1, 2 …
func nodeIndex(ids []int64) (func(id int64) (int, bool), error) {
	inOrder := true
	for i, id := range ids {
		inOrder = inOrder && id == int64(i)
	}
	if inOrder {
		return func(id int64) (int, bool) { return int(id), id >= 0 && id < int64(len(ids)) }, nil
	}
	positions := make(map[int64]int, len(ids))
	for i, id := range ids {
		if _, ok := positions[id]; ok {
			return nil, fmt.Errorf("%w: node %d is there twice", ErrFormat, id)
		}
		positions[id] = i
	}
	return func(id int64) (int, bool) { i, ok := positions[id]; return i, ok }, nil
}

func (e *ensemble) newNode(a *treeAttributes, rows *leafRows, i int) (treeNode, error) {
	mode, err := parseMode(a.modes[i])
	if err != nil {
		return treeNode{}, err
	}
	if mode == leafNode {
		row, err := rows.take(i)
		return treeNode{mode: leafNode, yes: row}, err
	}
	f := a.featureIDs[i]
	if f < 0 || f > math.MaxInt32-1 {
		return treeNode{}, fmt.Errorf("%w: feature number %d", ErrFormat, f)
	}
	e.features = max(e.features, int(f)+1)
	missing := len(a.missing) > 0 && a.missing[i] != 0
	return treeNode{value: a.values[i], feature: int32(f), mode: mode, missing: missing}, nil
}

// leafRows gathers the weights of each leaf and gives equal rows one number: a forest has far fewer distinct rows than
// leaves, and few rows stay in the cache.
type leafRows struct {
	e       *ensemble
	entries map[leafKey][]leafWeight
	numbers map[string]uint32
	key     []byte
	a       *treeAttributes
}

type leafKey struct{ tree, node int64 }

type leafWeight struct {
	column int
	weight float64
}

func newLeafRows(a *treeAttributes, e *ensemble, column func(int64) (int, error)) (*leafRows, error) {
	r := &leafRows{e: e, a: a, entries: make(map[leafKey][]leafWeight, len(a.treeIDs)/2+1), numbers: map[string]uint32{}}
	for i, class := range a.classes {
		c, err := column(class)
		if err != nil {
			return nil, err
		}
		k := leafKey{a.leafTrees[i], a.leafNodes[i]}
		r.entries[k] = append(r.entries[k], leafWeight{c, a.weights[i]})
	}
	if cells := len(r.entries) * e.columns; cells > max(MaxCells, len(a.weights)) {
		return nil, fmt.Errorf("%w: %d leaves of %d columns each, %d values of which the file has %d; the limit is %d",
			ErrUnsupported, len(r.entries), e.columns, cells, len(a.weights), MaxCells)
	}
	return r, nil
}

// take returns the number of the row of weights of the leaf at position i of the file.
func (r *leafRows) take(i int) (uint32, error) {
	k := leafKey{r.a.treeIDs[i], r.a.nodeIDs[i]}
	entries := r.entries[k]
	if len(entries) == 0 {
		return 0, fmt.Errorf("%w: a leaf without class weights", ErrUnsupported)
	}
	delete(r.entries, k)
	n := r.e.columns
	from := len(r.e.leaves)
	r.e.leaves = append(r.e.leaves, make([]float64, n)...)
	r.e.listed = append(r.e.listed, make([]bool, n)...)
	row, listed := r.e.leaves[from:], r.e.listed[from:]
	for _, w := range entries {
		if listed[w.column] {
			return 0, fmt.Errorf("%w: a leaf with two weights for one class", ErrUnsupported)
		}
		row[w.column], listed[w.column] = w.weight, true
	}
	r.key = r.key[:0]
	for c := range n {
		r.key = binary.LittleEndian.AppendUint64(r.key, math.Float64bits(row[c]))
		if listed[c] {
			r.key = append(r.key, 1)
		} else {
			r.key = append(r.key, 0)
		}
	}
	if number, ok := r.numbers[string(r.key)]; ok {
		r.e.leaves, r.e.listed = r.e.leaves[:from], r.e.listed[:from]
		return number, nil
	}
	number := uint32(from / n)
	r.numbers[string(r.key)] = number
	return number, nil
}

// unused refuses weights that belong to no leaf.
func (r *leafRows) unused() error {
	for k := range r.entries {
		return fmt.Errorf("%w: class weights for node %d of tree %d, which is no leaf", ErrUnsupported, k.node, k.tree)
	}
	return nil
}
