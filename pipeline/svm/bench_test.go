package svm

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// wineRows are four standardised columns of the red wine table, every fourth row left out for the test.
func wineRows(b *testing.B) (x Matrix, y []int, test Matrix) {
	b.Helper()
	file, err := os.Open("../../internal/wine/winequality-red.csv")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	x.Cols, test.Cols = 4, 4
	for i, record := range records[1:] {
		to := &x
		if i%4 == 3 {
			to = &test
		} else {
			quality, err := strconv.Atoi(record[11])
			if err != nil {
				b.Fatal(err)
			}
			y = append(y, quality)
		}
		for _, c := range []struct {
			column      int
			mean, scale float64
		}{{1, 0.53, 0.18}, {2, 0.27, 0.19}, {9, 0.66, 0.17}, {10, 10.4, 1.07}} {
			v, err := strconv.ParseFloat(record[c.column], 64)
			if err != nil || math.IsNaN(v) {
				b.Fatal(err)
			}
			to.Data = append(to.Data, (v-c.mean)/c.scale)
		}
		to.Rows++
	}
	return x, y, test
}

func BenchmarkSVC(b *testing.B) {
	x, y, test := wineRows(b)
	m, err := FitSVC(b.Context(), x, y, DefaultParams())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("fit", func(b *testing.B) {
		for b.Loop() {
			if _, err := FitSVC(b.Context(), x, y, DefaultParams()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("predict", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Predict(b.Context(), test); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLinear(b *testing.B) {
	x, y, _ := wineRows(b)
	for b.Loop() {
		if _, err := FitLinear(b.Context(), x, y, DefaultLinearParams()); err != nil {
			b.Fatal(err)
		}
	}
}
