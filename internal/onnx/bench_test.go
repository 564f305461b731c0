package onnx

import (
	"encoding/json"
	"testing"
)

// benchForest is shared by the benchmarks: 500 trees on the wine data, trained by scikit-learn.
func benchForest(b *testing.B) (*sklearn, string, *Session) {
	b.Helper()
	s := trainSklearn(b, "train", "500-int-scaled")[0]
	path, session := s.save(b)
	return s, path, session
}

// BenchmarkAgainstOnnxruntime reports, in one run, how long onnxruntime takes as a multiple of this evaluator: for one
// row a call, and for a batch of 4,096 rows on one thread and on all.
func BenchmarkAgainstOnnxruntime(b *testing.B) {
	s, path, session := benchForest(b)
	var theirs struct {
		RowOne   float64 `json:"row_one"`
		RowAll   float64 `json:"row_all"`
		BatchOne float64 `json:"batch_one"`
		BatchAll float64 `json:"batch_all"`
	}
	if err := json.Unmarshal(python(b, "forest.py", "time", path), &theirs); err != nil {
		b.Fatal(err)
	}
	run := session.NewRunner()
	b.Run("row", func(b *testing.B) {
		b.ReportAllocs()
		x := NewDoubles(nil, 1, 4)
		for i := 0; b.Loop(); i++ {
			at := i % 512 * 4
			x.F64 = s.rows[at : at+4]
			if _, err := run.Run(x); err != nil {
				b.Fatal(err)
			}
		}
		ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		b.ReportMetric(theirs.RowOne/ns, "x-ort-1thread")
		b.ReportMetric(theirs.RowAll/ns, "x-ort")
	})
	b.Run("batch", func(b *testing.B) {
		x := NewDoubles(s.rows[:4096*4], 4096, 4)
		for b.Loop() {
			if _, err := run.Run(x); err != nil {
				b.Fatal(err)
			}
		}
		ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / 4096
		b.ReportMetric(ns, "ns/row")
		b.ReportMetric(theirs.BatchAll/ns, "x-ort")
	})
}
