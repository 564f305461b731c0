package forest_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"mlopsgo/pipeline/forest"
)

// TestParityOfEntropy allows for the last bit of a logarithm, and so for a few impurities and, where two splits are
// equally good, for another tree.
func TestParityOfEntropy(t *testing.T) {
	var cases []parityCase
	for i, data := range []string{"wine:0", "ten", "noise", "ties"} {
		p := forest.DefaultParams()
		p.NEstimators, p.Criterion, p.Bootstrap = 20, forest.Entropy, i%2 == 0
		if i == 1 {
			p.Criterion = forest.LogLoss
		}
		cases = append(cases, parityCase{Name: "entropy-" + data[:3], Data: data, params: p})
	}
	folder := trainInPython(t, cases)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { checkEntropy(t, c, folder) })
	}
}

func checkEntropy(t *testing.T, c parityCase, folder string) {
	t.Helper()
	data := openSections(t, filepath.Join(folder, c.Name+".data"))
	shape := data.ints()
	x := matrix(t, int(shape[1]), data.floats())
	f := train(t, c, x, toInts(data.ints()))
	want := openSections(t, filepath.Join(folder, c.Name+".forest"))
	same(t, "classes_", want.ints(), f.Classes())
	same(t, "random_state of the trees", want.ints(), f.TreeSeeds())
	others := 0
	for _, tree := range f.Trees() {
		theirs := readTree(want)
		if !slices.Equal(theirs.Left, tree.Left) || !slices.Equal(theirs.Feature, tree.Feature) ||
			!slices.Equal(theirs.Threshold, tree.Threshold) || !slices.Equal(theirs.Values, tree.Values) {
			others++
			continue
		}
		for i, v := range theirs.Impurity {
			if math.Abs(v-tree.Impurity[i]) > 1e-14*v {
				t.Fatalf("impurity of node %d is %v, scikit-learn has %v", i, tree.Impurity[i], v)
			}
		}
	}
	if others > 1 {
		t.Errorf("%d of %d trees are not scikit-learn's", others, f.NEstimators())
	}
}

// readTree reads a tree as train.py writes it.
func readTree(s *sections) *forest.Tree {
	tree := &forest.Tree{MaxDepth: int(s.ints()[0])}
	tree.Left, tree.Right, tree.Feature = toInt32s(s.ints()), toInt32s(s.ints()), toInt32s(s.ints())
	tree.Threshold, tree.Impurity = s.floats(), s.floats()
	tree.NodeSamples, tree.WeightedNodeSamples = toInt32s(s.ints()), s.floats()
	s.ints() // missing_go_to_left
	tree.Values = s.floats()
	return tree
}

func toInt32s(v []int64) []int32 {
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(x)
	}
	return out
}
