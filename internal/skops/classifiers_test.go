package skops

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// TestRefusesClassifiersThatDoNotFit writes nothing that Python, which checks little, would fail on or be led astray by. What is written when all
// fits is compared with scikit-learn's own in package pipeline.
func TestRefusesClassifiersThatDoNotFit(t *testing.T) {
	two := Labels{Ints: []int64{0, 1}}
	svc := func(change func(*SVC)) *SVC {
		s := &SVC{
			Kernel: "rbf", Gamma: "scale", Classes: two, Rows: 4, Support: []int32{0, 3}, Counts: []int32{1, 1},
			Vectors: []float64{1, 2}, DualCoef: []float64{1, -1}, Intercept: []float64{0}, Iterations: []int32{1},
		}
		change(s)
		return s
	}
	neighbors := func(change func(*KNeighbors)) *KNeighbors {
		k := &KNeighbors{
			NNeighbors: 1, LeafSize: 1, Classes: two, X: []float64{1, 2, 3}, Y: []int64{0, 1, 1},
			Tree: &KDTree{
				Levels: 1, Order: []int64{0, 1, 2}, Nodes: []KDNode{{End: 3, Leaf: true, Radius: 1}}, Lower: []float64{1}, Upper: []float64{3},
			},
		}
		change(k)
		return k
	}
	write := func(c Classifier) error {
		p := Pipeline{Scaler: Scaler{Mean: []float64{0}, Var: []float64{1}, Scale: []float64{1}, Rows: 4}, Other: c}
		return p.Write(t.Context(), io.Discard)
	}
	for _, fits := range []Classifier{svc(func(*SVC) {}), neighbors(func(*KNeighbors) {}), &LinearSVC{Classes: two, Coef: []float64{1}, Intercept: []float64{0}}} {
		if err := write(fits); err != nil {
			t.Error(err)
		}
	}
	for says, c := range map[string]Classifier{
		"1 surfaces":                       &LinearSVC{Classes: two, Coef: []float64{1, 2}, Intercept: []float64{0}},
		"either integer or string classes": &LinearSVC{Coef: []float64{}, Intercept: []float64{}},
		"support vector 4 of 4":            svc(func(s *SVC) { s.Support[1] = 4 }),
		"2 support vectors, counts of 3":   svc(func(s *SVC) { s.Counts[0] = 2 }),
		"0 intercepts":                     svc(func(s *SVC) { s.Intercept = nil }),
		"gamma is a int":                   svc(func(s *SVC) { s.Gamma = 1 }),
		"row 1 has class 2 of 2":           neighbors(func(k *KNeighbors) { k.Y[1] = 2 }),
		"4 neighbours":                     neighbors(func(k *KNeighbors) { k.NNeighbors = 4 }),
		"row 3 at 2":                       neighbors(func(k *KNeighbors) { k.Tree.Order[2] = 3 }),
		"has rows 0 to 4 of 3":             neighbors(func(k *KNeighbors) { k.Tree.Nodes[0].End = 4 }),
		"leaf: false":                      neighbors(func(k *KNeighbors) { k.Tree.Nodes[0].Leaf = false }),
		"a tree of 2 levels":               neighbors(func(k *KNeighbors) { k.Tree.Levels = 2 }),
	} {
		if err := write(c); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an ErrInput that says %q", err, says)
		}
	}
}
