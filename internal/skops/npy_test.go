package skops

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

// TestArraysAreNumpys writes arrays of every kind and has numpy.save write them too: the bytes are the same.
func TestArraysAreNumpys(t *testing.T) {
	python := stack.Python(t, "mlflow")
	tree := twoSplits()
	ten := make([]float64, 10)
	arrays := map[string]*Array{
		"np.array([])":                          float64s(nil),
		"np.array([1.5, -0.0, np.inf, 1e-310])": float64s([]float64{1.5, math.Copysign(0, -1), math.Inf(1), 1e-310}),
		"np.zeros(10)":                          float64s(ten),
		"np.zeros((10, 1, 1))":                  float64s(ten, 10, 1, 1),
		"np.zeros((1, 2, 5))":                   float64s(ten, 1, 2, 5),
		"np.array([3, -4])":                     int64s(3, -4),
		"np.int64(7)":                           single(int64s(7)),
		"np.float64(0.1)":                       single(float64s([]float64{0.1})),
		"nodes([(1, 2, 0, 0.5, 0.48, 5, 5.0, 1), (-1, -1, -2, -2.0, 0.0, 2, 2.0, 0), (3, 4, 1, 1.5, 0.44, 3, 3.0, 0), " +
			"(-1, -1, -2, -2.0, 0.0, 2, 2.0, 0), (-1, -1, -2, -2.0, 0.0, 1, 1.0, 0)])": {Descr: nodeDescr, Shape: []int{5}, Append: tree.appendNodes},
	}
	given := map[string]string{}
	for expression, a := range arrays {
		given[expression] = base64.StdEncoding.EncodeToString(a.appendNPY(nil))
	}
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "testdata/arrays.py")
	command.Stdin = strings.NewReader(string(text))
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if want := "9 arrays are the same\n"; string(output) != want {
		t.Errorf("%s", output)
	}
}
