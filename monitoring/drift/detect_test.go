package drift_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"go.uber.org/goleak"

	"mlopsgo/monitoring/drift"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDefaultMethods goes through the table of decisions, on both sides of each limit.
func TestDefaultMethods(t *testing.T) {
	levels := func(n, distinct int) drift.Floats {
		x := make(drift.Floats, n)
		for i := range x {
			x[i] = float64(i % distinct)
		}
		return x
	}
	for _, c := range []struct {
		kind           drift.Kind
		rows, distinct int
		want           drift.Method
	}{
		{drift.Numerical, 1000, 6, drift.MethodKS},
		{drift.Numerical, 1000, 5, drift.MethodChiSquare},
		{drift.Numerical, 1000, 3, drift.MethodChiSquare},
		{drift.Numerical, 1000, 2, drift.MethodZ},
		{drift.Numerical, 1000, 1, drift.MethodZ},
		{drift.Numerical, 1001, 6, drift.MethodWasserstein},
		{drift.Numerical, 1001, 5, drift.MethodJensenShannon},
		{drift.Numerical, 1001, 1, drift.MethodJensenShannon},
		{drift.Categorical, 1000, 30, drift.MethodChiSquare},
		{drift.Categorical, 1000, 2, drift.MethodZ},
		{drift.Categorical, 1001, 30, drift.MethodJensenShannon},
		{drift.Categorical, 1001, 2, drift.MethodJensenShannon},
	} {
		x := drift.Column{Name: "x", Kind: c.kind, Reference: levels(c.rows, c.distinct), Current: levels(50, c.distinct)}
		if got := detectOne(t, x, drift.Options{}); got.Method != c.want || got.Kind != c.kind || got.ReferenceRows != c.rows {
			t.Errorf("%v, %d rows, %d values: %+v, want %s", c.kind, c.rows, c.distinct, got, c.want)
		}
	}
}

func TestMissingValuesDoNotCount(t *testing.T) {
	m := newMaker(3)
	got := detectOne(t, drift.Column{Name: "x", Reference: withMissing(m.normal(1000, 0, 1)), Current: withMissing(m.normal(70, 0, 1))}, drift.Options{})
	if got.ReferenceRows != 1000 || got.CurrentRows != 70 || got.Method != drift.MethodKS {
		t.Errorf("%+v: missing values have been counted", got)
	}
}

func TestInferKind(t *testing.T) {
	for name, c := range map[string]struct {
		values drift.Values
		want   drift.Kind
		err    error
	}{
		"floats":          {drift.Floats{1, 2}, drift.Numerical, nil},
		"ten ints":        {drift.Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 0}, drift.Categorical, nil},
		"eleven ints":     {drift.Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, drift.Numerical, nil},
		"half distinct":   {drift.Strings{"a", "b", "a", "b"}, drift.Categorical, nil},
		"more than half":  {drift.Strings{"a", "b", "c", "b", "c"}, drift.Auto, drift.ErrText},
		"nothing at all":  {nil, drift.Auto, drift.ErrEmpty},
		"a single string": {drift.Strings{"a"}, drift.Auto, drift.ErrText},
	} {
		if got, err := drift.InferKind(c.values); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestColumnsThatCannotBeCompared(t *testing.T) {
	numbers, words := drift.Floats{1, 2, 3}, drift.Strings{"a", "a", "a"}
	for name, c := range map[string]struct {
		column drift.Column
		want   error
	}{
		"no reference":          {drift.Column{Current: numbers}, drift.ErrEmpty},
		"no current":            {drift.Column{Reference: numbers}, drift.ErrEmpty},
		"empty":                 {drift.Column{Reference: drift.Floats{}, Current: numbers}, drift.ErrEmpty},
		"all missing":           {drift.Column{Reference: numbers, Current: drift.Floats{math.NaN(), math.Inf(1)}}, drift.ErrEmpty},
		"words against numbers": {drift.Column{Reference: words, Current: numbers}, drift.ErrKind},
		"numerical words":       {drift.Column{Kind: drift.Numerical, Reference: words, Current: words}, drift.ErrKind},
		"unknown kind":          {drift.Column{Kind: 9, Reference: numbers, Current: numbers}, drift.ErrKind},
		"text":                  {drift.Column{Reference: words, Current: drift.Strings{"I like it", "I do not"}}, drift.ErrText},
		"huge ints":             {drift.Column{Reference: drift.Ints{1 << 60}, Current: drift.Ints{1}}, drift.ErrRange},
	} {
		c.column.Name = "pH"
		report, err := drift.Detect([]drift.Column{c.column, {Name: "fine", Reference: numbers, Current: numbers}}, drift.Options{})
		var columnError *drift.ColumnError
		if report != nil || !errors.Is(err, c.want) || !errors.As(err, &columnError) || columnError.Column != "pH" {
			t.Errorf("%s: report %v, error %v", name, report, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	numbers := drift.Floats{1, 2, 3, 4, 5, 6}
	columns := []drift.Column{{Name: "pH", Reference: numbers, Current: numbers}}
	for name, options := range map[string]drift.Options{
		"share above 1":            {DriftShare: 1.1},
		"share below 0":            {DriftShare: -0.1},
		"share NaN":                {DriftShare: math.NaN()},
		"unknown method":           {Method: "anderson"},
		"unknown kind's method":    {CategoricalMethod: "K-S p_value"},
		"unknown column's method":  {ColumnMethods: map[string]drift.Method{"ph": drift.MethodKS}},
		"negative threshold":       {Threshold: -1},
		"NaN threshold":            {ColumnThresholds: map[string]float64{"pH": math.NaN()}},
		"threshold without column": {ColumnThresholds: map[string]float64{"ph": 0.1}},
	} {
		if _, err := drift.Detect(columns, options); !errors.Is(err, drift.ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := drift.Detect(columns, drift.Options{NumericalMethod: drift.MethodChiSquare}); !errors.Is(err, drift.ErrKind) {
		t.Errorf("chi-square on numbers: %v", err)
	}
	for _, names := range [][]string{{}, {""}, {"a", "a"}} {
		var columns []drift.Column
		for _, name := range names {
			columns = append(columns, drift.Column{Name: name, Reference: numbers, Current: numbers})
		}
		if _, err := drift.Detect(columns, drift.Options{}); !errors.Is(err, drift.ErrOptions) {
			t.Errorf("columns %q: %v", names, err)
		}
	}
}

func TestOptionsPrecedence(t *testing.T) {
	m := newMaker(4)
	numbers := drift.Column{Name: "alcohol", Reference: m.normal(200, 0, 1), Current: m.normal(200, 0, 1)}
	words := drift.Column{Name: "grape", Reference: m.words(200, 1, 1, 1), Current: m.words(200, 1, 1, 1)}
	report, err := drift.Detect([]drift.Column{numbers, words}, drift.Options{
		Method: drift.MethodPSI, NumericalMethod: drift.MethodKL, ColumnMethods: map[string]drift.Method{"alcohol": drift.MethodWasserstein},
		Threshold: 0.5, CategoricalThreshold: 0.6, ColumnThresholds: map[string]float64{"alcohol": 0.7},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := report.Columns[0]; c.Method != drift.MethodWasserstein || c.Threshold != 0.7 {
		t.Errorf("%+v: what is said for the column must win", c)
	}
	if c := report.Columns[1]; c.Method != drift.MethodPSI || c.Threshold != 0.6 {
		t.Errorf("%+v: what is said for the kind must win over what is said for all", c)
	}
}

func TestDatasetDriftsFromShare(t *testing.T) {
	same, other := drift.Floats{1, 2, 3, 4, 5, 6, 7, 8, 9}, drift.Floats{11, 12, 13, 14, 15, 16, 17, 18, 19}
	for drifted := range 5 {
		var columns []drift.Column
		for i := range 4 {
			c := drift.Column{Name: fmt.Sprint(i), Reference: same, Current: same}
			if i < drifted {
				c.Current = other
			}
			columns = append(columns, c)
		}
		report, err := drift.Detect(columns, drift.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if report.Drifted != drifted || report.Share != float64(drifted)/4 || report.DriftShare != 0.5 || report.DatasetDrift != (drifted >= 2) {
			t.Errorf("%d drifted columns: %+v", drifted, report)
		}
	}
}

// TestVerdictAtThreshold: p-values of chi-square and z must be below, others may be at, the threshold.
func TestVerdictAtThreshold(t *testing.T) {
	atThreshold := map[drift.Method]bool{
		drift.MethodKS: true, drift.MethodChiSquare: false, drift.MethodZ: false, drift.MethodWasserstein: true,
		drift.MethodJensenShannon: true, drift.MethodPSI: true, drift.MethodKL: true,
	}
	for method, want := range atThreshold {
		threshold := method.Threshold()
		if method.Drifted(threshold, threshold) != want || method.Drifted(math.NaN(), threshold) {
			t.Errorf("%s at its threshold: drifted %v", method, !want)
		}
		if p := threshold == 0.05; method.Drifted(0, threshold) != p || method.Drifted(1, threshold) == p {
			t.Errorf("%s looks the wrong way", method)
		}
	}
	if unknown := drift.Method("mmd"); unknown.Drifted(1, 0) || unknown.Threshold() != 0 || unknown.DisplayName() != "mmd" {
		t.Error("an unknown method has verdicts")
	}
}
