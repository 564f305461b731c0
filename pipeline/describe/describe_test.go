package describe_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/pipeline/describe"
)

// wines are the columns of the red wine table, the quality last.
func wines(t *testing.T) [][]float64 {
	t.Helper()
	file, err := os.Open("../../internal/wine/winequality-red.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := make([][]float64, len(rows[0]))
	for _, row := range rows[1:] {
		for j, cell := range row {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			columns[j] = append(columns[j], v)
		}
	}
	return columns
}

// odd are columns of few rows, of very different sizes, with ties.
func odd() [][]float64 {
	random := rand.New(rand.NewPCG(1, 2))
	columns := make([][]float64, 4)
	for i := range columns {
		for range 7 {
			columns[i] = append(columns[i], math.Round(random.NormFloat64()*10)*math.Pow(10, float64(4*i-6)))
		}
	}
	return columns
}

func TestFiguresArePythons(t *testing.T) {
	python := stack.Python(t, "mlflow")
	for name, columns := range map[string][][]float64{"wine": wines(t), "odd": odd()} {
		classes := make([]int, len(columns[0]))
		for row, v := range columns[len(columns)-1] {
			classes[row] = int(v * 1e-6)
			if name == "wine" {
				classes[row] = int(v)
			}
		}
		input, err := json.Marshal(map[string]any{"Columns": columns, "Classes": classes})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), python, "testdata/describe.py")
		cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
		output, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Describe    [][]float64
			Distinct    []int
			Correlation [][]float64
			Ratio       []float64
			Density     []describe.Curve
		}
		if err := json.Unmarshal(output, &want); err != nil {
			t.Fatal(err)
		}
		correlation, err := describe.Correlation(columns)
		if err != nil {
			t.Fatal(err)
		}
		for i, column := range columns {
			s, err := describe.Summarize(column)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("%s, description of column %d", name, i),
				[]float64{float64(s.Count), s.Mean, s.Std, s.Min, s.Q1, s.Median, s.Q3, s.Max}, want.Describe[i], 1e-12)
			if s.Distinct != want.Distinct[i] {
				t.Errorf("%s, column %d: %d different values, pandas finds %d", name, i, s.Distinct, want.Distinct[i])
			}
			near(t, fmt.Sprintf("%s, correlation of column %d", name, i), correlation[i], want.Correlation[i], 1e-12)
			ratio, err := describe.CorrelationRatio(column, classes)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("%s, ratio of column %d", name, i), []float64{ratio}, want.Ratio[i:i+1], 1e-9)
			curve, err := describe.Density(column, len(want.Density[i].X), 1)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("%s, places of column %d", name, i), curve.X, want.Density[i].X, 1e-12)
			near(t, fmt.Sprintf("%s, density of column %d", name, i), curve.Y, want.Density[i].Y, 1e-9)
		}
	}
}

// near compares within a share of the greatest value.
func near(t *testing.T, what string, got, want []float64, share float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	size := 0.0
	for _, v := range want {
		size = max(size, math.Abs(v))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= share*size) {
			t.Errorf("%s: value %d is %v, Python has %v", what, i, got[i], want[i])
			return
		}
	}
}

func TestValuesBeyondTheFences(t *testing.T) {
	s, err := describe.Summarize([]float64{1, 2, 3, 4, 5, 6, 7, 8, 100, -100})
	if err != nil {
		t.Fatal(err)
	}
	if s.Outside != 2 {
		t.Errorf("%d values beyond the fences, want 2: %+v", s.Outside, s)
	}
}

func TestColumnsOfOneValue(t *testing.T) {
	one := []float64{5, 5, 5}
	s, err := describe.Summarize(one)
	if err != nil || s.Std != 0 || s.Distinct != 1 || s.Outside != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if r, err := describe.Correlation([][]float64{one, {1, 2, 3}}); err != nil || !math.IsNaN(r[0][1]) || r[1][1] != 1 {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := describe.CorrelationRatio(one, []int{1, 2, 1}); err != nil || !math.IsNaN(r) {
		t.Errorf("%v, %v", r, err)
	}
}

func TestWhatHasNoFiguresIsRefused(t *testing.T) {
	if _, err := describe.Summarize(nil); err == nil {
		t.Error("a summary of nothing")
	}
	if _, err := describe.Correlation([][]float64{{1, 2}, {1}}); err == nil {
		t.Error("columns of different lengths")
	}
	if _, err := describe.CorrelationRatio([]float64{1}, nil); err == nil {
		t.Error("values without classes")
	}
	for _, values := range [][]float64{nil, {1}, {2, 2, 2}} {
		if _, err := describe.Density(values, 10, 1); err == nil {
			t.Errorf("a density of %v", values)
		}
	}
}

func ExampleDensity() {
	curve, err := describe.Density([]float64{1, 2, 2, 3}, 5, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, x := range curve.X {
		fmt.Printf("%.2f %.3f\n", x, curve.Y[i])
	}
	// Output:
	// -0.86 0.002
	// 0.57 0.149
	// 2.00 0.410
	// 3.43 0.149
	// 4.86 0.002
}
