package forest_test

import (
	"bytes"
	"fmt"
	"testing"

	"mlopsgo/pipeline/forest"
)

// The sizes are like the red wine table (few features: presorted), like a wider one (ranked), and like one where
// sorting no longer pays (ranked, with a grid).
var sizes = []struct{ rows, cols, classes, trees int }{{1200, 4, 6, 50}, {1000, 20, 3, 20}, {30000, 20, 2, 2}}

func eachSize(b *testing.B, run func(b *testing.B, x forest.Matrix, y []int, p forest.Params)) {
	for _, s := range sizes {
		b.Run(fmt.Sprintf("%dx%d", s.rows, s.cols), func(b *testing.B) {
			x, y := sample(s.rows, s.cols, s.classes)
			p := forest.DefaultParams()
			p.NEstimators, p.NJobs = s.trees, 1
			run(b, x, y, p)
		})
	}
}

func BenchmarkFit(b *testing.B) {
	eachSize(b, func(b *testing.B, x forest.Matrix, y []int, p forest.Params) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := forest.Fit(b.Context(), x, y, p); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*p.NEstimators), "µs/tree")
	})
}

func BenchmarkPredict(b *testing.B) {
	eachSize(b, func(b *testing.B, x forest.Matrix, y []int, p forest.Params) {
		f := fit(b, x, y, func(q *forest.Params) { *q = p })
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.Predict(b.Context(), x); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*x.Rows*p.NEstimators), "ns/row/tree")
	})
}

func BenchmarkPredictRow(b *testing.B) {
	eachSize(b, func(b *testing.B, x forest.Matrix, y []int, p forest.Params) {
		f := fit(b, x, y, func(q *forest.Params) { *q = p })
		probabilities := make([]float64, len(f.Classes()))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := f.PredictRow(x.Row(i%x.Rows), probabilities); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSaveAndLoad(b *testing.B) {
	eachSize(b, func(b *testing.B, x forest.Matrix, y []int, p forest.Params) {
		saved := save(b, fit(b, x, y, func(q *forest.Params) { *q = p }))
		b.SetBytes(int64(len(saved)))
		for b.Loop() {
			if _, err := forest.Load(bytes.NewReader(saved)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
