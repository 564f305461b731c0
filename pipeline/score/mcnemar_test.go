package score

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"mlopsgo/internal/stack"
)

func TestMcNemarIsScipysBinomialTest(t *testing.T) {
	python := stack.Python(t, "mlflow")
	pairs := [][2]int{{0, 0}, {1, 0}, {0, 1}, {5, 5}, {3, 12}, {12, 3}, {40, 41}, {7, 90}, {0, 60}, {500, 430}, {1000, 1001}, {0, 1100}, {30000, 30400}}
	input, err := json.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	const program = `import json, sys
from scipy.stats import binomtest
print(json.dumps([binomtest(a, a + b).pvalue if a + b else 1.0 for a, b in json.loads(sys.argv[1])]))`
	out, err := exec.CommandContext(t.Context(), python, "-c", program, string(input)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []float64
	if err := json.Unmarshal(out, &want); err != nil || len(want) != len(pairs) {
		t.Fatal(err, len(want))
	}
	for i, pair := range pairs {
		if got := McNemar(pair[0], pair[1]); math.Abs(got-want[i]) > 1e-9*want[i] {
			t.Errorf("McNemar(%d, %d) is %v, scipy says %v", pair[0], pair[1], got, want[i])
		}
	}
}

func ExampleMcNemar() {
	// Of 400 wines the new model alone is right on 12, the old one alone on 3.
	fmt.Printf("%.4f\n", McNemar(12, 3))
	// Output: 0.0352
}
