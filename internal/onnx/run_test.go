package onnx

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSingleRowDoesNotAllocate is what a service relies on: no garbage per request.
func TestSingleRowDoesNotAllocate(t *testing.T) {
	s, err := Load(stumpModel(t))
	if err != nil {
		t.Fatal(err)
	}
	r := s.NewRunner()
	x := NewDoubles([]float64{0.5, 3}, 1, 2)
	n := testing.AllocsPerRun(100, func() {
		if _, err := r.Run(x); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations a row", n)
	}
}

// TestBatchEqualsRows compares one large batch, which several goroutines score, with the same rows one by one, on
// runners of one session at the same time.
func TestBatchEqualsRows(t *testing.T) {
	f := stumpForest()
	for range 6 {
		f.Trees = append(f.Trees, f.Trees...)
	}
	m, err := f.Model()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(m)
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	x := NewDoubles(nil, n, 2)
	for i := range 2 * n {
		x.F64 = append(x.F64, float64(i%23)/4)
	}
	whole, err := s.NewRunner().Run(x)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			r := s.NewRunner()
			for i := range n {
				one, err := r.Run(NewDoubles(x.F64[2*i:2*i+2], 1, 2))
				if err != nil || one[0].I64[0] != whole[0].I64[i] || one[1].F32[0] != whole[1].F32[i] || one[2].F32[0] != whole[2].F32[i] {
					t.Errorf("row %d: %v, %v", i, one, err)
					return
				}
			}
		})
	}
	group.Wait()
}
