package forest_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"mlopsgo/pipeline/forest"
)

func TestPredictRowAgreesWithPredictProba(t *testing.T) {
	x, y := sample(333, 5, 4)
	f := fit(t, x, y, nil)
	proba, err := f.PredictProba(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	labels, err := f.Predict(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float64, 4)
	for r := range x.Rows {
		label, err := f.PredictRow(x.Row(r), row)
		if err != nil {
			t.Fatal(err)
		}
		if label != labels[r] || !slices.Equal(row, proba.Row(r)) {
			t.Fatalf("row %d: %d %v, want %d %v", r, label, row, labels[r], proba.Row(r))
		}
	}
}

// TestPredictFollowsTheTrees walks Tree's arrays as a reader of them would.
func TestPredictFollowsTheTrees(t *testing.T) {
	x, y := sample(100, 4, 3)
	f := fit(t, x, y, func(p *forest.Params) { p.MaxLeafNodes = 20 })
	proba, err := f.PredictProba(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	for r := range x.Rows {
		sums := make([]float64, 3)
		for _, tree := range f.Trees() {
			id := 0
			for tree.Left[id] >= 0 {
				if float64(float32(x.Row(r)[tree.Feature[id]])) <= tree.Threshold[id] {
					id = int(tree.Left[id])
				} else {
					id = int(tree.Right[id])
				}
			}
			for k, v := range tree.Value(id) {
				sums[k] += v
			}
		}
		for k := range sums {
			if sums[k]/15 != proba.Row(r)[k] {
				t.Fatalf("row %d: %v, want %v", r, proba.Row(r), sums)
			}
		}
	}
}

func TestPredictRefusesBadInput(t *testing.T) {
	x, y := sample(50, 3, 2)
	f := fit(t, x, y, nil)
	nan := forest.Matrix{Data: []float64{1, 2, math.NaN()}, Rows: 1, Cols: 3}
	for name, m := range map[string]forest.Matrix{
		"columns": {Data: make([]float64, 8), Rows: 2, Cols: 4},
		"shape":   {Data: make([]float64, 8), Rows: 3, Cols: 3},
		"NaN":     nan,
	} {
		if _, err := f.Predict(t.Context(), m); !errors.Is(err, forest.ErrInput) {
			t.Errorf("Predict, %s: %v, want ErrInput", name, err)
		}
		for k, labels := range f.StagedPredict(t.Context(), m) {
			if k != 0 || labels != nil {
				t.Errorf("StagedPredict, %s: yields %d, %v", name, k, labels)
			}
		}
	}
	two := make([]float64, 2)
	for name, row := range map[string][]float64{"short": {1, 2}, "NaN": nan.Data, "long": {1, 2, 3, 4}} {
		if _, err := f.PredictRow(row, two); !errors.Is(err, forest.ErrInput) {
			t.Errorf("PredictRow, %s: %v, want ErrInput", name, err)
		}
	}
	if _, err := f.PredictRow(x.Row(0), two[:1]); !errors.Is(err, forest.ErrInput) {
		t.Errorf("PredictRow, little room: %v, want ErrInput", err)
	}
}

func TestPredictOfNoRows(t *testing.T) {
	x, y := sample(50, 3, 2)
	labels, err := fit(t, x, y, nil).Predict(t.Context(), forest.Matrix{Cols: 3})
	if err != nil || len(labels) != 0 {
		t.Errorf("%v, %v", labels, err)
	}
}

func TestPredictStopsWhenCancelled(t *testing.T) {
	x, y := sample(50, 3, 2)
	f := fit(t, x, y, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.PredictProba(ctx, x); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	for k := range f.StagedPredict(ctx, x) {
		if k != 0 {
			t.Errorf("StagedPredict went on to %d", k)
		}
	}
}

func TestStagedPredictIsEveryPrefix(t *testing.T) {
	x, y := sample(120, 4, 3)
	f := fit(t, x, y, nil)
	last := 0
	for k, got := range f.StagedPredict(t.Context(), x) {
		prefix, err := f.Prefix(k)
		if err != nil {
			t.Fatal(err)
		}
		want, err := prefix.Predict(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("stage %d differs from the prefix", k)
		}
		last = k
	}
	if last != 15 {
		t.Errorf("the last stage is %d", last)
	}
	for k := range f.StagedPredict(t.Context(), x) {
		if k == 3 {
			break
		}
	}
}

func TestRowsDoNotAllocate(t *testing.T) {
	x, y := sample(100, 4, 3)
	f := fit(t, x, y, nil)
	scaler, err := forest.FitStandardScaler(x)
	if err != nil {
		t.Fatal(err)
	}
	row, proba := make([]float64, 4), make([]float64, 3)
	allocs := testing.AllocsPerRun(100, func() {
		if err := scaler.TransformRow(row, x.Row(7)); err != nil {
			t.Error(err)
		}
		if _, err := f.PredictRow(row, proba); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a row", allocs)
	}
}

func TestPredictAtIsEveryPrefix(t *testing.T) {
	x, y := sample(700, 4, 3) // more than a block of rows
	f := fit(t, x, y, nil)
	sizes := []int{1, 2, 7, 15}
	got, err := f.PredictAt(t.Context(), x, sizes...)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		prefix, err := f.Prefix(size)
		if err != nil {
			t.Fatal(err)
		}
		want, err := prefix.Predict(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[i], want) {
			t.Errorf("the first %d trees predict otherwise", size)
		}
	}
	if got, err := f.PredictAt(t.Context(), x); err != nil || len(got) != 0 {
		t.Errorf("no sizes: %v, %v", got, err)
	}
	for _, wrong := range [][]int{{0}, {16}, {2, 1}, {3, 3}} {
		if _, err := f.PredictAt(t.Context(), x, wrong...); !errors.Is(err, forest.ErrParams) {
			t.Errorf("sizes %v: error %v, want ErrParams", wrong, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.PredictAt(ctx, x, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
