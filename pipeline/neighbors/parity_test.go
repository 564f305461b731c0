package neighbors

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"

	"mlopsgo/internal/stack"
)

// fitted is a set of testdata/parity.py, with what scikit-learn makes of it.
type fitted struct {
	Name   string
	Params struct {
		NNeighbors int `json:"n_neighbors"`
		LeafSize   int `json:"leaf_size"`
	}
	X         []float64
	Cols      int
	Y         []int
	Test      []float64
	Labels    []int
	Proba     []float64
	Neighbors [][]int
	Order     []int // nil without a tree
	Radius    []float64
	Bounds    []float64
}

// TestScikitLearnFindsTheSame compares trees, neighbours, probabilities and labels, all of them exactly.
func TestScikitLearnFindsTheSame(t *testing.T) {
	command := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), "testdata/parity.py", "../../internal/wine/winequality-red.csv")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var sets []fitted
	if err := json.Unmarshal(output, &sets); err != nil || len(sets) == 0 {
		t.Fatalf("%d sets: %v", len(sets), err)
	}
	for _, want := range sets {
		t.Run(fmt.Sprint(want.Name, want.Params), func(t *testing.T) { same(t, &want) })
	}
}

func same(t *testing.T, want *fitted) {
	p := DefaultParams()
	if want.Params.NNeighbors != 0 {
		p.NNeighbors = want.Params.NNeighbors
	}
	if want.Params.LeafSize != 0 {
		p.LeafSize = want.Params.LeafSize
	}
	m, err := Fit(Matrix{Data: want.X, Rows: len(want.Y), Cols: want.Cols}, want.Y, p)
	if err != nil {
		t.Fatal(err)
	}
	if (m.Tree() == nil) != (want.Order == nil) {
		t.Fatalf("tree %v, scikit-learn's order %v", m.Tree() != nil, want.Order != nil)
	}
	if tree := m.Tree(); tree != nil {
		sameTree(t, tree, want)
	}
	test := Matrix{Data: want.Test, Rows: len(want.Labels), Cols: want.Cols}
	found, err := m.Neighbors(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	different := 0
	for r := range found {
		slices.Sort(found[r])
		if !slices.Equal(found[r], want.Neighbors[r]) {
			different++
		}
	}
	proba, err := m.PredictProba(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	labels, err := m.Predict(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	if different > 0 || !slices.Equal(proba.Data, want.Proba) || !slices.Equal(labels, want.Labels) {
		t.Errorf("%d of %d rows have other neighbours; probabilities equal: %v; labels equal: %v",
			different, test.Rows, slices.Equal(proba.Data, want.Proba), slices.Equal(labels, want.Labels))
	}
}

func sameTree(t *testing.T, tree *Tree, want *fitted) {
	if !slices.Equal(tree.Order, want.Order) {
		t.Error("the tree has its rows in another order")
	}
	if !slices.Equal(slices.Concat(tree.Lower, tree.Upper), want.Bounds) {
		t.Error("the tree has other bounds")
	}
	for i, node := range tree.Nodes {
		// The radius plays no part in the search; a power in C may be off by its last bit.
		if math.Abs(node.Radius-want.Radius[i]) > 1e-15*want.Radius[i] {
			t.Errorf("node %d has radius %v, want %v", i, node.Radius, want.Radius[i])
		}
	}
}
