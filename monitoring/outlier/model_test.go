package outlier_test

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"mlopsgo/monitoring/outlier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func normalRows(n, width int, seed uint64) [][]float64 {
	random := rand.New(rand.NewPCG(seed, 9))
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, width)
		for j := range rows[i] {
			rows[i][j] = random.NormFloat64()
		}
	}
	return rows
}

func mustScore(t *testing.T, rows, of [][]float64, config outlier.Config) []float64 {
	t.Helper()
	model, err := outlier.Fit(rows, config)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := model.ScoreSamples(of)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

func TestSameSeedSameModel(t *testing.T) {
	rows := normalRows(500, 3, 1)
	first := mustScore(t, rows, rows, outlier.Config{Seed: 7})
	if again := mustScore(t, rows, rows, outlier.Config{Seed: 7}); !slices.Equal(first, again) {
		t.Error("the same seed gives other scores")
	}
	if other := mustScore(t, rows, rows, outlier.Config{Seed: 8}); slices.Equal(first, other) {
		t.Error("another seed gives the same scores")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if alone := mustScore(t, rows, rows, outlier.Config{Seed: 7}); !slices.Equal(first, alone) {
		t.Error("one processor gives other scores than several")
	}
}

func TestRowsAreNotChanged(t *testing.T) {
	rows, same := normalRows(300, 2, 2), normalRows(300, 2, 2)
	mustScore(t, rows, rows, outlier.Config{Contamination: 0.1})
	for i := range rows {
		if !slices.Equal(rows[i], same[i]) {
			t.Fatalf("row %d has changed", i)
		}
	}
}

func TestOutlierScoresLowest(t *testing.T) {
	rows := normalRows(1000, 2, 3)
	current := append(normalRows(50, 2, 4), []float64{8, -8})
	model, err := outlier.Fit(rows, outlier.Config{})
	if err != nil {
		t.Fatal(err)
	}
	outliers, decision, err := model.Predict(current)
	if err != nil {
		t.Fatal(err)
	}
	last := len(current) - 1
	if !outliers[last] || slices.Min(decision) != decision[last] {
		t.Errorf("the planted row has decision %v, the lowest is %v", decision[last], slices.Min(decision))
	}
	for i, d := range decision {
		if outliers[i] != (d < 0) {
			t.Errorf("row %d: outlier %v with decision %v", i, outliers[i], d)
		}
	}
}

// TestEveryRowIsScored: the library's parallel scoring leaves 0 for the rows that remain after division.
func TestEveryRowIsScored(t *testing.T) {
	rows := normalRows(300, 2, 5)
	for n := range 20 {
		for i, score := range mustScore(t, rows, rows[:n], outlier.Config{Trees: 10}) {
			if !(score > -1 && score < 0) {
				t.Errorf("row %d of %d has score %v", i, n, score)
			}
		}
	}
}

func TestDegenerateTables(t *testing.T) {
	same := slices.Repeat([][]float64{{1, 2}}, 100)
	scores := mustScore(t, same, [][]float64{{1, 2}, {50, 50}}, outlier.Config{})
	if math.Abs(scores[0]+0.5) > 1e-12 || scores[1] != scores[0] {
		t.Errorf("rows without any difference have scores %v, scikit-learn gives -0.5", scores)
	}
	wide := [][]float64{{-math.MaxFloat64, 0}, {math.MaxFloat64, 0}, {0, math.SmallestNonzeroFloat64}}
	near := [][]float64{{1}, {math.Nextafter(1, 2)}}
	for _, rows := range [][][]float64{wide, near} {
		for _, score := range mustScore(t, rows, rows, outlier.Config{Subsample: 1000}) {
			if !(score > -1 && score < 0) {
				t.Errorf("%v: score %v", rows, score)
			}
		}
	}
}

func TestContaminationSetsShare(t *testing.T) {
	rows := normalRows(1000, 3, 6)
	for _, share := range []float64{0.01, 0.25, 0.999} {
		model, err := outlier.Fit(rows, outlier.Config{Contamination: share})
		if err != nil {
			t.Fatal(err)
		}
		outliers, _, err := model.Predict(rows)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, is := range outliers {
			if is {
				n++
			}
		}
		if want := share * 1000; math.Abs(float64(n)-want) > 1 {
			t.Errorf("contamination %v makes %d of 1000 rows outliers", share, n)
		}
	}
}

func TestBadInputIsRefused(t *testing.T) {
	good := normalRows(10, 2, 7)
	for name, c := range map[string]struct {
		rows   [][]float64
		config outlier.Config
		want   error
	}{
		"no rows":            {nil, outlier.Config{}, outlier.ErrRows},
		"one row":            {good[:1], outlier.Config{}, outlier.ErrRows},
		"no columns":         {[][]float64{{}, {}}, outlier.Config{}, outlier.ErrRows},
		"ragged":             {[][]float64{{1, 2}, {1}}, outlier.Config{}, outlier.ErrRows},
		"NaN":                {[][]float64{{1, 2}, {1, math.NaN()}}, outlier.Config{}, outlier.ErrRows},
		"infinite":           {[][]float64{{1, 2}, {math.Inf(-1), 1}}, outlier.Config{}, outlier.ErrRows},
		"negative trees":     {good, outlier.Config{Trees: -1}, outlier.ErrConfig},
		"negative subsample": {good, outlier.Config{Subsample: -1}, outlier.ErrConfig},
		"all contaminated":   {good, outlier.Config{Contamination: 1}, outlier.ErrConfig},
		"NaN contaminated":   {good, outlier.Config{Contamination: math.NaN()}, outlier.ErrConfig},
	} {
		if _, err := outlier.Fit(c.rows, c.config); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	model, err := outlier.Fit(good, outlier.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range [][][]float64{{{1}}, {{1, 2, 3}}, {{1, math.NaN()}}, {nil}} {
		if _, _, err := model.Predict(rows); !errors.Is(err, outlier.ErrRows) {
			t.Errorf("%v: %v", rows, err)
		}
	}
	if _, err := new(outlier.Model).ScoreSamples(good); !errors.Is(err, outlier.ErrRows) {
		t.Errorf("a model without trees: %v", err)
	}
}

// TestNothingIsPrinted: the library's constructor writes to standard output.
func TestNothingIsPrinted(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	rows := normalRows(50, 2, 8)
	_, fitErr := outlier.Fit(rows, outlier.Config{Contamination: 0.1})
	os.Stdout = stdout
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	printed, err := io.ReadAll(read)
	if err != nil || fitErr != nil || len(printed) != 0 {
		t.Errorf("printed %q; errors %v, %v", printed, fitErr, err)
	}
}

func TestModelIsSafeForConcurrentUse(t *testing.T) {
	rows := normalRows(200, 2, 10)
	model, err := outlier.Fit(rows, outlier.Config{Trees: 20})
	if err != nil {
		t.Fatal(err)
	}
	want, err := model.ScoreSamples(rows)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, fitErr := outlier.Fit(rows, outlier.Config{Trees: 20})
			got, err := model.ScoreSamples(rows)
			if err != nil || fitErr != nil || !slices.Equal(got, want) {
				t.Errorf("other scores at the same time; errors %v, %v", fitErr, err)
			}
		})
	}
	wg.Wait()
}
