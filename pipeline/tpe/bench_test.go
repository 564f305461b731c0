package tpe

import (
	"fmt"
	"math"
	"testing"
)

// benchStudy has n finished trials of the notebook's space or, if mixed, of eight parameters of all kinds.
func benchStudy(tb testing.TB, n int, mixed bool) (*Study, []Dimension) {
	tb.Helper()
	s, err := NewStudy(Config{Direction: Maximize})
	if err != nil {
		tb.Fatal(err)
	}
	space := originalSpace()
	if mixed {
		space = mixedSpace()
	}
	for range n {
		trial, err := s.AskSpace(space...)
		if err != nil {
			tb.Fatal(err)
		}
		if err := s.Tell(trial, benchValue(trial)); err != nil {
			tb.Fatal(err)
		}
	}
	return s, space
}

func benchValue(trial *Trial) float64 {
	sum := 0.0
	for i, v := range trial.record.values {
		sum += math.Cos(v/10 + float64(i))
	}
	return math.Round(sum*50) / 400
}

func originalSpace() []Dimension {
	return []Dimension{
		{"n_estimators", IntRange{Low: 50, High: 2000, Step: 50}},
		{"max_features", Choices("sqrt", "log2")},
		{"max_depth", IntRange{Low: 10, High: 100, Step: 10}},
		{"bootstrap", Choices(true, false)},
		{"min_samples_leaf", IntRange{Low: 1, High: 4}},
		{"min_samples_split", IntRange{Low: 2, High: 10}},
	}
}

func mixedSpace() []Dimension {
	return []Dimension{
		{"a", FloatRange{Low: -5, High: 5}},
		{"b", FloatRange{Low: 1e-6, High: 1, Log: true}},
		{"c", IntRange{Low: 1, High: 500, Log: true}},
		{"d", FloatRange{Low: 0, High: 1, Step: 0.01}},
		{"e", Choices("u", "v", "w")},
		{"f", IntRange{Low: 0, High: 3}},
		{"g", FloatRange{Low: 0, High: 100}},
		{"h", IntRange{Low: 50, High: 2000, Step: 50}},
	}
}

// BenchmarkSuggest measures one proposal of all parameters after so many finished trials.
func BenchmarkSuggest(b *testing.B) {
	for _, mixed := range []bool{false, true} {
		for _, n := range []int{50, 500, 1000} {
			b.Run(fmt.Sprintf("mixed=%t/trials=%d", mixed, n), func(b *testing.B) {
				s, space := benchStudy(b, n, mixed)
				b.ReportAllocs()
				for b.Loop() {
					trial, err := s.AskSpace(space...)
					if err != nil {
						b.Fatal(err)
					}
					if err := s.TellFailed(trial); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
