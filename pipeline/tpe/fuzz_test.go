package tpe

import (
	"bytes"
	"math"
	"testing"
)

// proposals draws from a distribution at random and by TPE, and checks that every value belongs to it.
func proposals(t *testing.T, d Distribution) {
	t.Helper()
	resolved, err := d.resolve()
	if err != nil {
		return
	}
	s := mustStudy(t, Config{Seed: 9, StartupTrials: 3})
	for i := range 8 {
		trial, err := s.AskSpace(Dimension{"x", d}, Dimension{"y", Choices(1, 2, 3)})
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		v := trial.record.values[0]
		slack := 1e-9 * math.Max(math.Abs(resolved.low), math.Abs(resolved.high))
		if resolved.step != 0 || resolved.kind == kindInt {
			slack = 0
		}
		if !(v >= resolved.low-slack && v <= resolved.high+slack) {
			t.Fatalf("%+v: trial %d proposes %v", d, i, v)
		}
		if resolved.kind == kindInt && !resolved.contains(v) {
			t.Fatalf("%+v: trial %d proposes %v, which is not on the grid", d, i, v)
		}
		if err := s.Tell(trial, float64(i%3)); err != nil {
			t.Fatal(err)
		}
		if err := s.AddTrial(FrozenTrial{State: Failed, Value: math.NaN()}); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzIntRange(f *testing.F) {
	f.Add(0, 10, 1, false)
	f.Add(50, 2000, 50, false)
	f.Add(1, 1, 0, true)
	f.Add(1, 1<<53, 1, true)
	f.Add(-1<<52, 1<<52, 3, false)
	f.Add(-1<<53, 0, 1<<53, false)
	f.Add(-1<<53, 1<<53, 3, false)
	f.Add(math.MinInt, math.MaxInt, math.MaxInt, false)
	f.Fuzz(func(t *testing.T, low, high, step int, logarithmic bool) {
		proposals(t, IntRange{Low: low, High: high, Step: step, Log: logarithmic})
	})
}

func FuzzFloatRange(f *testing.F) {
	f.Add(0.0, 1.0, 0.0, false)
	f.Add(0.0, 1.0, 0.1, false)
	f.Add(1e-300, 1e300, 0.0, true)
	f.Add(5e-324, 1e-323, 0.0, true)
	f.Add(-8e307, 8e307, 0.0, false)
	f.Add(-8e307, 8e307, 1e300, false)
	f.Add(1.0, math.Nextafter(1, 2), 0.0, false)
	f.Add(1.0, math.Nextafter(1, 2), 5e-324, false)
	f.Add(1e22, 2e22, 3.0, false)
	f.Fuzz(func(t *testing.T, low, high, step float64, logarithmic bool) {
		proposals(t, FloatRange{Low: low, High: high, Step: step, Log: logarithmic})
	})
}

func FuzzSetSamplerState(f *testing.F) {
	s := mustStudy(f, Config{})
	f.Add(s.SamplerState())
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, stateSize))
	f.Fuzz(func(t *testing.T, state []byte) {
		s := mustStudy(t, Config{StartupTrials: -1})
		before := s.SamplerState()
		if err := s.SetSamplerState(state); err != nil {
			if !bytes.Equal(before, s.SamplerState()) {
				t.Error("a refused state changed the study")
			}
			return
		}
		if !bytes.Equal(state, s.SamplerState()) {
			t.Error("the state does not come back")
		}
		proposals(t, FloatRange{High: 1})
		if v, err := s.Ask().SuggestFloat("x", FloatRange{High: 1}); err != nil || !(v >= 0 && v <= 1) {
			t.Errorf("proposes %v, %v", v, err)
		}
	})
}

func FuzzArgsort(f *testing.F) {
	f.Add([]byte("the quick brown fox"), uint8(0))
	f.Add(bytes.Repeat([]byte("aab"), 200), uint8(1))
	f.Add(bytes.Repeat([]byte{0, 0, 0, 0, 1}, 150), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, order uint8) {
		keys, arg := make([]float64, len(data)), make([]int32, len(data))
		for i, b := range data {
			keys[i] = float64(b)
		}
		argsort(keys, TieOrder(order%3), arg)
		sum := 0
		for i, a := range arg {
			sum += int(a)
			if i > 0 && keys[arg[i-1]] > keys[a] {
				t.Fatalf("position %d is not sorted", i)
			}
		}
		if sum != len(arg)*(len(arg)-1)/2 {
			t.Fatal("an index is lost")
		}
	})
}
