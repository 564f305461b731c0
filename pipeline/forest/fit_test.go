package forest_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlopsgo/pipeline/forest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFitRefusesBadData(t *testing.T) {
	good, labels := sample(10, 2, 2)
	with := func(i int, v float64) forest.Matrix {
		m := good
		m.Data = slices.Clone(good.Data)
		m.Data[i] = v
		return m
	}
	cases := map[string]struct {
		x forest.Matrix
		y []int
	}{
		"no rows":         {forest.Matrix{Cols: 2}, nil},
		"no columns":      {forest.Matrix{Rows: 10}, labels},
		"too few values":  {forest.Matrix{Data: good.Data[:19], Rows: 10, Cols: 2}, labels},
		"negative shape":  {forest.Matrix{Data: good.Data, Rows: -10, Cols: -2}, labels},
		"huge shape":      {forest.Matrix{Data: nil, Rows: math.MaxInt / 2, Cols: 4}, labels},
		"too few labels":  {good, labels[:9]},
		"too many labels": {good, append(slices.Clone(labels), 1)},
		"NaN":             {with(3, math.NaN()), labels},
		"infinity":        {with(19, math.Inf(-1)), labels},
		"above float32":   {with(0, 1e39), labels},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, err := forest.Fit(t.Context(), c.x, c.y, forest.DefaultParams())
			if f != nil || !errors.Is(err, forest.ErrInput) {
				t.Errorf("Fit = %v, %v, want ErrInput", f, err)
			}
		})
	}
}

func TestFitRefusesClassWeightsThatDoNotFit(t *testing.T) {
	x, y := sample(30, 2, 2)
	for name, weights := range map[string]map[int]float64{
		"unknown class": {3: 1, 9: 2},
		"all zero":      {3: 0, 4: 0},
	} {
		p := forest.DefaultParams()
		p.ClassWeights = weights
		if _, err := forest.Fit(t.Context(), x, y, p); !errors.Is(err, forest.ErrParams) {
			t.Errorf("%s: %v, want ErrParams", name, err)
		}
	}
}

func TestFitStopsWhenCancelled(t *testing.T) {
	x, y := sample(20000, 10, 4)
	p := forest.DefaultParams()
	p.NEstimators = 1 << 20
	ctx, cancel := context.WithCancel(t.Context())
	var cancelled time.Time
	first := true
	report := func(int, int) {
		if first {
			first, cancelled = false, time.Now()
			cancel()
		}
	}
	f, err := forest.Fit(ctx, x, y, p, forest.WithProgress(report))
	if f != nil || !errors.Is(err, context.Canceled) {
		t.Fatalf("Fit = %v, %v, want context.Canceled", f, err)
	}
	if took := time.Since(cancelled); took > 2*time.Second {
		t.Errorf("Fit went on for %v", took)
	}
	if _, err := forest.Fit(ctx, x, y, p); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit with a dead context: %v", err)
	}
}

func TestProgressCountsTrees(t *testing.T) {
	x, y := sample(60, 3, 2)
	var seen []int
	var inside atomic.Int32
	p := forest.DefaultParams()
	p.NEstimators, p.NJobs = 40, 4
	_, err := forest.Fit(t.Context(), x, y, p, forest.WithProgress(func(done, total int) {
		if inside.Add(1) != 1 || total != 40 {
			t.Errorf("progress(%d, %d) overlaps or has the wrong total", done, total)
		}
		seen = append(seen, done)
		inside.Add(-1)
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, done := range seen {
		if done != i+1 {
			t.Fatalf("progress went %v", seen)
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d reports, want 40", len(seen))
	}
}

func TestNumberOfJobsChangesNothing(t *testing.T) {
	x, y := sample(300, 5, 3)
	one := fit(t, x, y, func(p *forest.Params) { p.NJobs, p.OOBScore = 1, true })
	many := fit(t, x, y, func(p *forest.Params) { p.NJobs, p.OOBScore = 7, true })
	equalForests(t, one, many)
	a, _ := one.OOBScore()
	b, _ := many.OOBScore()
	if a != b {
		t.Errorf("out-of-bag scores %v and %v", a, b)
	}
}

func TestGrowAndPrefix(t *testing.T) {
	x, y := sample(200, 4, 3)
	full := fit(t, x, y, nil)
	grown := fit(t, x, y, func(p *forest.Params) { p.NEstimators = 4 })
	before, err := grown.Prefix(4)
	if err != nil {
		t.Fatal(err)
	}
	if err := grown.Grow(t.Context(), 15); err != nil {
		t.Fatal(err)
	}
	equalForests(t, full, grown)
	prefix, err := full.Prefix(4)
	if err != nil {
		t.Fatal(err)
	}
	equalForests(t, before, prefix)
	if prefix.Params().NEstimators != 4 {
		t.Errorf("a prefix of %d trees says it has %d", 4, prefix.Params().NEstimators)
	}
	if err := grown.Grow(t.Context(), 3); !errors.Is(err, forest.ErrParams) {
		t.Errorf("growing to fewer trees: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := grown.Grow(ctx, 30); !errors.Is(err, context.Canceled) || grown.NEstimators() != 15 {
		t.Errorf("cancelled Grow: %v, %d trees", err, grown.NEstimators())
	}
	for _, k := range []int{-1, 0, 16} {
		if _, err := full.Prefix(k); !errors.Is(err, forest.ErrParams) {
			t.Errorf("Prefix(%d): %v", k, err)
		}
	}
}

func TestOneClassGivesSingleLeaves(t *testing.T) {
	x, _ := sample(20, 3, 2)
	y := make([]int, 20)
	f := fit(t, x, y, nil)
	for i, tree := range f.Trees() {
		if tree.Nodes() != 1 || tree.Leaves() != 1 || tree.MaxDepth != 0 {
			t.Errorf("tree %d has %d nodes", i, tree.Nodes())
		}
	}
	if sum := f.FeatureImportances(); !slices.Equal(sum, []float64{0, 0, 0}) {
		t.Errorf("importances %v", sum)
	}
}

func TestOutOfBagScoreNeedsAsking(t *testing.T) {
	x, y := sample(50, 3, 2)
	f := fit(t, x, y, nil)
	if _, err := f.OOBScore(); err == nil {
		t.Error("an out-of-bag score nobody asked for")
	}
	if _, err := f.OOBDecisionFunction(); err == nil {
		t.Error("an out-of-bag decision function nobody asked for")
	}
}

// equalForests compares all trees.
func equalForests(t *testing.T, a, b *forest.Classifier) {
	t.Helper()
	if a.NEstimators() != b.NEstimators() || !slices.Equal(a.Classes(), b.Classes()) {
		t.Fatalf("%d and %d trees, classes %v and %v", a.NEstimators(), b.NEstimators(), a.Classes(), b.Classes())
	}
	for i, tree := range a.Trees() {
		if diff := treeDifference(tree, b.Tree(i)); diff != "" {
			t.Fatalf("tree %d: %s differs", i, diff)
		}
	}
}

func treeDifference(a, b *forest.Tree) string {
	switch {
	case !slices.Equal(a.Left, b.Left) || !slices.Equal(a.Right, b.Right):
		return "structure"
	case !slices.Equal(a.Feature, b.Feature) || !slices.Equal(a.Threshold, b.Threshold):
		return "split"
	case !slices.Equal(a.MissingGoToLeft, b.MissingGoToLeft):
		return "missing_go_to_left"
	case !slices.Equal(a.NodeSamples, b.NodeSamples) || !slices.Equal(a.WeightedNodeSamples, b.WeightedNodeSamples):
		return "number of samples"
	case !slices.Equal(a.Values, b.Values) || !slices.Equal(a.Impurity, b.Impurity):
		return "values"
	case a.MaxDepth != b.MaxDepth || a.Classes != b.Classes:
		return "depth or classes"
	}
	return ""
}
