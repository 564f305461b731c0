package onnx

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// sameCompact reads a compact model, which must give these outputs to the last bit.
func sameCompact(t *testing.T, data []byte, in *Tensor, want []*Tensor) {
	t.Helper()
	_, s, err := LoadCompact(data)
	if err != nil {
		t.Fatal(err)
	}
	if again, ok := s.Compact(); !ok || !bytes.Equal(again, data) {
		t.Error("the compact model changes when it is read")
	}
	got, err := s.NewRunner().Run(in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		sameTensor(t, got[i], want[i], func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
	}
}

// TestCompactModel: a model of trees is the same after its compact form, and only [LoadCompact] takes that.
func TestCompactModel(t *testing.T) {
	f := &Forest{Mean: []float64{1, 2}, Scale: []float64{2, 3}, IntClasses: []int64{3, 5, 8}}
	rng := rand.New(rand.NewPCG(11, 12))
	for range 40 {
		tree := Tree{}
		for i := range 63 {
			left, right, feature := 2*i+1, 2*i+2, rng.IntN(2)
			if i >= 31 {
				left, right, feature = -1, -1, -2
			}
			p := float64(rng.IntN(3)) / 2
			tree.Left, tree.Right, tree.Feature = append(tree.Left, left), append(tree.Right, right), append(tree.Feature, feature)
			tree.Threshold, tree.Values = append(tree.Threshold, rng.NormFloat64()), append(tree.Values, p, (1-p)/2, (1-p)/2)
		}
		f.Trees = append(f.Trees, tree)
	}
	m, err := f.Model()
	if err != nil {
		t.Fatal(err)
	}
	s := load(t, m.Encode())
	data, ok := s.Compact()
	if !ok {
		t.Fatal("it has no compact form")
	}
	if whole := len(m.Encode()); len(data) > whole/2 {
		t.Errorf("%d bytes, and the file %d", len(data), whole)
	}
	x := NewDoubles(make([]float64, 400), 200, 2)
	for i := range x.F64 {
		x.F64[i] = rng.NormFloat64()*3 + 1
	}
	x.F64[7] = math.NaN()
	out, err := s.NewRunner().Run(x)
	if err != nil {
		t.Fatal(err)
	}
	sameCompact(t, data, x, out)
	compacted, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(compacted); !errors.Is(err, ErrUnsupported) {
		t.Errorf("Load of a compact model: %v", err)
	}
	for _, n := range compacted.Graph.Nodes {
		for _, a := range n.Attributes {
			if a.Name == compactTrees {
				a.S[0]++ // another version
			}
		}
	}
	if _, _, err := LoadCompact(compacted.Encode()); !errors.Is(err, ErrFormat) {
		t.Errorf("a compact model of another version: %v", err)
	}
	var unlisted ensemble
	for _, st := range s.steps {
		if k, ok := st.kernel.(*trees); ok {
			unlisted = *k.ensemble
		}
	}
	unlisted.listed = nil
	if _, _, err := readCompactTrees(compact(&unlisted, unlisted.ranked), unlisted.columns); !errors.Is(err, ErrFormat) {
		t.Errorf("compact trees whose leaves list no class: %v", err)
	}
	if _, ok := load(t, operatorsModel().Encode()).Compact(); ok {
		t.Error("a model without trees has a compact form")
	}
}
