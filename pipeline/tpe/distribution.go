package tpe

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrDistribution marks a range or a list of choices that cannot be sampled from, or that does not fit the one the
// same name had before: a name keeps its kind, its Log and its choices through a study. Ranges may change.
var ErrDistribution = errors.New("invalid distribution")

// Distribution is what a parameter is drawn from: [IntRange], [FloatRange] or [Categorical].
type Distribution interface {
	resolve() (*dist, error)
}

type kind int

const (
	kindFloat kind = iota
	kindInt
	kindCategorical
)

func (k kind) String() string {
	return [...]string{"float", "int", "categorical"}[k]
}

// dist is a validated distribution. Values are float64 throughout, categories their index, as in Optuna's storage.
type dist struct {
	kind      kind
	low, high float64 // high is on the grid of step
	step      float64 // 0: continuous
	log       bool
	choices   []any
	source    Distribution
}

// single reports whether there is but one value, which is then used without drawing.
func (d *dist) single() bool {
	if d.kind == kindCategorical {
		return len(d.choices) == 1
	}
	return d.low == d.high
}

// contains is Optuna's test whether a jointly drawn value may be used for d. Rounding can push one out of a range.
func (d *dist) contains(v float64) bool {
	if d.kind == kindCategorical {
		return v >= 0 && int(v) < len(d.choices)
	}
	if !(d.low <= v && v <= d.high) {
		return false
	}
	switch {
	case d.kind == kindInt:
		return math.Mod(v-d.low, d.step) == 0
	case d.step != 0:
		k := (v - d.low) / d.step
		return math.Abs(k-math.RoundToEven(k)) < 1e-8
	}
	return true
}

func (d *dist) equal(o *dist) bool {
	return d == o || d.kind == o.kind && d.low == o.low && d.high == o.high && d.step == o.step && d.log == o.log &&
		slices.Equal(d.choices, o.choices)
}

// compatible says why d cannot follow old under the same name.
func (d *dist) compatible(old *dist) error {
	switch {
	case d.kind != old.kind:
		return fmt.Errorf("%w: it was %s before and is %s now", ErrDistribution, old.kind, d.kind)
	case d.log != old.log:
		return fmt.Errorf("%w: log was %t before and is %t now", ErrDistribution, old.log, d.log)
	case !slices.Equal(d.choices, old.choices):
		return fmt.Errorf("%w: the choices were %v before and are %v now", ErrDistribution, old.choices, d.choices)
	}
	return nil
}

// value is the external form of v: int, float64 or the choice.
func (d *dist) value(v float64) any {
	switch d.kind {
	case kindInt:
		return int(v)
	case kindCategorical:
		return d.choices[int(v)]
	case kindFloat:
	}
	return v
}

// internal is the inverse of value; it refuses what d could not have proposed in any range.
func (d *dist) internal(value any) (float64, error) {
	v := math.NaN()
	switch d.kind {
	case kindInt:
		if n, ok := value.(int); ok && int64(n) >= -maxInt && int64(n) <= maxInt {
			v = float64(n)
		}
	case kindFloat:
		if f, ok := value.(float64); ok {
			v = f
		}
	case kindCategorical:
		if i := slices.Index(d.choices, value); i >= 0 {
			v = float64(i)
		}
	}
	if !d.contains(v) {
		return 0, fmt.Errorf("%w: value %v (%T) does not belong to %v", ErrDistribution, value, value, d.source)
	}
	return v, nil
}
