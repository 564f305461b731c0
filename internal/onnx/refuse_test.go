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

// TestLoadRefusesTreesV5 changes the one tree of a valid TreeEnsemble.
func TestLoadRefusesTreesV5(t *testing.T) {
	for name, c := range map[string]struct {
		attr   string
		change func(*Attribute)
		text   string
	}{
		"cycle":             {"nodes_falsenodeids", func(a *Attribute) { a.Ints[0] = 0 }, "branch 0 is reached twice"},
		"branch outside":    {"nodes_falsenodeids", func(a *Attribute) { a.Ints[0] = 9 }, "a branch 9 that does not exist"},
		"leaf outside":      {"nodes_truenodeids", func(a *Attribute) { a.Ints[0] = -1 }, "a leaf -1 that does not exist"},
		"no roots":          {"tree_roots", func(a *Attribute) { a.Ints = nil }, "no nodes"},
		"root outside":      {"tree_roots", func(a *Attribute) { a.Ints[0] = 2 }, "a branch 2 that does not exist"},
		"root twice":        {"tree_roots", func(a *Attribute) { a.Ints = []int64{0, 0} }, "reached twice"},
		"lengths":           {"nodes_featureids", func(a *Attribute) { a.Ints = a.Ints[:1] }, "nodes_featureids has 1 entries"},
		"member":            {"nodes_modes", func(a *Attribute) { a.T.Unknown[2] = 6 }, `mode "BRANCH_MEMBER"`},
		"unknown mode":      {"nodes_modes", func(a *Attribute) { a.T.Unknown[2] = 7 }, "branch 0 has mode 7"},
		"target outside":    {"leaf_targetids", func(a *Attribute) { a.Ints[0] = 5 }, "target id 5 of 2 targets"},
		"too many targets":  {"n_targets", func(a *Attribute) { a.I = 1 << 40 }, "1099511627776 targets"},
		"unknown aggregate": {"aggregate_function", func(a *Attribute) { a.I = 2 }, `aggregate_function "MIN"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := treesV5Model()
			for _, a := range m.Graph.Nodes[0].Attributes {
				if a.Name == c.attr {
					c.change(a)
				}
			}
			if _, err := Load(m); !contains(err, c.text) || !contains(err, "TreeEnsemble") {
				t.Fatalf("got %v, want %q", err, c.text)
			}
		})
	}
}

// TestLoadRefusesMoreCellsThanMemory: a small file does not get rows of gigabytes, of 65,536 targets for each leaf, which names one of
// them.
func TestLoadRefusesMoreCellsThanMemory(t *testing.T) {
	const trees = 1000 // of a branch and two leaves
	var first, second, roots, leaf, ids []int64
	var weights []float32
	for i := range int64(trees) {
		roots, first, second, leaf = append(roots, i), append(first, 2*i), append(second, 2*i+1), append(leaf, 1)
		ids, weights = append(ids, 0, 1), append(weights, float32(i), -float32(i))
	}
	m := treesV5Model()
	for _, a := range m.Graph.Nodes[0].Attributes {
		switch a.Name {
		case "tree_roots":
			a.Ints = roots
		case "nodes_featureids":
			a.Ints = make([]int64, trees)
		case "nodes_modes":
			a.T = &Tensor{Type: 2, Dims: []int64{trees}, Unknown: append([]byte{9<<3 | 2, 0xe8, 0x07}, make([]byte, trees)...)}
		case "nodes_splits":
			a.T = NewFloats(weights[:trees])
		case "nodes_truenodeids":
			a.Ints = first
		case "nodes_falsenodeids":
			a.Ints = second
		case "nodes_trueleafs", "nodes_falseleafs":
			a.Ints = leaf
		case "leaf_targetids":
			a.Ints = ids
		case "leaf_weights":
			a.T = NewFloats(weights)
		case "n_targets":
			a.I = 1 << 16
		}
	}
	if _, err := Load(m); !errors.Is(err, ErrUnsupported) || !contains(err, "2000 leaves of 65536 columns") {
		t.Errorf("got %v", err)
	}
}

// treesV5Model has one tree of two branches and three leaves.
func treesV5Model() *Model {
	tensor := func(name string, t *Tensor) *Attribute { return &Attribute{Name: name, Type: AttrTensor, T: t} }
	modes := &Tensor{Type: 2, Dims: []int64{2}, Unknown: []byte{9<<3 | 2, 2, 0, 3}} // raw_data of UINT8
	g := &Graph{
		Inputs:  []*ValueInfo{{Name: "x", Type: TensorType(Float, -1, 2)}},
		Outputs: []*ValueInfo{{Name: "y"}},
	}
	g.node("TreeEnsemble", []string{"x"}, []string{"y"},
		intsAttr("tree_roots", []int64{0}), intsAttr("nodes_featureids", []int64{0, 1}), tensor("nodes_modes", modes),
		tensor("nodes_splits", NewFloats([]float32{0.5, 1})),
		intsAttr("nodes_truenodeids", []int64{0, 1}), intsAttr("nodes_trueleafs", []int64{1, 1}),
		intsAttr("nodes_falsenodeids", []int64{1, 2}), intsAttr("nodes_falseleafs", []int64{0, 1}),
		intsAttr("leaf_targetids", []int64{0, 1, 1}), tensor("leaf_weights", NewFloats([]float32{1, 2, 3})),
		intAttr("n_targets", 2), intAttr("aggregate_function", 1))
	g.Nodes[0].Domain = "ai.onnx.ml"
	return &Model{IRVersion: 9, OpsetImports: []OpsetID{{"", 18}, {"ai.onnx.ml", 5}}, Graph: g}
}

// TestUnknownOperator states that the message names operator, domain and node, and says what to do.
func TestUnknownOperator(t *testing.T) {
	m := treesV5Model()
	m.Graph.Nodes[0].OpType, m.Graph.Nodes[0].Name = "SVMRegressor", "regression"
	_, err := Load(m)
	for _, text := range []string{`node 0 "regression"`, "operator SVMRegressor of domain ai.onnx.ml", "export it again"} {
		if !errors.Is(err, ErrUnsupported) || !contains(err, text) {
			t.Errorf("got %v, want %q", err, text)
		}
	}
}

// TestMemoryIsBounded runs a model of a few bytes that asks for gigabytes.
func TestMemoryIsBounded(t *testing.T) {
	g := &Graph{Inputs: []*ValueInfo{{Name: "x", Type: TensorType(Float, -1)}}, Outputs: []*ValueInfo{{Name: "y"}}}
	g.constant("shape", NewInts([]int64{1 << 27}))
	g.node("ConstantOfShape", []string{"shape"}, []string{"y"})
	s, err := Load(&Model{IRVersion: 9, OpsetImports: []OpsetID{{"", 18}}, Graph: g})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.NewRunner().Run(NewFloats([]float32{1})); !contains(err, "far more memory") {
		t.Fatalf("got %v", err)
	}
}
