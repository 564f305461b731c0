package forest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"
)

// growAll grows the same trees with all splitters.
func growAll(t *testing.T, x Matrix, y []int, p Params) {
	t.Helper()
	d, err := newDataset(x, y)
	if err != nil {
		t.Fatal(err)
	}
	pl, err := newPlan(d, p)
	if err != nil {
		t.Fatal(err)
	}
	var stopped atomic.Bool
	choices := []splitterChoice{useLiteral, useRanked, usePresorted, useFastest}
	growers := make([]*grower, len(choices))
	for i, use := range choices {
		growers[i] = newGrower(pl, &stopped)
		growers[i].use = use
	}
	for i, seed := range treeSeeds(p.RandomState, p.NEstimators) {
		want := growers[0].grow(seed)
		for k, g := range growers[1:] {
			if got := g.grow(seed); !reflect.DeepEqual(got, want) {
				t.Fatalf("splitter %d: tree %d of %+v differs: %d nodes, want %d",
					choices[k+1], i, p, got.Nodes(), want.Nodes())
			}
		}
	}
}

// randomTask makes a data set with the given kinds of trouble and parameters to match.
func randomTask(r *rand.Rand) (Matrix, []int, Params) {
	rows, cols, classes := 2+r.IntN(1+r.IntN(3000)), 1+r.IntN(6), 1+r.IntN(1+r.IntN(9))
	x := Matrix{Data: make([]float64, rows*cols), Rows: rows, Cols: cols}
	y := make([]int, rows)
	scales := make([]float64, cols)
	rounding := make([]float64, cols)
	for c := range cols {
		scales[c] = []float64{1, 1, 100, 1e-6, 1e-7, 1e20}[r.IntN(6)]
		rounding[c] = []float64{0, 0, 1, 0.1, 0.01}[r.IntN(5)]
	}
	for i := range rows {
		y[i] = r.IntN(classes)
		for c := range cols {
			v := r.NormFloat64() + 0.5*float64(y[i]*(c%3))
			if step := rounding[c]; step != 0 {
				v = float64(int(v/step)) * step
			}
			x.Data[i*cols+c] = v * scales[c]
		}
	}
	p := DefaultParams()
	p.NEstimators, p.RandomState = 2, r.Uint32()
	p.Bootstrap = r.IntN(2) == 0
	p.MinSamplesLeaf = 1 + r.IntN(1+r.IntN(8))
	p.MaxFeatures = []MaxFeatures{MaxFeaturesSqrt, MaxFeaturesLog2, MaxFeaturesAll}[r.IntN(3)]
	if r.IntN(4) == 0 {
		p.MinWeightFractionLeaf = 0.02
	}
	if r.IntN(4) == 0 {
		p.MaxLeafNodes = 2 + r.IntN(100)
	}
	return x, y, p
}

func TestSplittersAgree(t *testing.T) {
	for i := range uint64(150) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			x, y, p := randomTask(rand.New(rand.NewPCG(i, 1)))
			growAll(t, x, y, p)
		})
	}
}
