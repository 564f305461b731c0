package outlier_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"mlopsgo/monitoring/outlier"
)

// FuzzFit feeds any bits as numbers: rows are refused, or every score is a number in [-1, 0).
func FuzzFit(f *testing.F) {
	bits := func(values ...float64) (raw []byte) {
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		return raw
	}
	f.Add(bits(1, 2, 3, 4, 5, 6), uint8(2), uint8(3), 0.1, uint64(1))
	f.Add(bits(-math.MaxFloat64, math.MaxFloat64, 0, 0), uint8(1), uint8(0), 0.0, uint64(2))
	f.Add(bits(1, 1, 1, 1, 1, math.NaN()), uint8(3), uint8(200), 0.5, uint64(3))
	f.Fuzz(func(t *testing.T, raw []byte, width, subsample uint8, contamination float64, seed uint64) {
		if width == 0 || len(raw) > 1<<13 {
			return
		}
		var rows [][]float64
		for row := []float64(nil); len(raw) >= 8; raw = raw[8:] {
			row = append(row, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
			if len(row) == int(width) || len(raw) < 16 { // the last row may be short
				rows, row = append(rows, row), nil
			}
		}
		model, err := outlier.Fit(rows, outlier.Config{Trees: 5, Subsample: int(subsample), Contamination: contamination, Seed: seed})
		if err != nil {
			if !errors.Is(err, outlier.ErrRows) && !errors.Is(err, outlier.ErrConfig) {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		scores, err := model.ScoreSamples(rows)
		if err != nil {
			t.Fatal(err)
		}
		for i, score := range scores {
			if !(score >= -1 && score < 0) {
				t.Fatalf("row %v has score %v", rows[i], score)
			}
		}
	})
}
