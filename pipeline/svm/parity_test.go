package svm

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"

	"mlopsgo/internal/stack"
)

// dataset is one set of testdata/parity.py, with what scikit-learn makes of it.
type dataset struct {
	Name   string
	X      []float64
	Cols   int
	Y      []int
	Test   []float64
	Linear []struct {
		Params     map[string]any
		Decision   []float64
		Labels     []int
		Iterations int
	}
	SVC []kernelResult
}

type kernelResult struct {
	Params     map[string]any
	Decision   []float64
	Pairwise   []float64
	Labels     []int
	Iterations []int
	Support    []int
	Counts     []int
	Gamma      float64
}

func datasets(t *testing.T) []dataset {
	t.Helper()
	command := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), "testdata/parity.py", "../../internal/wine/winequality-red.csv")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var sets []dataset
	if err := json.Unmarshal(output, &sets); err != nil {
		t.Fatal(err)
	}
	if len(sets) == 0 {
		t.Fatal("no data sets")
	}
	return sets
}

func (d *dataset) matrices() (x, test Matrix) {
	return Matrix{Data: d.X, Rows: len(d.Y), Cols: d.Cols}, Matrix{Data: d.Test, Rows: len(d.Test) / d.Cols, Cols: d.Cols}
}

// TestScikitLearnFindsTheSame trains on every set with scikit-learn and here.
func TestScikitLearnFindsTheSame(t *testing.T) {
	for _, set := range datasets(t) {
		t.Run(set.Name, func(t *testing.T) {
			for _, want := range set.Linear {
				t.Run("LinearSVC"+fmt.Sprint(want.Params), func(t *testing.T) {
					x, test := set.matrices()
					m, err := FitLinear(t.Context(), x, set.Y, linearParams(t, want.Params))
					if err != nil {
						t.Fatal(err)
					}
					if got := slices.Max(m.Iterations()); got != want.Iterations {
						t.Errorf("%d iterations, scikit-learn has %d", got, want.Iterations)
					}
					decision, err := m.Decision(t.Context(), test)
					if err != nil {
						t.Fatal(err)
					}
					tolerance := 1e-12
					if set.Cols >= 15 {
						tolerance = 1e-10 // see product: with the intercept OpenBLAS adds these in an order of the processor's
					}
					near(t, "decision", decision.Data, want.Decision, tolerance)
					labels, err := m.Predict(t.Context(), test)
					if err != nil || !slices.Equal(labels, want.Labels) {
						t.Errorf("labels differ (%v)", err)
					}
				})
			}
			for _, want := range set.SVC {
				t.Run("SVC"+fmt.Sprint(want.Params), func(t *testing.T) { sameSVC(t, &set, want) })
			}
		})
	}
}

func sameSVC(t *testing.T, set *dataset, want kernelResult) {
	x, test := set.matrices()
	m, err := FitSVC(t.Context(), x, set.Y, kernelParams(t, want.Params))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Iterations(), want.Iterations) {
		t.Errorf("iterations %v, scikit-learn has %v", m.Iterations(), want.Iterations)
	}
	if !slices.Equal(m.Support(), want.Support) || !slices.Equal(m.Counts(), want.Counts) {
		t.Errorf("%d support vectors %v, scikit-learn has %d %v", len(m.Support()), m.Counts(), len(want.Support), want.Counts)
	}
	if math.Abs(m.Gamma()-want.Gamma) > 1e-15*want.Gamma {
		t.Errorf("gamma %v, scikit-learn has %v", m.Gamma(), want.Gamma)
	}
	decision, err := m.Decision(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "decision", decision.Data, want.Decision, 1e-10)
	pairwise, err := m.Pairwise(t.Context(), test)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Classes()) == 2 {
		for i := range pairwise.Data {
			pairwise.Data[i] = -pairwise.Data[i]
		}
	}
	near(t, "pairwise", pairwise.Data, want.Pairwise, 1e-10)
	labels, err := m.Predict(t.Context(), test)
	if err != nil || !slices.Equal(labels, want.Labels) {
		t.Errorf("labels differ (%v)", err)
	}
}

// near compares values, relative to their size above 1.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%s: %d values, scikit-learn has %d", what, len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		worst = max(worst, math.Abs(got[i]-want[i])/max(1, math.Abs(want[i])))
	}
	t.Logf("%s: within %.2g", what, worst)
	if !(worst <= tolerance) {
		t.Errorf("%s: differs by %.3g, want at most %.3g", what, worst, tolerance)
	}
}

func linearParams(t *testing.T, named map[string]any) LinearParams {
	p := DefaultLinearParams()
	for name, value := range named {
		switch name {
		case "C":
			p.C = value.(float64)
		case "tol":
			p.Tol = value.(float64)
		case "fit_intercept":
			p.NoIntercept = !value.(bool)
		case "intercept_scaling":
			p.InterceptScaling = value.(float64)
		default:
			t.Fatalf("parameter %s", name)
		}
	}
	return p
}

func kernelParams(t *testing.T, named map[string]any) Params {
	p := DefaultParams()
	for name, value := range named {
		switch name {
		case "C":
			p.C = value.(float64)
		case "tol":
			p.Tol = value.(float64)
		case "kernel":
			p.Kernel = Kernel(value.(string))
		case "coef0":
			p.Coef0 = value.(float64)
		case "cache_size":
			p.CacheMB = value.(float64)
		case "max_iter":
			p.MaxIter = int(value.(float64))
		case "shrinking":
			p.NoShrinking = !value.(bool)
		case "gamma":
			if rule, ok := value.(string); ok {
				p.GammaRule = rule
			} else {
				p.GammaRule, p.Gamma = "", value.(float64)
			}
		default:
			t.Fatalf("parameter %s", name)
		}
	}
	return p
}
