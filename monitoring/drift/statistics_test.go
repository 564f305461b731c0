package drift_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"mlopsgo/monitoring/drift"
)

// TestRedWineByHand needs no Python: figures of Evidently 0.7.23 on red wine, first 1,000 rows against the others.
func TestRedWineByHand(t *testing.T) {
	columns := map[string]drift.Column{}
	for _, c := range wineColumns(t) {
		columns[c.Name] = c
	}
	for _, c := range []struct {
		column string
		method drift.Method
		want   float64
	}{
		{"alcohol", drift.MethodKS, 2.09381e-19},
		{"alcohol", drift.MethodWasserstein, 0.475530},
		{"alcohol", drift.MethodJensenShannon, 0.206282},
		{"alcohol", drift.MethodPSI, 0.351836},
		{"alcohol", drift.MethodKL, 0.186211},
		{"density", drift.MethodKS, 3.59734e-67},
		{"density", drift.MethodWasserstein, 0.907453},
	} {
		got := detectOne(t, columns[c.column], drift.Options{Method: c.method})
		if math.Abs(got.Score-c.want) > 1e-5*c.want || !got.Drifted {
			t.Errorf("%s of %s: %v, want %v", c.method, c.column, got.Score, c.want)
		}
	}
}

// TestTextbookValues are known in closed form or from tables.
func TestTextbookValues(t *testing.T) {
	chi := func(reference, current []int) float64 {
		p, err := drift.ChiSquare(reference, current)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	z, err := drift.ZTest(50, 100, 60, 100)
	if err != nil {
		t.Fatal(err)
	}
	w, err := drift.NormedWasserstein([]float64{0, 2}, []float64{3, 5})
	if err != nil {
		t.Fatal(err)
	}
	js, err := drift.JensenShannon([]float64{1, 0}, []float64{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	kl, err := drift.KullbackLeibler([]float64{0.5, 0.5}, []float64{0.25, 0.75})
	if err != nil {
		t.Fatal(err)
	}
	statistic, p, err := drift.KolmogorovSmirnov([]float64{1, 2, 3}, []float64{4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]float64{
		"χ² of two freedoms is exp(-x/2)":       {chi([]int{10, 10, 10}, []int{16, 8, 6}), math.Exp(-5.6 / 2)},
		"χ² of one freedom is erfc(√(x/2))":     {chi([]int{10, 10}, []int{15, 5}), math.Erfc(math.Sqrt(5.0 / 2))},
		"χ² of a new category":                  {chi([]int{10, 0}, []int{5, 5}), 0},
		"χ² of one category":                    {chi([]int{10}, []int{5}), 1},
		"χ² of equal shares":                    {chi([]int{10, 20, 30}, []int{1, 2, 3}), 1},
		"z":                                     {z, math.Erfc(0.1 / math.Sqrt(0.55*0.45*0.02) / math.Sqrt2)},
		"shift by 3 at deviation 1":             {w, 3},
		"nothing in common":                     {js, math.Sqrt(math.Ln2)},
		"Kullback-Leibler":                      {kl, 0.5*math.Log(2) + 0.5*math.Log(2.0/3)},
		"largest distance":                      {statistic, 1},
		"2 of the 20 orders are this far apart": {p, 0.1},
	} {
		if math.Abs(c[0]-c[1]) > 1e-14 {
			t.Errorf("%s: got %v, want %v", name, c[0], c[1])
		}
	}
}

func TestSharesAddUp(t *testing.T) {
	m := newMaker(2)
	c := drift.Column{Name: "x", Reference: m.normal(900, 0, 1), Current: withMissing(m.normal(124, 2, 3))}
	reference, current, err := drift.Shares(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(reference) != 11 && len(reference) != 12 { // log₂ 1024 + 1 = 11, or one more by rounding, as in numpy
		t.Errorf("%d bins for 1,024 rows", len(reference))
	}
	for _, side := range [][]float64{reference, current} {
		total := 0.0
		for _, share := range side {
			total += share
		}
		if len(side) != len(reference) || math.Abs(total-1) > 1e-12 {
			t.Errorf("%d shares add up to %v", len(side), total)
		}
	}
}

func TestBinsNeedRoom(t *testing.T) {
	huge, dense := make(drift.Floats, 30), make(drift.Floats, 1<<20)
	for i := range huge {
		huge[i] = float64(i-15) / 16 * math.MaxFloat64
	}
	for i := range dense { // 21 neighbouring numbers, 21 bins
		dense[i] = math.Float64frombits(math.Float64bits(1) + uint64(i%21))
	}
	for name, x := range map[string]drift.Floats{"overflow": huge, "too close": dense} {
		if _, _, err := drift.Shares(drift.Column{Reference: x, Current: x[:1]}); !errors.Is(err, drift.ErrRange) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSamplesAreNotChanged(t *testing.T) {
	x, y := []float64{3, 1, math.NaN(), 2}, []float64{9, math.Inf(1), 7}
	if _, _, err := drift.KolmogorovSmirnov(x, y); err != nil {
		t.Fatal(err)
	}
	if _, err := drift.NormedWasserstein(x, y); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(x[:2], []float64{3, 1}) || !math.IsNaN(x[2]) || x[3] != 2 || !slices.Equal(y, []float64{9, math.Inf(1), 7}) {
		t.Errorf("the samples are now %v and %v", x, y)
	}
	zeros := []float64{0, 1}
	if _, err := drift.PSI(zeros, []float64{0.5, 0.5}); err != nil || zeros[0] != 0 {
		t.Errorf("the shares are now %v, error %v", zeros, err)
	}
}

func TestStatisticsRefuseBadInput(t *testing.T) {
	nan := math.NaN()
	fail := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", name, err, want)
		}
	}
	_, _, err := drift.KolmogorovSmirnov(nil, []float64{1})
	fail("KS of nothing", err, drift.ErrEmpty)
	_, err = drift.NormedWasserstein([]float64{1}, []float64{nan})
	fail("Wasserstein of NaN", err, drift.ErrEmpty)
	_, err = drift.NormedWasserstein([]float64{-math.MaxFloat64, math.MaxFloat64}, []float64{1})
	fail("Wasserstein of huge numbers", err, drift.ErrRange)
	_, err = drift.ChiSquare([]int{1, 2}, []int{1})
	fail("chi-square of other categories", err, drift.ErrKind)
	_, err = drift.ChiSquare([]int{1, -2}, []int{1, 2})
	fail("chi-square of negative counts", err, drift.ErrRange)
	_, err = drift.ChiSquare([]int{0, 0}, []int{1, 2})
	fail("chi-square without reference", err, drift.ErrEmpty)
	_, err = drift.ZTest(0, 0, 1, 2)
	fail("z without reference", err, drift.ErrEmpty)
	_, err = drift.ZTest(3, 2, 1, 2)
	fail("z with more hits than rows", err, drift.ErrRange)
	for name, f := range map[string]func(r, c []float64) (float64, error){
		"JS": drift.JensenShannon, "PSI": drift.PSI, "KL": drift.KullbackLeibler,
	} {
		_, err = f([]float64{1}, []float64{0.5, 0.5})
		fail(name+" of other bins", err, drift.ErrKind)
		_, err = f([]float64{0, 0}, []float64{0.5, 0.5})
		fail(name+" of empty bins", err, drift.ErrEmpty)
		_, err = f([]float64{nan, 0}, []float64{0.5, 0.5})
		fail(name+" of NaN", err, drift.ErrRange)
		_, err = f([]float64{-1, 2}, []float64{0.5, 0.5})
		fail(name+" of negative shares", err, drift.ErrRange)
		_, err = f(nil, nil)
		fail(name+" of nothing", err, drift.ErrEmpty)
	}
}
