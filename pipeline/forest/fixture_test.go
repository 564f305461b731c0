package forest_test

import (
	"math/rand/v2"
	"testing"

	"mlopsgo/pipeline/forest"
)

// sample makes rows of noise around a centre for each class; labels are 3, 4, 5 …
func sample(rows, cols, classes int) (forest.Matrix, []int) {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	x := forest.Matrix{Data: make([]float64, rows*cols), Rows: rows, Cols: cols}
	y := make([]int, rows)
	for i := range y {
		k := r.IntN(classes)
		y[i] = 3 + k
		for c := range cols {
			x.Data[i*cols+c] = r.NormFloat64() + float64((k*(c+1))%3)
		}
	}
	return x, y
}

// fit trains a small forest.
func fit(tb testing.TB, x forest.Matrix, y []int, change func(*forest.Params)) *forest.Classifier {
	tb.Helper()
	p := forest.DefaultParams()
	p.NEstimators = 15
	if change != nil {
		change(&p)
	}
	f, err := forest.Fit(tb.Context(), x, y, p)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}
