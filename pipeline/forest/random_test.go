package forest

import (
	"math"
	"slices"
	"testing"
)

// TestMersenneTwister has the first draws of numpy.random.RandomState(seed).randint(0, 2**32, dtype="uint32").
func TestMersenneTwister(t *testing.T) {
	for seed, want := range map[uint32][]uint32{
		0:    {2357136044, 2546248239, 3071714933, 3626093760},
		5489: {3499211612, 581869302, 3890346734, 3586334585}, // the authors' own check
	} {
		var g mt19937
		g.seed(seed)
		var got []uint32
		for range want {
			got = append(got, g.uint32())
		}
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: %v, want %v", seed, got, want)
		}
	}
}

func TestRangeOfOneDrawsNothing(t *testing.T) {
	var g mt19937
	g.seed(1)
	first := g.uint32()
	g.seed(1)
	if v := g.intn(1); v != 0 {
		t.Errorf("intn(1) = %d", v)
	}
	if v := g.uint32(); v != first {
		t.Error("intn(1) drew a number")
	}
}

func TestXorshiftLeavesZero(t *testing.T) {
	zero, one := xorshift(0), xorshift(1)
	if a, b := zero.between(0, 1000), one.between(0, 1000); a != b {
		t.Errorf("state 0 draws %d, state 1 %d", a, b)
	}
}

func TestSortable(t *testing.T) {
	ordered := []float32{
		-math.MaxFloat32, -1, -math.SmallestNonzeroFloat32, 0, math.SmallestNonzeroFloat32, 1e-30, 1, math.MaxFloat32,
	}
	for i, v := range ordered {
		if unsortable(sortable(v)) != v {
			t.Errorf("%v comes back as %v", v, unsortable(sortable(v)))
		}
		if i > 0 && sortable(ordered[i-1]) >= sortable(v) {
			t.Errorf("%v is not below %v", ordered[i-1], v)
		}
	}
	if sortable(float32(math.Copysign(0, -1))) != sortable(0) {
		t.Error("the zeros differ")
	}
}

func TestFloor32(t *testing.T) {
	for _, v := range []float64{0, 0.1, -0.1, 1.0 / 3, 16777217, -16777217, 1e-46, -1e-46, 3e38} {
		f := floor32(v)
		next := math.Nextafter32(f, float32(math.Inf(1)))
		if float64(f) > v || float64(next) <= v {
			t.Errorf("floor32(%v) = %v", v, f)
		}
	}
}

// TestFrontierHeap pops equal improvements in the order in which a C++ program with push_heap and pop_heap of GNU's library
// pops them.
func TestFrontierHeap(t *testing.T) {
	var h frontierHeap
	for i, improvement := range []float64{0.5, 0.5, 0.25, 0.5, 0.25, 0.5, 0} {
		h.push(frontierNode{id: int32(i), split: split{improvement: improvement}})
	}
	var got []int32
	last := math.Inf(1)
	for len(h) > 0 {
		f := h.pop()
		if f.split.improvement > last {
			t.Errorf("improvement %v after %v", f.split.improvement, last)
		}
		last = f.split.improvement
		got = append(got, f.id)
	}
	if want := []int32{0, 5, 1, 3, 2, 4, 6}; !slices.Equal(got, want) {
		t.Errorf("popped %v, want %v", got, want)
	}
}
