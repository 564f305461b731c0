package tpe

import (
	"fmt"
	"math"
	"slices"
)

// Trial is a running trial of a [Study]: it proposes parameters and takes reports. It is safe for concurrent use.
type Trial struct {
	study  *Study
	record *record
}

// Number counts the trials of the study from 0.
func (t *Trial) Number() int {
	return t.record.number
}

// SuggestInt proposes an integer for the parameter name. A second call for the same name returns the same value and
// must give the same range. A range that cannot be sampled, or that does not fit the name's earlier distribution, is
// [ErrDistribution]; a trial that was told is [ErrFinished].
func (t *Trial) SuggestInt(name string, r IntRange) (int, error) {
	v, err := t.suggest(name, r)
	return int(v), err
}

// SuggestFloat proposes a number for the parameter name; see [Trial.SuggestInt].
func (t *Trial) SuggestFloat(name string, r FloatRange) (float64, error) {
	return t.suggest(name, r)
}

func (t *Trial) suggest(name string, distribution Distribution) (float64, error) {
	d, err := resolve(name, distribution)
	if err != nil {
		return 0, err
	}
	t.study.mu.Lock()
	defer t.study.mu.Unlock()
	if t.record.state != Running {
		return 0, fmt.Errorf("tpe: suggest %q for trial %d: %w", name, t.record.number, ErrFinished)
	}
	if err := t.study.checkDist(name, d); err != nil {
		return 0, err
	}
	return t.study.suggest(t.record, name, d)
}

func resolve(name string, distribution Distribution) (*dist, error) {
	if name == "" {
		return nil, fmt.Errorf("tpe: suggest: %w: the parameter has no name", ErrDistribution)
	}
	if distribution == nil {
		return nil, fmt.Errorf("tpe: suggest %q: %w: it is nil", name, ErrDistribution)
	}
	d, err := distribution.resolve()
	if err != nil {
		return nil, fmt.Errorf("tpe: suggest %q: %w", name, err)
	}
	return d, nil
}

// Params returns what has been suggested so far, in the order of the first calls.
func (t *Trial) Params() []Param {
	t.study.mu.Lock()
	defer t.study.mu.Unlock()
	return t.record.freeze().Params
}

// Report records an intermediate value of the objective at a step, counted from 0. Only the first value of a step
// counts. The last step ranks a trial that is then told as pruned. NaN is allowed and ranks last.
func (t *Trial) Report(step int, value float64) error {
	return t.change("report", func(r *record) error { return r.report(step, value) })
}

func (r *record) report(step int, value float64) error {
	if step < 0 {
		return fmt.Errorf("step %d is negative", step)
	}
	if r.reports == nil {
		r.reports = map[int]float64{}
	}
	if _, ok := r.reports[step]; !ok {
		r.reports[step] = value
	}
	return nil
}

// SetConstraint records the value of a constraint, which is violated if greater than 0. A trial that violates one ranks
// after all that violate none, by the sum of its violations. Only the first value of a name counts.
func (t *Trial) SetConstraint(name string, value float64) error {
	return t.change("set a constraint", func(r *record) error { return r.constrain(name, value) })
}

func (r *record) constrain(name string, value float64) error {
	if math.IsNaN(value) {
		return fmt.Errorf("constraint %q: %w", name, ErrNotANumber)
	}
	if slices.ContainsFunc(r.constraints, func(c Constraint) bool { return c.Name == name }) {
		return nil
	}
	r.constraints = append(r.constraints, Constraint{name, value})
	if value > 0 {
		r.violation += value
	}
	return nil
}

func (t *Trial) change(what string, change func(*record) error) error {
	t.study.mu.Lock()
	defer t.study.mu.Unlock()
	err := ErrFinished
	if t.record.state == Running {
		err = change(t.record)
	}
	if err != nil {
		return fmt.Errorf("tpe: %s for trial %d: %w", what, t.record.number, err)
	}
	return nil
}
