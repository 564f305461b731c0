package onnx

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func writeFile(tb testing.TB, path string, data []byte) {
	tb.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// FuzzDecode: no input panics, and what was read is read again the same from what Encode makes of it.
func FuzzDecode(f *testing.F) {
	f.Add(everything().Encode())
	f.Add(stumpModel(f).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		once := m.Encode()
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("its own encoding is refused: %v", err)
		}
		if !bytes.Equal(again.Encode(), once) {
			t.Fatal("the second encoding differs")
		}
	})
}

// FuzzLoad: no model panics, neither when it is loaded nor when it is run on rows of the declared shape.
func FuzzLoad(f *testing.F) {
	f.Add(stumpModel(f).Encode(), 0.5)
	f.Add(operatorsModel().Encode(), math.NaN())
	f.Add(treesV5Model().Encode(), 0.5)
	f.Add(scanModel().Encode(), 1.5)
	f.Add(classifiersModel().Encode(), -0.5)
	f.Fuzz(func(_ *testing.T, data []byte, x float64) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		s, err := Load(m)
		if err != nil {
			return
		}
		var inputs []*Tensor
		for _, p := range s.Inputs() {
			in, ok := filled(p, x)
			if !ok {
				return
			}
			inputs = append(inputs, in)
		}
		r := s.NewRunner()
		for range 2 {
			if _, err := r.Run(inputs...); err != nil {
				return
			}
		}
	})
}

// operatorsModel uses every operator that the forest's model does not.
func operatorsModel() *Model {
	floats := func(name string, v ...float32) *Attribute { return &Attribute{Name: name, Type: AttrFloats, Floats: v} }
	g := &Graph{
		Inputs:  []*ValueInfo{{Name: "x", Type: TensorType(Float, -1, 2)}},
		Outputs: []*ValueInfo{{Name: "zip"}, {Name: "arg"}, {Name: "flat"}, {Name: "sum"}, {Name: "same"}},
	}
	g.constant("index", NewInts([]int64{1, 0}))
	g.constant("shape", NewInts([]int64{0, -1, 1}))
	g.constant("axes", NewInts([]int64{-1}))
	g.node("Concat", []string{"x", "x"}, []string{"wide"}, intAttr("axis", 1))
	g.node("Reshape", []string{"wide", "shape"}, []string{"deep"})
	g.node("Squeeze", []string{"deep", "axes"}, []string{"flat"})
	g.node("ArgMax", []string{"flat"}, []string{"arg"}, intAttr("axis", -1), intAttr("keepdims", 0))
	g.node("Constant", nil, []string{"c"}, &Attribute{Name: "value", Type: AttrTensor, T: NewFloats([]float32{2})})
	g.node("Scaler", []string{"x"}, []string{"scaled"}, floats("offset", 1), floats("scale", 0.5))
	g.node("Normalizer", []string{"scaled"}, []string{"unit"}, &Attribute{Name: "norm", Type: AttrString, S: []byte("L2")})
	g.node("ArrayFeatureExtractor", []string{"unit", "index"}, []string{"picked"})
	g.node("ZipMap", []string{"picked"}, []string{"zip"}, intsAttr("classlabels_int64s", []int64{1, 2}))
	g.node("Add", []string{"x", "c"}, []string{"more"})
	g.node("Mul", []string{"more", "x"}, []string{"sum"})
	g.node("Identity", []string{"sum"}, []string{"same"})
	for _, n := range g.Nodes {
		if mlOperator(n.OpType) != nil {
			n.Domain = "ai.onnx.ml"
		}
	}
	return &Model{IRVersion: 8, OpsetImports: []OpsetID{{"", 15}, {"ai.onnx.ml", 1}}, Graph: g}
}

// TestOperatorsModel keeps the seed of FuzzLoad a model that runs.
func TestOperatorsModel(t *testing.T) {
	s := load(t, operatorsModel().Encode())
	out, err := s.NewRunner().Run(NewFloats([]float32{1, 2, 3, 5}, 2, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got := out[3].F32; !slices.Equal(got, []float32{3, 8, 15, 35}) || out[0].MapKeys == nil || out[1].I64[1] != 1 {
		t.Fatalf("got %v, %v, %v", got, out[0], out[1])
	}
}

// filled makes a small tensor of the declared shape; false for shapes that are too large to try.
func filled(p Port, x float64) (*Tensor, bool) {
	t := &Tensor{}
	var dims []int64
	for _, d := range p.Dims {
		if d < 0 {
			d = 3
		}
		dims = append(dims, d)
	}
	if n, err := elements(dims); err != nil || n > 1<<12 {
		return nil, false
	}
	if err := t.resize(p.Type, dims); err != nil {
		return nil, false
	}
	for i := range t.F64 {
		t.F64[i] = x + float64(i)
	}
	for i := range t.F32 {
		t.F32[i] = float32(x)
	}
	for i := range t.I64 {
		t.I64[i] = int64(i)
	}
	return t, true
}

// FuzzWalks: every layout finds the leaf that the plain walk finds, for any tree and row.
func FuzzWalks(f *testing.F) {
	f.Add(uint64(1), 0.5)
	f.Add(uint64(2), math.Inf(1))
	f.Add(uint64(3), math.Copysign(0, -1))
	f.Fuzz(func(t *testing.T, seed uint64, special float64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		e := randomEnsemble(rng, special)
		rows := make([][]float64, 20)
		for i := range rows {
			rows[i] = []float64{someValue(rng, special), someValue(rng, special), someValue(rng, special)}
		}
		for _, w := range layouts(e) {
			sameWalks(t, e, w, rows)
		}
	})
}

// layouts are those that the trees fit into.
func layouts(e *ensemble) []walker {
	r := e.rank()
	if r == nil {
		return nil
	}
	if p := r.pack(len(e.leaves) / e.columns); p != nil {
		return []walker{r, p}
	}
	return []walker{r}
}

// sameWalks compares the leaves that rows, as many as a block at most, reach by a layout with those of the plain walk.
func sameWalks(t *testing.T, e *ensemble, w walker, rows [][]float64) {
	t.Helper()
	worker, first := &treeWorker{}, &treeWorker{}
	w.start(worker)
	w.start(first)
	known := rows[:0:0]
	for _, row := range rows {
		if w.rank(worker, len(known), row) {
			known = append(known, row)
		}
	}
	trees, reached := make([]uint32, len(e.roots)), make([]uint32, len(known))
	for i, row := range known {
		w.rank(first, 0, row)
		w.walkTrees(first, trees)
		for tree, root := range e.roots {
			if want := e.walk(root, row); trees[tree] != want {
				t.Fatalf("%T, row %v, tree %d: leaf %d, want %d", w, row, tree, trees[tree], want)
			}
			if w.walkRows(worker, tree, reached); reached[i] != trees[tree] {
				t.Fatalf("%T, row %v, tree %d: leaf %d in a block, %d alone", w, row, tree, reached[i], trees[tree])
			}
		}
	}
}

func someValue(rng *rand.Rand, special float64) float64 {
	switch rng.IntN(6) {
	case 0:
		return special
	case 1:
		return math.Nextafter(special, math.Inf(1))
	case 2:
		return math.Nextafter(special, math.Inf(-1))
	case 3:
		return math.Inf(1 - 2*rng.IntN(2))
	default:
		return float64(rng.IntN(5)) / 2
	}
}

// randomEnsemble makes trees whose leaves are numbered one after another.
func randomEnsemble(rng *rand.Rand, special float64) *ensemble {
	e := &ensemble{columns: 1, features: 3}
	for range 1 + rng.IntN(9) {
		root := uint32(len(e.nodes))
		e.roots = append(e.roots, root)
		e.nodes = append(e.nodes, treeNode{})
		for i := root; int(i) < len(e.nodes); i++ {
			n := &e.nodes[i]
			if rng.IntN(3) == 0 || len(e.nodes) > int(root)+40 {
				*n = treeNode{mode: leafNode, yes: uint32(len(e.leaves))}
				e.leaves = append(e.leaves, 1)
				continue
			}
			first := uint32(len(e.nodes))
			*n = treeNode{
				mode: branchLEQ + branchMode(rng.IntN(4)), feature: int32(rng.IntN(3)),
				value: someValue(rng, special), yes: first, no: first + 1,
			}
			e.nodes = append(e.nodes, treeNode{}, treeNode{})
		}
	}
	return e
}
