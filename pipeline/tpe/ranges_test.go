package tpe

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestDistributionsAreValidated(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, d := range map[string]Distribution{
		"int low above high":     IntRange{Low: 2, High: 1},
		"int negative step":      IntRange{High: 9, Step: -1},
		"int log step":           IntRange{Low: 1, High: 9, Step: 2, Log: true},
		"int log zero":           IntRange{Low: 0, High: 9, Log: true},
		"int too large":          IntRange{High: 1<<53 + 1},
		"int too small":          IntRange{Low: math.MinInt},
		"int too long":           IntRange{Low: -1, High: 1 << 53},
		"int step too large":     IntRange{High: 9, Step: math.MaxInt},
		"float low above high":   FloatRange{Low: 1, High: 0.5},
		"float NaN":              FloatRange{Low: nan, High: 1},
		"float infinite":         FloatRange{Low: 0, High: inf},
		"float range overflows":  FloatRange{Low: -math.MaxFloat64, High: math.MaxFloat64},
		"float negative step":    FloatRange{High: 1, Step: -0.1},
		"float NaN step":         FloatRange{High: 1, Step: nan},
		"float infinite step":    FloatRange{High: 1, Step: inf},
		"float log step":         FloatRange{Low: 1, High: 2, Step: 0.5, Log: true},
		"float log zero":         FloatRange{High: 1, Log: true},
		"float too many steps":   FloatRange{High: 1e300, Step: 1e-300},
		"no choices":             Choices[string](),
		"zero categorical":       Categorical{},
		"duplicate choices":      Choices("a", "b", "a"),
		"choice is not a number": Choices(1, nan),
	} {
		if _, err := d.resolve(); !errors.Is(err, ErrDistribution) {
			t.Errorf("%s: %v, want ErrDistribution", name, err)
		}
	}
}

// TestHighIsOnTheGrid: as in Optuna, reckoned in decimals for floats.
func TestHighIsOnTheGrid(t *testing.T) {
	for _, c := range []struct {
		d      Distribution
		want   float64
		single bool
	}{
		{IntRange{Low: 1, High: 10, Step: 4}, 9, false},
		{IntRange{Low: -5, High: 5, Step: 11}, -5, true},
		{IntRange{Low: 3, High: 3}, 3, true},
		{FloatRange{High: 1, Step: 0.1}, 1, false},
		{FloatRange{High: 0.95, Step: 0.1}, 0.9, false},
		{FloatRange{Low: 0.1, High: 0.3, Step: 0.1}, 0.3, false},
		{FloatRange{Low: -0.3, High: 0.75, Step: 0.3}, 0.6, false},
		{FloatRange{High: 0.5, Step: 0.7}, 0, true},
		{FloatRange{Low: 1e-3, High: 1e-3, Log: true}, 1e-3, true},
		{FloatRange{Low: 1e22, High: 1e22 + 5e6, Step: 4e6}, 1e22 + 4e6, false},
		{Choices("only"), 0, true},
	} {
		d, err := c.d.resolve()
		if err != nil {
			t.Errorf("%v: %v", c.d, err)
			continue
		}
		if d.high != c.want || d.single() != c.single {
			t.Errorf("%v: high %v, single %t, want %v, %t", c.d, d.high, d.single(), c.want, c.single)
		}
	}
}

func TestChoicesAreCopied(t *testing.T) {
	values := []string{"a", "b"}
	c := Choices(values...)
	values[0] = "z"
	options := c.Options()
	options[1] = "z"
	if got := c.Options(); !slices.Equal(got, []any{"a", "b"}) || c.String() != "[a b]" {
		t.Errorf("options are %v", got)
	}
}

// TestSingleValuesDrawNothing: the generators stay where they are.
func TestSingleValuesDrawNothing(t *testing.T) {
	s := mustStudy(t, Config{})
	before := s.SamplerState()
	trial := s.Ask()
	must[int](t)(trial.SuggestInt("i", IntRange{Low: 4, High: 5, Step: 2}))
	must[float64](t)(trial.SuggestFloat("f", FloatRange{Low: 4, High: 4}))
	must[string](t)(SuggestCategorical(trial, "c", "only"))
	if !slices.Equal(before, s.SamplerState()) {
		t.Error("a value without alternative was drawn")
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		d    Distribution
		v    float64
		want bool
	}{
		{IntRange{Low: 1, High: 9, Step: 2}, 3, true},
		{IntRange{Low: 1, High: 9, Step: 2}, 4, false},
		{IntRange{Low: -7, High: 9, Step: 2}, -3, true},
		{IntRange{Low: 1, High: 9}, 10, false},
		{FloatRange{High: 1}, 1, true},
		{FloatRange{High: 1}, math.Nextafter(1, 2), false},
		{FloatRange{High: 1}, math.NaN(), false},
		{FloatRange{High: 1, Step: 0.1}, 0.1 + 0.2, true},
		{FloatRange{High: 1, Step: 0.1}, 0.35, false},
		{Choices("a", "b"), 1, true},
		{Choices("a", "b"), 2, false},
		{Choices("a", "b"), math.NaN(), false},
	} {
		d, err := c.d.resolve()
		if err != nil {
			t.Fatal(err)
		}
		if got := d.contains(c.v); got != c.want {
			t.Errorf("%v contains %v: %t, want %t", c.d, c.v, got, c.want)
		}
	}
}
