package onnx

import (
	"errors"
	"strings"
	"testing"
)

// TestLoadRefuses states what a model must not contain, and that the message names the node.
func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Graph)
		kind   error
		text   string
	}{
		"unknown operator":  {func(g *Graph) { g.Nodes[0].OpType = "Conv" }, ErrUnsupported, `node 0 "centred_node" (Conv)`},
		"unknown attribute": {func(g *Graph) { g.Nodes[0].Attributes = []*Attribute{intAttr("x", 1)} }, ErrUnsupported, `attribute "x"`},
		"undefined value":   {func(g *Graph) { g.Nodes[1].Inputs[0] = "nothing" }, ErrFormat, `"nothing" is computed by no earlier node`},
		"defined twice":     {func(g *Graph) { g.Nodes[1].Outputs[0] = "centred" }, ErrFormat, `"centred" is defined twice`},
		"types differ":      {func(g *Graph) { g.Inputs[0].Type.Elem = Float }, ErrFormat, "FLOAT and DOUBLE differ"},
		"external data":     {func(g *Graph) { g.Initializers[0].External = true }, ErrUnsupported, "in another file"},
		"wrong shape":       {func(g *Graph) { g.Initializers[0].Dims[0] = 9 }, ErrUnsupported, "do not fill the shape [9]"},
		"no outputs":        {func(g *Graph) { g.Outputs = nil }, ErrFormat, "no outputs"},
		"too many outputs":  {func(g *Graph) { g.Nodes[0].Outputs = []string{"centred", "more"} }, ErrFormat, "has 2 outputs"},
	} {
		t.Run(name, func(t *testing.T) {
			m := stumpModel(t)
			c.change(m.Graph)
			_, err := Load(m)
			if !errors.Is(err, c.kind) || !contains(err, c.text) {
				t.Fatalf("got %v, want %v with %q", err, c.kind, c.text)
			}
		})
	}
}

// TestLoadRefusesTrees changes the trees of a valid ensemble.
func TestLoadRefusesTrees(t *testing.T) {
	for name, c := range map[string]struct {
		attr   string
		change func(*Attribute)
		text   string
	}{
		"child outside":       {"nodes_truenodeids", func(a *Attribute) { a.Ints[0] = 7 }, "child 7 that does not exist"},
		"negative child":      {"nodes_truenodeids", func(a *Attribute) { a.Ints[0] = -1 }, "child -1 that does not exist"},
		"cycle":               {"nodes_truenodeids", func(a *Attribute) { a.Ints[0] = 0 }, "reached twice"},
		"shared child":        {"nodes_truenodeids", func(a *Attribute) { a.Ints[0] = 2 }, "reached twice"},
		"negative feature":    {"nodes_featureids", func(a *Attribute) { a.Ints[0] = -2 }, "feature number -2"},
		"huge feature":        {"nodes_featureids", func(a *Attribute) { a.Ints[0] = 1 << 40 }, "feature number"},
		"unknown mode":        {"nodes_modes", func(a *Attribute) { a.Strings[0] = []byte("BRANCH_X") }, `mode "BRANCH_X"`},
		"unreachable":         {"nodes_modes", func(a *Attribute) { a.Strings[0] = []byte("LEAF") }, "without class weights"},
		"ids twice":           {"nodes_nodeids", func(a *Attribute) { a.Ints[1] = 2 }, "node 2 is there twice"},
		"tree scattered":      {"nodes_treeids", func(a *Attribute) { a.Ints[1] = 5 }, "child 1 that does not exist"},
		"class outside":       {"class_ids", func(a *Attribute) { a.Ints[0] = 3 }, "class id 3 of 3 classes"},
		"weights for nothing": {"class_nodeids", func(a *Attribute) { a.Ints[0] = 0 }, "without class weights"},
		"lengths":             {"nodes_falsenodeids", func(a *Attribute) { a.Ints = a.Ints[:3] }, "nodes_falsenodeids has 3 entries"},
		"transform":           {"post_transform", func(a *Attribute) { a.S = []byte("MAGIC") }, `post_transform "MAGIC"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := stumpModel(t)
			for _, n := range m.Graph.Nodes {
				for _, a := range n.Attributes {
					if a.Name == c.attr {
						c.change(a)
					}
				}
			}
			if _, err := Load(m); !contains(err, c.text) || !contains(err, "TreeEnsembleClassifier") {
				t.Fatalf("got %v, want %q", err, c.text)
			}
		})
	}
}

// stumpForest has two trees of one split each on two features.
func stumpForest() *Forest {
	stump := Tree{
		Left: []int{1, -1, -1}, Right: []int{2, -1, -1}, Feature: []int{1, -2, -2},
		Threshold: []float64{0.25, -2, -2}, Values: []float64{0.5, 0.5, 1, 0, 0.25, 0.75},
	}
	return &Forest{
		Mean: []float64{1, 2}, Scale: []float64{2, 4}, Trees: []Tree{stump, stump}, IntClasses: []int64{3, 8},
	}
}

func stumpModel(t testing.TB) *Model {
	t.Helper()
	m, err := stumpForest().Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRunRefuses states that a wrong input is an error, not a panic.
func TestRunRefuses(t *testing.T) {
	s, err := Load(stumpModel(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   []*Tensor
		text string
	}{
		"none":         {nil, "0 inputs given"},
		"nil":          {[]*Tensor{nil}, "no tensor"},
		"type":         {[]*Tensor{NewFloats([]float32{1, 2}, 1, 2)}, "FLOAT, the model takes DOUBLE"},
		"columns":      {[]*Tensor{NewDoubles(make([]float64, 3), 1, 3)}, "does not fit the declared [-1 2]"},
		"rank":         {[]*Tensor{NewDoubles(make([]float64, 2), 2)}, "does not fit"},
		"short":        {[]*Tensor{NewDoubles(make([]float64, 3), 2, 2)}, "do not fill"},
		"negative dim": {[]*Tensor{NewDoubles(nil, -1, 2)}, "negative"},
	} {
		if _, err := s.NewRunner().Run(c.in...); !contains(err, c.text) {
			t.Errorf("%s: got %v, want %q", name, err, c.text)
		}
	}
	out, err := s.NewRunner().Run(NewDoubles(nil, 0, 2))
	if err != nil || out[0].Len() != 0 {
		t.Errorf("no rows: %v, %v", out, err)
	}
}

func contains(err error, text string) bool {
	return err != nil && strings.Contains(err.Error(), text)
}
