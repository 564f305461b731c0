package neighbors

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func line(n int) (Matrix, []int) {
	x, y := Matrix{Rows: n, Cols: 1}, make([]int, n)
	for i := range n {
		x.Data = append(x.Data, float64(i))
		y[i] = i / 10
	}
	return x, y
}

func TestRefuses(t *testing.T) {
	x, y := line(40)
	m, err := Fit(x, y, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	fit := func(x Matrix, y []int, p Params) error { _, err := Fit(x, y, p); return err }
	predict := func(x Matrix) error { _, err := m.Predict(t.Context(), x); return err }
	for says, err := range map[string]error{
		"39 labels":        fit(x, y[1:], DefaultParams()),
		"n_neighbors is 0": fit(x, y, Params{LeafSize: 30}),
		"the 40 rows":      fit(x, y, Params{NNeighbors: 41, LeafSize: 30}),
		"leaf_size":        fit(x, y, Params{NNeighbors: 5}),
		"row 0, column 1":  fit(Matrix{Data: []float64{1, math.Inf(1)}, Rows: 1, Cols: 2}, []int{0}, DefaultParams()),
		"for a matrix of":  fit(Matrix{Data: x.Data, Rows: 3, Cols: 2}, y, DefaultParams()),
		"for a model of 1": predict(Matrix{Data: []float64{1, 2}, Rows: 1, Cols: 2}),
		"finite":           predict(Matrix{Data: []float64{math.NaN()}, Rows: 1, Cols: 1}),
	} {
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an ErrInput that says %q", err, says)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Predict(ctx, x); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: %v", err)
	}
}

func ExampleFit() {
	x := Matrix{Data: []float64{1, 2, 3, 10, 11, 12}, Rows: 6, Cols: 1}
	model, err := Fit(x, []int{0, 0, 0, 1, 1, 1}, Params{NNeighbors: 3, LeafSize: 30})
	if err != nil {
		fmt.Println(err)
		return
	}
	shares, err := model.PredictProba(context.Background(), Matrix{Data: []float64{2.5, 6.4}, Rows: 2, Cols: 1})
	fmt.Println(shares.Data, err)
	// Output: [1 0 0.6666666666666666 0.3333333333333333] <nil>
}
