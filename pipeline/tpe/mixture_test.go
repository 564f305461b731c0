package tpe

import (
	"math"
	"slices"
	"testing"
)

func TestLogSumExp(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		terms []float64
		want  float64
	}{
		{[]float64{0, 0}, math.Ln2},
		{[]float64{-1000, -1000, -inf}, -1000 + math.Ln2},
		{[]float64{-inf, -inf}, -inf},
		{[]float64{0, math.NaN()}, math.NaN()},
	} {
		name := slices.Clone(c.terms)
		if got := logSumExp(c.terms); math.Abs(got-c.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("logSumExp(%v) = %v, want %v", name, got, c.want)
		}
	}
}

func TestArgmaxDifference(t *testing.T) {
	nan := math.NaN()
	zero := make([]float64, 4)
	for _, c := range []struct {
		p    []float64
		want int
	}{
		{[]float64{1, 3, 3, 2}, 1},
		{[]float64{1, nan, 9, nan}, 1},
		{[]float64{nan, 1, 2, 3}, 0},
		{[]float64{math.Inf(-1), -5, -6, -7}, 1},
	} {
		if got := argmaxDifference(c.p, zero); got != c.want {
			t.Errorf("argmax of %v is %d, want %d", c.p, got, c.want)
		}
	}
}

// TestDensitiesSumToOne integrates a mixture of each kind over its support.
func TestDensitiesSumToOne(t *testing.T) {
	for name, c := range map[string]struct {
		d        Distribution
		observed []float64
		grid     []float64
		width    func(x float64) float64
	}{
		"categorical": {Choices("a", "b", "c"), []float64{0, 2, 2}, []float64{0, 1, 2}, func(float64) float64 { return 1 }},
		"int":         {IntRange{Low: 1, High: 9, Step: 2}, []float64{1, 1, 7}, []float64{1, 3, 5, 7, 9}, func(float64) float64 { return 1 }},
		"log int":     {IntRange{Low: 1, High: 4, Log: true}, []float64{2, 4}, []float64{1, 2, 3, 4}, func(float64) float64 { return 1 }},
		"float":       {FloatRange{Low: -1, High: 2}, []float64{-1, 0.5, 0.6, 2}, line(-1, 2), func(float64) float64 { return 3.0 / points }},
		"log float":   {FloatRange{Low: 1, High: math.E, Log: true}, []float64{1.5, 2}, logLine(0, 1), func(float64) float64 { return 1.0 / points }},
	} {
		d, err := c.d.resolve()
		if err != nil {
			t.Fatal(err)
		}
		var trials []*record
		for _, v := range c.observed {
			trials = append(trials, &record{values: []float64{v}})
		}
		m := newMixture(trials, []dim{{"x", 0, d}}, TieX86SIMD)
		sum := 0.0
		for i, l := range m.logDensity([][]float64{c.grid}) {
			sum += math.Exp(l) * c.width(c.grid[i])
		}
		if math.Abs(sum-1) > 1e-4 {
			t.Errorf("%s: the density sums to %v, want 1", name, sum)
		}
	}
}

const points = 4000

// line is the middles of equal parts of a range.
func line(low, high float64) []float64 {
	out := make([]float64, points)
	for i := range out {
		out[i] = low + (high-low)*(float64(i)+0.5)/points
	}
	return out
}

func logLine(low, high float64) []float64 {
	out := line(low, high)
	for i, v := range out {
		out[i] = math.Exp(v)
	}
	return out
}

// TestTruncNormInverts: the draws at rising quantiles rise within the bounds and have the right probability, in both
// tails and far out.
func TestTruncNormInverts(t *testing.T) {
	for _, bounds := range [][2]float64{{-1, 2}, {-9, -4}, {4, 9}, {-40, -30}, {0, 0.5}, {-0.001, 0.001}, {-60, 60}} {
		var q []float64
		for u := 0.0; u < 1; u += 1.0 / 64 {
			q = append(q, u)
		}
		a, b := slices.Repeat(bounds[:1], len(q)), slices.Repeat(bounds[1:], len(q))
		zero, one := make([]float64, len(q)), slices.Repeat([]float64{1}, len(q))
		truncNorm(q, a, b, zero, one)
		if a[0] != bounds[0] || !slices.IsSorted(a) || a[len(a)-1] > bounds[1] {
			t.Errorf("%v: draws are not rising from the bound: %v", bounds, a)
		}
		part, whole := make([]float64, 1), make([]float64, 1)
		logGaussMass(bounds[:1], bounds[1:], whole)
		for i := 1; i < len(q); i++ {
			logGaussMass(bounds[:1], a[i:i+1], part)
			if p := math.Exp(part[0] - whole[0]); math.Abs(p-q[i]) > 1e-6 {
				t.Errorf("%v: quantile %v is drawn as %v, which has %v", bounds, q[i], a[i], p)
			}
		}
	}
}

func TestTruncNormOfNoWidth(t *testing.T) {
	a := []float64{1}
	if truncNorm([]float64{0.5}, a, []float64{1}, []float64{0}, []float64{1}); a[0] == a[0] {
		t.Errorf("an empty interval is drawn as %v, want NaN", a[0])
	}
}

func TestLogNdtr(t *testing.T) {
	for x, want := range map[float64]float64{
		0: math.Log(0.5), 7: -1.279812543885835e-12, -10: -53.23128515051247, -30: -454.32124395634315, -1e4: -50000010.129278915,
	} {
		if got := logNdtr(x); math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("logNdtr(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestLogSum(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range [][3]float64{{0, 0, math.Ln2}, {-inf, -3, -3}, {-3, -inf, -3}, {-inf, -inf, -inf}, {math.NaN(), 0, math.NaN()}} {
		if got := logSum(c[0], c[1]); ulps(got, c[2]) > 0 {
			t.Errorf("logSum(%v, %v) = %v, want %v", c[0], c[1], got, c[2])
		}
	}
}

func TestPairTable(t *testing.T) {
	table := newPairs(4)
	negativeZero := math.Copysign(0, -1)
	for _, c := range []struct {
		a, b float64
		want int
	}{{1, 2, 0}, {2, 1, 1}, {1, 2, 0}, {0, 5, 2}, {negativeZero, 5, 2}, {1, 3, 3}} {
		if got := table.index(c.a, c.b); got != c.want {
			t.Errorf("pair %v, %v has number %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
