package pipeline

import (
	"fmt"
	"io"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/pipeline/forest"
)

// counting counts the bytes that are written.
type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }

var _ io.Writer = (*counting)(nil)

// BenchmarkSkops writes forests on the wine data: time, and the size of the file.
//
//	go test ./pipeline -run=NONE -bench=Skops -benchmem
func BenchmarkSkops(b *testing.B) {
	data, err := LoadTable(b.Context(), "embedded:", dataset.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	split, err := RedWine().Prepare(data.Table)
	if err != nil {
		b.Fatal(err)
	}
	p := forest.DefaultParams()
	p.NEstimators = 2000
	model, err := forest.Fit(b.Context(), split.TrainX, split.TrainY, p)
	if err != nil {
		b.Fatal(err)
	}
	for _, trees := range []int{100, 500, 2000} {
		b.Run(fmt.Sprintf("trees=%d", trees), func(b *testing.B) {
			part, err := model.Prefix(trees)
			if err != nil {
				b.Fatal(err)
			}
			var out counting
			for b.Loop() {
				out.n = 0
				pipeline, err := split.Model(part).sklearn()
				if err != nil {
					b.Fatal(err)
				}
				if err := pipeline.Write(b.Context(), &out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.n)/(1<<20), "MiB")
		})
	}
}
