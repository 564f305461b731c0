package tpe

import (
	"errors"
	"math"
	"reflect"
	"testing"
)

// TestResume: a study restored from its trials and the generators' state goes on as if it had not stopped.
func TestResume(t *testing.T) {
	for _, cfg := range []Config{{Seed: 5}, {Seed: 5, Group: true}, {Seed: 5, Direction: Maximize, Univariate: true}, {Sampler: Random}} {
		for _, stop := range []int{0, 4, 15, 33} {
			whole, first := mustStudy(t, cfg), mustStudy(t, cfg)
			advance(t, whole, 45)
			advance(t, first, stop)
			second := mustStudy(t, cfg)
			for _, trial := range first.Trials() {
				if err := second.AddTrial(trial); err != nil {
					t.Fatal(err)
				}
			}
			if err := second.SetSamplerState(first.SamplerState()); err != nil {
				t.Fatal(err)
			}
			advance(t, second, 45-stop)
			if !equalTrials(whole.Trials(), second.Trials()) {
				t.Errorf("%+v stopped after %d trials goes on differently", cfg, stop)
			}
		}
	}
}

// advance runs n trials of a conditional space with every kind of end.
func advance(t *testing.T, s *Study, n int) {
	t.Helper()
	for range n {
		trial := s.Ask()
		i := trial.Number()
		x := must[float64](t)(trial.SuggestFloat("x", FloatRange{Low: -3, High: 3}))
		if must[string](t)(SuggestCategorical(trial, "kind", "a", "b")) == "a" {
			x += float64(must[int](t)(trial.SuggestInt("n", IntRange{Low: 1, High: 100, Log: true})))
		}
		err := trial.Report(i%3, x)
		switch i % 7 {
		case 3:
			err = errors.Join(err, s.TellPruned(trial))
		case 5:
			err = errors.Join(err, s.TellFailed(trial))
		case 6:
			err = errors.Join(err, trial.SetConstraint("c", x), trial.SetConstraint("d", 1), s.Tell(trial, x))
		default:
			err = errors.Join(err, s.Tell(trial, math.Round(x*x)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// equalTrials is reflect.DeepEqual but for NaN.
func equalTrials(a, b []FrozenTrial) bool {
	for _, trials := range [][]FrozenTrial{a, b} {
		for i := range trials {
			if math.IsNaN(trials[i].Value) {
				trials[i].Value = 0
			}
		}
	}
	return reflect.DeepEqual(a, b)
}

// TestAddTrialAloneRestartsTheGenerators, as with Optuna's storages.
func TestAddTrialAloneRestartsTheGenerators(t *testing.T) {
	s := mustStudy(t, Config{})
	first := must[int](t)(s.Ask().SuggestInt("x", IntRange{High: 1 << 40}))
	restored := mustStudy(t, Config{})
	trial := FrozenTrial{State: Failed, Value: math.NaN(), Params: []Param{{"x", IntRange{High: 1 << 40}, first}}}
	if err := restored.AddTrial(trial); err != nil {
		t.Fatal(err)
	}
	next := restored.Ask()
	if again := must[int](t)(next.SuggestInt("x", IntRange{High: 1 << 40})); again != first || next.Number() != 1 {
		t.Errorf("trial %d proposes %d, want trial 1 to propose %d again", next.Number(), again, first)
	}
}

func TestAddTrialValidates(t *testing.T) {
	ok := Param{"x", IntRange{Low: 1, High: 9, Step: 2}, 3}
	complete := func(params ...Param) FrozenTrial { return FrozenTrial{State: Complete, Params: params} }
	for name, c := range map[string]struct {
		trial FrozenTrial
		is    error
	}{
		"running":        {FrozenTrial{State: Running}, nil},
		"unknown state":  {FrozenTrial{State: 7}, nil},
		"NaN":            {FrozenTrial{State: Complete, Value: math.NaN()}, ErrNotANumber},
		"constraint":     {FrozenTrial{State: Complete, Constraints: []Constraint{{"c", math.NaN()}}}, ErrNotANumber},
		"step":           {FrozenTrial{State: Pruned, Reports: map[int]float64{-1: 0}}, nil},
		"no range":       {complete(Param{Name: "y", Value: 1}), ErrDistribution},
		"bad range":      {complete(Param{"y", IntRange{Low: 2, High: 1}, 1}), ErrDistribution},
		"type":           {complete(Param{"y", IntRange{High: 3}, 1.0}), ErrDistribution},
		"float's type":   {complete(Param{"y", FloatRange{High: 3}, 1}), ErrDistribution},
		"off the grid":   {complete(Param{"y", IntRange{Low: 1, High: 9, Step: 2}, 4}), ErrDistribution},
		"float's grid":   {complete(Param{"y", FloatRange{High: 1, Step: 0.1}, 0.15}), ErrDistribution},
		"out of range":   {complete(Param{"y", FloatRange{High: 1}, 1.5}), ErrDistribution},
		"no such choice": {complete(Param{"y", Choices("a", "b"), "c"}), ErrDistribution},
		"uncomparable":   {complete(Param{"y", Choices("a", "b"), []int{1}}), ErrDistribution},
		"twice":          {complete(ok, ok), ErrDistribution},
		"other kind":     {complete(Param{"known", FloatRange{High: 1}, 1.0}), ErrDistribution},
	} {
		s := mustStudy(t, Config{})
		if err := s.AddTrial(complete(Param{"known", IntRange{High: 1}, 1}, ok)); err != nil {
			t.Fatal(err)
		}
		err := s.AddTrial(c.trial)
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: AddTrial = %v, want %v", name, err, c.is)
		}
		if n := len(s.Trials()); n != 1 {
			t.Errorf("%s: %d trials after a refused one, want 1", name, n)
		}
	}
}

func TestSetSamplerStateValidates(t *testing.T) {
	s := mustStudy(t, Config{Seed: 1})
	good := s.SamplerState()
	version, position := append([]byte{}, good...), append([]byte{}, good...)
	version[0]++
	position[len(position)-1] = 0xff
	for name, state := range map[string][]byte{
		"nil": nil, "short": good[1:], "long": append(append([]byte{}, good...), 0), "version": version, "position": position,
	} {
		if err := s.SetSamplerState(state); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
	if got := s.SamplerState(); !reflect.DeepEqual(got, good) {
		t.Error("a refused state changed the study")
	}
}
