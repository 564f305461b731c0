package monitoring

import (
	"fmt"
	"math"
	"testing"

	"mlopsgo/monitoring/drift"
)

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

func TestPictures(t *testing.T) {
	many := make(drift.Strings, 0, 60)
	for i := range 30 {
		many = append(many, fmt.Sprintf("v%02d", i), "often")
	}
	for name, test := range map[string]struct {
		column drift.Column
		kind   drift.Kind
		labels string
	}{
		"numbers": {
			drift.Column{Reference: drift.Floats{0, 5, 10, math.NaN()}, Current: drift.Floats{10, 10}}, drift.Numerical, "[0.5 1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5]",
		},
		"one number": {
			drift.Column{Reference: drift.Floats{7}, Current: drift.Floats{7, 7}}, drift.Numerical, "[7 7 7 7 7 7 7 7 7 7]",
		},
		"integers":   {drift.Column{Reference: drift.Ints{10, 9, 9}, Current: drift.Ints{3}}, drift.Categorical, "[3 9 10]"},
		"categories": {drift.Column{Reference: drift.Strings{"b", "a", "10", "9"}, Current: drift.Strings{"c"}}, drift.Categorical, "[9 10 a b c]"},
		"many categories": {
			drift.Column{Reference: many, Current: drift.Strings{"v29"}},
			drift.Categorical,
			"[often v00 v01 v02 v03 v04 v05 v06 v07 v08 v09 v10 v11 v12 v13 v14 v15 v16 v17 v29 11 others]",
		},
		"huge": {
			drift.Column{Reference: drift.Floats{-math.MaxFloat64, math.MaxFloat64}, Current: drift.Floats{math.MaxFloat64}}, drift.Numerical, "",
		},
	} {
		d := distribute(test.column, test.kind)
		if got := fmt.Sprint(d.labels); test.labels != "" && got != test.labels {
			t.Errorf("%s: labels %s, want %s", name, got, test.labels)
		}
		if name == "huge" && d.current[pictureBins-1] != 1 {
			t.Errorf("the largest number is not in the last bin: %v", d.current)
		}
		for _, side := range [][]float64{d.reference, d.current} {
			if len(side) != len(d.labels) || math.Abs(sum(side)-1) > 1e-12 {
				t.Errorf("%s: shares %v of %d labels do not make 1", name, side, len(d.labels))
			}
		}
	}
}
