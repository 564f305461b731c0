package svm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// ring is a small set that no plane divides.
func ring() (Matrix, []int) {
	var x Matrix
	var y []int
	for i := range 120 {
		angle, radius := float64(i), float64(1+i%3)
		x.Data = append(x.Data, radius*math.Cos(angle), radius*math.Sin(angle))
		y = append(y, 10*(i%3))
	}
	x.Rows, x.Cols = len(y), 2
	return x, y
}

func TestRefusesWhatCannotBeLearnt(t *testing.T) {
	x, y := ring()
	with := func(change func(*Params)) Params { p := DefaultParams(); change(&p); return p }
	for says, try := range map[string]func() error{
		"at least 2 are needed": func() error {
			_, err := FitSVC(t.Context(), x, make([]int, x.Rows), DefaultParams())
			return err
		},
		"119 labels": func() error { _, err := FitLinear(t.Context(), x, y[1:], DefaultLinearParams()); return err },
		"row 1, column 0": func() error {
			bad := Matrix{Data: []float64{1, 2, math.NaN(), 4}, Rows: 2, Cols: 2}
			_, err := FitSVC(t.Context(), bad, []int{0, 1}, DefaultParams())
			return err
		},
		"for a matrix of": func() error {
			_, err := FitLinear(t.Context(), Matrix{Data: x.Data, Rows: 3, Cols: 3}, y, DefaultLinearParams())
			return err
		},
		`kernel "cosine"`: func() error {
			_, err := FitSVC(t.Context(), x, y, with(func(p *Params) { p.Kernel = "cosine" }))
			return err
		},
		"C is 0": func() error { _, err := FitSVC(t.Context(), x, y, with(func(p *Params) { p.C = 0 })); return err },
		"gamma is": func() error {
			_, err := FitSVC(t.Context(), x, y, with(func(p *Params) { p.GammaRule = "wide" }))
			return err
		},
		"tol is": func() error {
			_, err := FitSVC(t.Context(), x, y, with(func(p *Params) { p.Tol = math.NaN() }))
			return err
		},
		"max_iter": func() error {
			_, err := FitLinear(t.Context(), x, y, LinearParams{C: 1, Tol: 1, InterceptScaling: 1})
			return err
		},
		"a model of": func() error {
			m, err := FitSVC(t.Context(), x, y, DefaultParams())
			if err != nil {
				return err
			}
			_, err = m.Predict(t.Context(), Matrix{Data: x.Data[:3], Rows: 1, Cols: 3})
			return err
		},
	} {
		if err := try(); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an ErrInput that says %q", err, says)
		}
	}
}

func TestTheContextEndsTheWork(t *testing.T) {
	x, y := ring()
	ctx, cancel := context.WithCancel(t.Context())
	m, err := FitSVC(ctx, x, y, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	p := DefaultParams()
	p.C, p.Tol = 1e6, 1e-9
	if _, err := FitSVC(ctx, x, y, p); !errors.Is(err, context.Canceled) {
		t.Errorf("training: %v", err)
	}
	if _, err := m.Predict(ctx, x); !errors.Is(err, context.Canceled) {
		t.Errorf("predicting: %v", err)
	}
	if _, err := FitLinear(ctx, x, y, DefaultLinearParams()); !errors.Is(err, context.Canceled) {
		t.Errorf("training LinearSVC: %v", err)
	}
}

// TestMemoryChangesNothing trains with two rows of the kernel in memory, and with kernels that no pair shares.
func TestMemoryChangesNothing(t *testing.T) {
	x, y := ring()
	want, err := FitSVC(t.Context(), x, y, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	p := DefaultParams()
	p.CacheMB = 1e-9
	g, err := group(x, y)
	if err != nil {
		t.Fatal(err)
	}
	kernels := newGram(want.similarity(), g.x)
	kernels.rows = nil
	for i, one := range pairsOf(g, kernels, p) {
		if err := one.solve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if one.cacheRows != 2 || one.iterations != want.iterations[i] || one.rho != -want.intercept[i] {
			t.Errorf("pair %d: %d rows kept, %d iterations, rho %v; want %d and %v", i, one.cacheRows, one.iterations, one.rho, want.iterations[i], -want.intercept[i])
		}
	}
}

func ExampleFitSVC() {
	x := Matrix{Data: []float64{-1, -1, 1, 1, -1, 1, 1, -1}, Rows: 4, Cols: 2} // the corners of a square
	y := []int{0, 0, 1, 1}                                                     // opposite ones alike: no line divides them
	model, err := FitSVC(context.Background(), x, y, DefaultParams())
	if err != nil {
		fmt.Println(err)
		return
	}
	labels, err := model.Predict(context.Background(), x)
	fmt.Println(labels, err)
	// Output: [0 0 1 1] <nil>
}
