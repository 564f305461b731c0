package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSortFloats(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 100, radixFrom, radixFrom + 1, 20000} {
		for name, draw := range map[string]func() float64{
			"any bits":  func() float64 { return math.Float64frombits(random.Uint64() &^ (1 << 62)) }, // no NaN
			"few":       func() float64 { return float64(random.IntN(5) - 2) },
			"one":       func() float64 { return 3.25 },
			"infinite":  func() float64 { return math.Inf(random.IntN(2)*2 - 1) },
			"denormals": func() float64 { return math.Float64frombits(uint64(random.IntN(100))) },
		} {
			x := make([]float64, n)
			for i := range x {
				x[i] = draw()
			}
			want := slices.Clone(x)
			slices.Sort(want)
			sortFloats(x)
			if !slices.Equal(x, want) {
				t.Errorf("%d numbers, %s: not as slices.Sort sorts them", n, name)
			}
		}
	}
}
