package tpe

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

func facts[T any](t *testing.T, disabledFeatures, what string) (TieOrder, T) {
	t.Helper()
	order, out := python(t, disabledFeatures, "numpy_facts.py", what)
	var v T
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	return order, v
}

// TestArgsortIsNumpys compares the order of equal keys with numpy's for each instruction set the machine has.
func TestArgsortIsNumpys(t *testing.T) {
	for _, features := range []string{"", upToAVX2, noSIMD} {
		order, cases := facts[[]struct {
			Keys  []float64
			Order []int32
		}](t, features, "argsort")
		for _, c := range cases {
			got := make([]int32, len(c.Keys))
			argsort(c.Keys, order, got)
			if !slices.Equal(got, c.Order) {
				t.Errorf("order %d, %d keys: %v, numpy's %v", order, len(got), got, c.Order)
			}
		}
	}
}

// TestArgsortSorts needs no numpy: whatever the order of ties, the keys are sorted and no index is lost.
func TestArgsortSorts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, order := range []TieOrder{TieX86SIMD, TieX86AVX512, TieBaseline} {
		for n := range 600 {
			keys, arg := make([]float64, n), make([]int32, n)
			for i := range keys {
				keys[i] = float64(r.IntN(1 + n/3))
			}
			argsort(keys, order, arg)
			seen := make([]bool, n)
			for i, a := range arg {
				seen[a] = true
				if i > 0 && keys[arg[i-1]] > keys[a] {
					t.Fatalf("order %d, %d keys: position %d is not sorted", order, n, i)
				}
			}
			if slices.Contains(seen, false) {
				t.Fatalf("order %d, %d keys: an index is lost", order, n)
			}
		}
	}
}

func TestPairwiseSumIsNumpys(t *testing.T) {
	_, cases := facts[[]struct {
		Terms []hexFloat
		Sum   hexFloat
	}](t, "", "sums")
	for _, c := range cases {
		terms := make([]float64, len(c.Terms))
		for i, v := range c.Terms {
			terms[i] = float64(v)
		}
		if got := pairwiseSum(terms); got != float64(c.Sum) {
			t.Errorf("%d terms: %v, numpy's %v", len(terms), got, float64(c.Sum))
		}
	}
}

func TestRandomStateIsNumpys(t *testing.T) {
	_, cases := facts[[]struct {
		Seed             uint32
		Doubles, Uniform []hexFloat
	}](t, "", "random")
	for _, c := range cases {
		g := newMT19937(c.Seed)
		for i, want := range c.Doubles {
			if got := g.double(); got != float64(want) {
				t.Fatalf("seed %d, draw %d: %v, numpy's %v", c.Seed, i, got, float64(want))
			}
		}
		for _, want := range c.Uniform {
			if got := g.uniform(-3.5, 7.25); got != float64(want) {
				t.Errorf("seed %d: uniform %v, numpy's %v", c.Seed, got, float64(want))
			}
		}
	}
}

// TestMT19937 checks the value that the C++ standard fixes for the generator ([rand.predef]).
func TestMT19937(t *testing.T) {
	g := newMT19937(5489)
	var last uint32
	for range 10000 {
		last = g.uint32()
	}
	if last != 4123659995 {
		t.Errorf("the 10000th word is %d, want 4123659995", last)
	}
}

// TestWeights checks the ramp of Optuna's default_weights around its breaks.
func TestWeights(t *testing.T) {
	for n, first := range map[int]float64{0: 1, 1: 1, 24: 1, 25: 1, 26: 1.0 / 26, 27: 1.0 / 27, 100: 0.01} {
		w := weights(n)
		last := w[len(w)-1]
		if len(w) != n+1 || w[0]/last < first*(1-1e-12) || w[0]/last > first*(1+1e-12) {
			t.Errorf("weights(%d): %d values, first to last %v, want %d and %v", n, len(w), w[0]/last, n+1, first)
		}
		if s := pairwiseSum(w); s < 1-1e-12 || s > 1+1e-12 {
			t.Errorf("weights(%d) sum to %v", n, s)
		}
		if flat := w[max(0, n-25):]; slices.Max(flat) != slices.Min(flat) {
			t.Errorf("weights(%d): the last 25 differ: %v", n, flat)
		}
	}
}
