package onnx

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// TestRankedWalk: the ranked nodes alone send every row where the others do, a missing value as well.
func TestRankedWalk(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		e := randomEnsemble(rng, 0.5)
		for i := range e.nodes {
			e.nodes[i].missing = rng.IntN(2) == 0
		}
		r := e.rank()
		if r == nil {
			continue
		}
		data := compact(e, r)
		again, read, err := readCompact(data)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(compact(again, read), data) {
			t.Fatal("the compact form changes when it is read")
		}
		for range 20 {
			row := make([]float64, 3)
			for i := range row {
				if row[i] = someValue(rng, 0.5); rng.IntN(4) == 0 {
					row[i] = math.NaN()
				}
			}
			for _, root := range e.roots {
				if want, got := e.walk(root, row), again.walk(root, row); got != want {
					t.Fatalf("row %v: leaf %d, want %d", row, got, want)
				}
			}
		}
	}
}

// FuzzReadCompact: whatever a damaged form holds, trees end and stay within their lists.
func FuzzReadCompact(f *testing.F) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 5 {
		if e := randomEnsemble(rng, 0.5); e.rank() != nil {
			f.Add(compact(e, e.rank()))
		}
	}
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		e, r, err := readCompact(data)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		if e.features > 1<<10 || e.columns > 1<<10 {
			return // rows and sums as wide as a caller would have to bring them
		}
		row := make([]float64, max(1, e.features))
		leaves := make([]uint32, 2*len(e.roots), 3*len(e.roots))
		for i, walker := range []walker{r, r.fastest(e)} {
			w := &treeWorker{}
			walker.start(w)
			if !walker.rank(w, 0, row) {
				t.Fatal("0 is missing")
			}
			walker.walkTrees(w, leaves[i*len(e.roots):(i+1)*len(e.roots)])
		}
		row[0] = math.NaN()
		for _, root := range e.roots {
			leaves = append(leaves, e.walk(root, row))
		}
		for _, leaf := range leaves {
			if int(leaf+1)*e.columns > len(e.leaves) {
				t.Fatalf("leaf %d of %d values", leaf, len(e.leaves))
			}
		}
	})
}
