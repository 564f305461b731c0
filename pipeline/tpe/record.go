package tpe

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// State of a trial.
type State int

// The states of a trial, as Optuna's TrialState.
const (
	Running State = iota
	Complete
	Pruned
	Failed
)

// String is Optuna's name of the state.
func (s State) String() string {
	names := [...]string{"RUNNING", "COMPLETE", "PRUNED", "FAIL"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return names[s]
}

// Param is a parameter of a trial.
type Param struct {
	Name         string
	Distribution Distribution
	Value        any // int, float64, or a choice of the type given
}

// Constraint is a value that should not be greater than 0.
type Constraint struct {
	Name  string
	Value float64
}

// FrozenTrial is a copy of a trial's record. [Study.AddTrial] puts one into another study.
type FrozenTrial struct {
	Number int // counted from 0 in the order of asking
	State  State
	// Value of a complete trial, or the last value reported by a pruned one; else NaN.
	Value float64
	// Params in the order they were first suggested.
	Params []Param
	// Reports are the intermediate values by step; nil if there are none.
	Reports map[int]float64
	// Constraints in the order they were set.
	Constraints []Constraint
}

// Param returns the value of the parameter name.
func (t FrozenTrial) Param(name string) (value any, ok bool) {
	for _, p := range t.Params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return nil, false
}

// record is a trial inside its study.
type record struct {
	number      int
	state       State
	value       float64
	params      []param
	values      []float64 // by the study's parameter index; NaN where the trial has none
	joint       []float64 // drawn together, perhaps not yet suggested; indexed as values
	jointDrawn  bool
	reports     map[int]float64
	constraints []Constraint
	violation   float64 // sum of the violated constraints
}

type param struct {
	name  string
	index int
	dist  *dist
}

// finish ends the trial; what was drawn but never suggested is forgotten.
func (r *record) finish(state State, value float64) {
	r.state, r.value = state, value
	r.joint = nil
}

// find returns the parameter name if it has been suggested.
func (r *record) find(name string) *param {
	for i := range r.params {
		if r.params[i].name == name {
			return &r.params[i]
		}
	}
	return nil
}

func (r *record) set(name string, index int, d *dist, v float64) {
	r.params = append(r.params, param{name: name, index: index, dist: d})
	r.values = put(r.values, index, v)
}

// put sets a[index], growing a with NaN.
func put(a []float64, index int, v float64) []float64 {
	for len(a) <= index {
		a = append(a, math.NaN())
	}
	a[index] = v
	return a
}

// at returns the value of a parameter that the model sees, or NaN: a running trial's drawn ones count before they are
// suggested.
func (r *record) at(index int) float64 {
	if index < len(r.values) && r.values[index] == r.values[index] {
		return r.values[index]
	}
	if index < len(r.joint) {
		return r.joint[index]
	}
	return math.NaN()
}

func (r *record) lastReport() (step int, value float64, ok bool) {
	if len(r.reports) == 0 {
		return 0, 0, false
	}
	step = slices.Max(slices.Collect(maps.Keys(r.reports)))
	return step, r.reports[step], true
}

func (r *record) freeze() FrozenTrial {
	t := FrozenTrial{Number: r.number, State: r.state, Value: r.value, Reports: maps.Clone(r.reports), Constraints: slices.Clone(r.constraints)}
	if r.state == Running {
		t.Value = math.NaN()
	}
	t.Params = make([]Param, len(r.params))
	for i, p := range r.params {
		t.Params[i] = Param{Name: p.name, Distribution: p.dist.source, Value: p.dist.value(r.values[p.index])}
	}
	return t
}
