package forest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBoundHolds compares the bound of each bucket with the scores of all positions inside, in every order of the keys
// that have one code.
func TestBoundHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 400 {
		r, keys := randomNode(t, random)
		low, high := slices.Min(keys), slices.Max(keys)
		width, ok := r.grid.plan(&r.layout, len(keys), r.layout.code(high)-r.layout.code(low))
		if !ok {
			t.Fatalf("no grid for %d keys", len(keys))
		}
		first := r.layout.code(low)
		buckets := int((r.layout.code(high)-first)>>width) + 1
		r.grid.count(&r.layout, keys, first, width, buckets)
		r.edges(buckets)
		slices.SortFunc(keys, func(a, b uint32) int { return cmp.Compare(r.layout.code(a), r.layout.code(b)) })
		checkBounds(t, r, keys, buckets)
	}
}

// randomNode makes a splitter with one node of random keys, more or less informative.
func randomNode(t *testing.T, random *rand.Rand) (*ranked, []uint32) {
	t.Helper()
	n, classes := gridRows+random.IntN(2000), 1+random.IntN(6)
	x := Matrix{Data: make([]float64, n), Rows: n, Cols: 1}
	y, counts := make([]int, n), make([]uint32, n)
	noise, scale := random.Float64()*3, []float64{1, 30, 1000}[random.IntN(3)]
	for i := range n {
		y[i], counts[i] = random.IntN(classes), 1+uint32(random.IntN(3))
		x.Data[i] = float64(int(scale * (float64(y[i]) + noise*random.NormFloat64())))
	}
	d, err := newDataset(x, y)
	if err != nil {
		t.Fatal(err)
	}
	rules := stopping{minSplit: 2, minLeaf: 1}
	r := newRanked(newWhole(d, newFeatureSampler(1, 1), &rules, false))
	samples, _ := r.begin(counts)
	root, sums := node{end: int32(samples), parent: -1}, make([]float64, len(d.labels))
	r.open(&root, sums)
	r.search.begin(sums, root.weight, &rules, samples)
	r.gather(0)
	return r, slices.Clone(r.keys[:samples])
}

func checkBounds(t *testing.T, r *ranked, keys []uint32, buckets int) {
	t.Helper()
	s, g := &r.search, &r.grid
	left := make([]float64, len(s.sums))
	for b, row := 0, 0; b < buckets; b++ {
		from, to := &g.edges[b], &g.edges[b+1]
		bound := r.bound(b, from, to)
		for ; row < to.rows; row++ {
			if row > from.rows {
				if score := scoreOf(left, s.sums); score > bound*(1+1e-12) {
					t.Fatalf("bucket %d of %d: score %v above the bound %v", b, buckets, score, bound)
				}
			}
			left[r.layout.class(keys[row])] += float64(r.layout.weight(keys[row]))
		}
	}
}

func scoreOf(left, sums []float64) float64 {
	var l, r, wl, wr float64
	for k, t := range sums {
		l += left[k] * left[k]
		r += (t - left[k]) * (t - left[k])
		wl += left[k]
		wr += t - left[k]
	}
	return l/wl + r/wr
}

func TestKeySorter(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		n := 1 + random.IntN(1+random.IntN(5000))
		codes := 1 + random.IntN(1+random.IntN(100000))
		layout, ok := newKeyLayout(codes, 5, 3)
		if !ok {
			t.Fatal("no room for the keys")
		}
		keys := make([]uint32, n)
		clustered := random.IntN(2) == 0
		for i := range keys {
			code := random.IntN(codes)
			if clustered && i%50 != 0 {
				code = codes/2 + code%(1+codes/1000)
				code = min(code, codes-1)
			}
			keys[i] = layout.key(uint32(code), random.Uint32N(5), random.Uint32N(4))
		}
		want := slices.Clone(keys)
		s := keySorter{layout: layout, counts: make([]uint32, 2*maxBuckets+1), scratch: make([]uint32, n)}
		s.sort(keys, slices.Min(keys), slices.Max(keys))
		if !slices.IsSortedFunc(keys, func(a, b uint32) int { return cmp.Compare(layout.code(a), layout.code(b)) }) {
			t.Fatalf("%d keys of %d codes are not sorted", n, codes)
		}
		slices.Sort(keys)
		slices.Sort(want)
		if !slices.Equal(keys, want) {
			t.Fatal("sorting lost keys")
		}
	}
}

func TestKeyLayoutKnowsItsLimits(t *testing.T) {
	if _, ok := newKeyLayout(1<<24, 16, 7); !ok {
		t.Error("24, 4 and 3 bits fit")
	}
	if _, ok := newKeyLayout(1<<25, 16, 7); ok {
		t.Error("25, 4 and 3 bits do not fit")
	}
}
