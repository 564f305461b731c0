package drift_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/drift"
)

// BenchmarkAgainstScipy measures a column, cleaned, sorted and scored, against bare scipy on the same values in the same run; Evidently
// itself takes ten times as long as that.
func BenchmarkAgainstScipy(b *testing.B) {
	sizes := []int{1000, 100_000, 1_000_000}
	m := newMaker(5)
	reference, current := m.normal(sizes[2], 0, 1), m.normal(sizes[2], 0.01, 1)
	seconds := timeScipy(b, reference, current, sizes)
	for _, rows := range sizes {
		c := drift.Column{Name: "x", Reference: reference[:rows], Current: current[:rows]}
		for _, method := range []drift.Method{drift.MethodKS, drift.MethodWasserstein, drift.MethodJensenShannon} {
			b.Run(fmt.Sprintf("%s/%d", method, rows), func(b *testing.B) {
				b.ReportAllocs()
				best := math.Inf(1) // as of scipy: the mean of a loaded machine says nothing
				for b.Loop() {
					start := time.Now()
					if _, err := drift.Detect([]drift.Column{c}, drift.Options{Method: method}); err != nil {
						b.Fatal(err)
					}
					best = min(best, time.Since(start).Seconds())
				}
				b.ReportMetric(seconds[fmt.Sprintf("%s %d", method, rows)]/best, "×scipy")
				b.ReportMetric(best*1e3, "best-ms")
			})
		}
	}
}

func timeScipy(b *testing.B, reference, current drift.Floats, sizes []int) map[string]float64 {
	b.Helper()
	folder := b.TempDir()
	arguments := []string{"testdata/scipy_times.py"}
	for name, side := range map[string]drift.Floats{"reference": reference, "current": current} {
		arguments = append(arguments, writeSide(b, folder, name, side)["file"].(string))
	}
	for _, rows := range sizes {
		arguments = append(arguments, strconv.Itoa(rows))
	}
	out, err := exec.CommandContext(b.Context(), stack.Python(b, "evidently"), arguments...).Output()
	if err != nil {
		b.Fatal(err)
	}
	var seconds map[string]float64
	if err := json.Unmarshal(out, &seconds); err != nil {
		b.Fatal(err)
	}
	return seconds
}
