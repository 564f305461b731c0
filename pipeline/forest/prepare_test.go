package forest_test

import (
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/pipeline/forest"
)

func TestParityOfScalerAndSplit(t *testing.T) {
	python := stack.Python(t, "mlflow")
	path := filepath.Join(t.TempDir(), "prepared")
	out, err := exec.CommandContext(t.Context(), python, "testdata/prepare.py", path).CombinedOutput()
	if err != nil {
		t.Fatalf("prepare.py: %v\n%s", err, out)
	}
	want := openSections(t, path)
	for i := range want.ints()[0] {
		compareScaler(t, fmt.Sprintf("table %d: ", i), want)
	}
	for range want.ints()[0] {
		compareSplit(t, want)
	}
}

func compareScaler(t *testing.T, name string, want *sections) {
	t.Helper()
	shape := want.ints()
	x := matrix(t, int(shape[1]), want.floats())
	s, err := forest.FitStandardScaler(x)
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, name+"mean_", want.floats(), s.Mean)
	sameBits(t, name+"var_", want.floats(), s.Var)
	sameBits(t, name+"scale_", want.floats(), s.Scale)
	scaled, err := s.Transform(x)
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, name+"transform", want.floats(), scaled.Data)
	row := make([]float64, x.Cols)
	for r := range x.Rows {
		if err := s.TransformRow(row, x.Row(r)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(row, scaled.Row(r)) {
			t.Fatalf("%srow %d: TransformRow gives %v, Transform %v", name, r, row, scaled.Row(r))
		}
	}
}

func compareSplit(t *testing.T, want *sections) {
	t.Helper()
	arguments, testSize := want.ints(), want.floats()[0]
	train, test, err := forest.TrainTestSplit(int(arguments[0]), testSize, uint32(arguments[1]))
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("split of %d by %v, seed %d: ", arguments[0], testSize, arguments[1])
	same(t, name+"train", want.ints(), train)
	same(t, name+"test", want.ints(), test)
}

func TestScalerRefusesBadInput(t *testing.T) {
	for name, x := range map[string]forest.Matrix{
		"no rows":    {Cols: 2},
		"no columns": {Rows: 2},
		"shape":      {Data: make([]float64, 3), Rows: 2, Cols: 2},
		"NaN":        {Data: []float64{1, math.NaN()}, Rows: 2, Cols: 1},
	} {
		if _, err := forest.FitStandardScaler(x); !errors.Is(err, forest.ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	s := &forest.StandardScaler{Mean: []float64{1, 2}, Scale: []float64{1, 1}}
	if _, err := s.Transform(forest.Matrix{Data: []float64{1}, Rows: 1, Cols: 1}); !errors.Is(err, forest.ErrInput) {
		t.Errorf("Transform of other columns: %v", err)
	}
	if _, err := s.Transform(forest.Matrix{Data: []float64{1}, Rows: 1, Cols: 2}); !errors.Is(err, forest.ErrInput) {
		t.Errorf("Transform of a misshapen matrix: %v", err)
	}
	if err := s.TransformRow(make([]float64, 1), []float64{1, 2}); !errors.Is(err, forest.ErrInput) {
		t.Errorf("TransformRow with little room: %v", err)
	}
	for name, s := range map[string]*forest.StandardScaler{
		"zero value": {},
		"lopsided":   {Mean: []float64{1, 2}, Scale: []float64{1}},
	} {
		if err := s.TransformRow(make([]float64, 2), make([]float64, 2)); !errors.Is(err, forest.ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
}

func TestSplitRefusesBadArguments(t *testing.T) {
	for _, c := range []struct {
		n        int
		testSize float64
		want     error
	}{
		{-1, 0.5, forest.ErrInput},
		{0, 0.5, forest.ErrInput},
		{1, 0.5, forest.ErrInput},
		{10, 0.99, forest.ErrInput},
		{10, 0, forest.ErrParams},
		{10, 1, forest.ErrParams},
		{10, -0.5, forest.ErrParams},
		{10, math.NaN(), forest.ErrParams},
	} {
		if _, _, err := forest.TrainTestSplit(c.n, c.testSize, 0); !errors.Is(err, c.want) {
			t.Errorf("TrainTestSplit(%d, %v): %v, want %v", c.n, c.testSize, err, c.want)
		}
	}
}
