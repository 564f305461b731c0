package onnx

import (
	"fmt"
	"slices"
	"strings"
)

// compactTrees is the attribute of a tree ensemble in a compact model that holds its trees as they are laid out.
const compactTrees = "mlopsgo_trees"

// Compact is a form of a model that [LoadCompact] reads in a fraction of the time that [Decode] and [Load] take for its file: the same graph,
// with its trees as they are laid out here. False for models that gain nothing by it: those without trees, and those of the few trees that
// have no such layout.
func (s *Session) Compact() ([]byte, bool) {
	if s.rest == nil {
		return nil, false
	}
	m, g := *s.rest, *s.rest.Graph
	m.Graph, g.Nodes = &g, slices.Clone(g.Nodes)
	for i, n := range g.Nodes {
		if k := s.steps[i].compactTrees(n); k != nil {
			node := *n
			node.Attributes = append(slices.Clone(n.Attributes), k.compactAttributes()...)
			g.Nodes[i] = &node
		}
	}
	return m.Encode(), true
}

// LoadCompact reads what [Session.Compact] wrote, and checks it. One of another version of this package is refused: [ErrFormat].
func LoadCompact(data []byte) (*Model, *Session, error) {
	m, err := Decode(data)
	if err != nil {
		return nil, nil, err
	}
	s, err := compile(m, true)
	return m, s, err
}

// keepRest remembers a model without its trees, if it has some that can be written compactly.
func (s *Session) keepRest(m *Model) {
	rest, g := *m, *m.Graph
	rest.Graph, g.Nodes = &g, slices.Clone(g.Nodes)
	for i, n := range g.Nodes {
		if s.steps[i].compactTrees(n) == nil {
			continue
		}
		node := *n
		node.Attributes = slices.DeleteFunc(slices.Clone(n.Attributes), func(a *Attribute) bool { return ofTrees(a.Name) })
		g.Nodes[i] = &node
		s.rest = &rest
	}
}

// compactTrees are the trees of a node, whose step this is, that can be written compactly; nil for others.
func (st *step) compactTrees(n *Node) *trees {
	k, ok := st.kernel.(*trees)
	if !ok || k.ensemble.ranked == nil || n.OpType == "TreeEnsemble" { // which keeps its trees in other attributes, and no exporter writes it
		return nil
	}
	return k
}

// ofTrees tells the attributes that hold trees from those that say what comes of their sums.
func ofTrees(name string) bool {
	for _, prefix := range []string{"nodes_", "class_", "target_", compactTrees} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// compactAttributes are the trees, and what the weights of two classes tell beside their values.
func (k *trees) compactAttributes() []*Attribute {
	list := []*Attribute{{Name: compactTrees, Type: AttrString, S: compact(k.ensemble, k.ensemble.ranked)}}
	if f, ok := k.finisher.(*classes); ok && f.binary {
		weight := float32(0)
		if !f.positive {
			weight = -1
		}
		list = append(list, &Attribute{Name: "class_ids", Type: AttrInts, Ints: []int64{f.onlyClass}},
			&Attribute{Name: "class_weights", Type: AttrFloats, Floats: []float32{weight}})
	}
	return list
}

// readCompactTrees reads the trees of a compact model.
func readCompactTrees(data []byte, columns int) (*ensemble, walker, error) {
	e, r, err := readCompact(data)
	if err != nil {
		return nil, nil, err
	}
	if e.columns != columns || len(e.listed) != len(e.leaves) { // only [TreeSums] has leaves that list nothing
		return nil, nil, fmt.Errorf("%w: compact trees of %d columns for %d, and of %d leaves that list %d",
			ErrFormat, e.columns, columns, len(e.leaves), len(e.listed))
	}
	return e, r.fastest(e), nil
}
