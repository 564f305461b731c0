package onnx

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"runtime"
	"sync"
)

// TreeSums adds up what rows reach in the leaves of trees: the trees of this package for models that are no ONNX files. It is immutable
// and safe for concurrent use.
type TreeSums struct{ k trees }

// SumTree is a tree whose leaves hold any numbers, as many as the sums have columns.
type SumTree struct {
	Tree
	// MissingLeft says for each node whether NaN goes to Left; nil is to Right always.
	MissingLeft []bool
}

// NewTreeSums checks the trees and lays them out. Values are finite; children come after their parents, and each has one.
func NewTreeSums(list []SumTree, features, columns int) (*TreeSums, error) {
	return TreeSumsOf(func(yield func(*SumTree, error) bool) {
		for i := range list {
			if !yield(&list[i], nil) {
				return
			}
		}
	}, features, columns)
}

// TreeSumsOf is NewTreeSums for trees that come one after the other, and are not kept: those of a large forest take several times what is made
// of them. It ends at the first error.
func TreeSumsOf(trees iter.Seq2[*SumTree, error], features, columns int) (*TreeSums, error) {
	b := sumsBuilder{e: &ensemble{columns: columns, features: features}, numbers: map[string]uint32{}}
	if columns < 1 {
		return nil, fmt.Errorf("%w: sums of %d columns", ErrFormat, columns)
	}
	n := 0
	for tree, err := range trees {
		if err == nil {
			err = b.add(tree)
		}
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", n, err)
		}
		n++
	}
	if n == 0 {
		return nil, fmt.Errorf("%w: 0 trees", ErrFormat)
	}
	b.numbers = nil // so that laying out has the memory
	return newTreeSums(b.e, b.e.layOut()), nil
}

func newTreeSums(e *ensemble, w walker) *TreeSums {
	return &TreeSums{trees{ensemble: e, walker: w, columns: e.columns, double: true}}
}

// Compact is a form of the trees that [ReadTreeSums] reads in a hundredth of the time that it took to make them; false for the few
// that have none, because they have too many features or different thresholds.
func (t *TreeSums) Compact() ([]byte, bool) {
	r := t.k.ensemble.ranked
	if r == nil {
		return nil, false
	}
	return compact(t.k.ensemble, r), true
}

// ReadTreeSums reads what Compact wrote, and checks it. One of another version of this package is refused: [ErrFormat].
func ReadTreeSums(data []byte) (*TreeSums, error) {
	e, r, err := readCompact(data)
	if err != nil {
		return nil, err
	}
	return newTreeSums(e, r.fastest(e)), nil
}

// Features is the number of values of each row.
func (t *TreeSums) Features() int { return t.k.ensemble.features }

// sumsBuilder lays out trees; equal rows of leaves have one number.
type sumsBuilder struct {
	e       *ensemble
	numbers map[string]uint32
	key     []byte
	queue   []int
	reached []bool
}

func (b *sumsBuilder) add(t *SumTree) error {
	n := len(t.Left)
	if n == 0 || len(t.Right) != n || len(t.Feature) != n || len(t.Threshold) != n || len(t.Values) != n*b.e.columns ||
		(len(t.MissingLeft) > 0 && len(t.MissingLeft) != n) {
		return fmt.Errorf("%w: arrays of %d, %d, %d, %d nodes and %d values", ErrFormat, n, len(t.Right), len(t.Feature), len(t.Threshold), len(t.Values))
	}
	base := len(b.e.nodes)
	if base+n > maxTreeNodes {
		return fmt.Errorf("%w: more than %d nodes", ErrUnsupported, maxTreeNodes)
	}
	b.e.roots = append(b.e.roots, uint32(base))
	b.queue = append(b.queue[:0], 0)
	b.reached = append(b.reached[:0], make([]bool, n)...)
	for at := 0; at < len(b.queue); at++ {
		i := b.queue[at]
		if t.Left[i] < 0 && t.Right[i] < 0 {
			row, err := b.row(t.Values[i*b.e.columns : (i+1)*b.e.columns])
			if err != nil {
				return fmt.Errorf("leaf %d: %w", i, err)
			}
			b.e.nodes = append(b.e.nodes, treeNode{mode: leafNode, yes: row})
			continue
		}
		for _, child := range [2]int{t.Left[i], t.Right[i]} {
			if child <= i || child >= n || b.reached[child] {
				return fmt.Errorf("%w: node %d of %d has the child %d, which must come after it and have no other parent", ErrFormat, i, n, child)
			}
			b.reached[child] = true
		}
		if t.Feature[i] < 0 || t.Feature[i] >= b.e.features || math.IsNaN(t.Threshold[i]) {
			return fmt.Errorf("%w: node %d splits feature %d of %d at %v", ErrFormat, i, t.Feature[i], b.e.features, t.Threshold[i])
		}
		first := uint32(base + len(b.queue))
		b.e.nodes = append(b.e.nodes, treeNode{
			mode: branchLEQ, feature: int32(t.Feature[i]), value: t.Threshold[i], yes: first, no: first + 1,
			missing: len(t.MissingLeft) > 0 && t.MissingLeft[i],
		})
		b.queue = append(b.queue, t.Left[i], t.Right[i])
	}
	return nil
}

// row is the number of a row of leaves.
func (b *sumsBuilder) row(values []float64) (uint32, error) {
	b.key = b.key[:0]
	for _, v := range values {
		if !finite(v) {
			return 0, fmt.Errorf("%w: it holds %v", ErrFormat, v)
		}
		b.key = binary.LittleEndian.AppendUint64(b.key, math.Float64bits(v))
	}
	number, ok := b.numbers[string(b.key)]
	if !ok {
		number = uint32(len(b.numbers))
		b.numbers[string(b.key)] = number
		b.e.leaves = append(b.e.leaves, values...)
	}
	return number, nil
}

// TreeScratch are the buffers of [TreeSums.Add], for one call at a time. The zero value is empty.
type TreeScratch struct{ workers []*treeWorker }

// Add adds to sums, which has as many columns for each row of x, the leaves that the row reaches in each tree, in the order of the trees.
// x has as many columns as there are features. A row goes left where its feature is <= the threshold, compared in float64. Large batches
// use all processors.
func (t *TreeSums) Add(s *TreeScratch, x, sums []float64) {
	k := &t.k
	rows := len(sums) / k.columns
	workers := 1
	if rows > blockRows && rows*len(k.ensemble.roots) >= parallelWork {
		workers = min(runtime.GOMAXPROCS(0), (rows+blockRows-1)/blockRows)
	}
	for len(s.workers) < workers {
		s.workers = append(s.workers, k.newWorker())
	}
	if workers == 1 {
		t.addRange(s.workers[0], x, sums, 0, rows)
		return
	}
	var group sync.WaitGroup
	share := (rows + workers - 1) / workers
	for i, w := range s.workers[:workers] {
		group.Go(func() { t.addRange(w, x, sums, min(rows, i*share), min(rows, (i+1)*share)) })
	}
	group.Wait()
}

func (t *TreeSums) addRange(w *treeWorker, x, sums []float64, from, to int) {
	width, columns := t.k.ensemble.features, t.k.columns
	for ; from < to; from += blockRows {
		end := min(to, from+blockRows)
		t.addBlock(w, x[from*width:end*width], sums[from*columns:end*columns], end-from)
	}
}

func (t *TreeSums) addBlock(w *treeWorker, x, sums []float64, n int) {
	k := &t.k
	features := k.ensemble.features
	plain := k.walker != nil
	for i := 0; plain && i < n; i++ {
		plain = k.walker.rank(w, i, x[i*features:(i+1)*features])
	}
	switch {
	case plain && n == 1:
		k.sumTrees(w, sums)
	case plain:
		k.sumRows(w, n, sums)
	default: // a value is missing, or the trees do not fit the faster layout
		for i := range n {
			for _, root := range k.ensemble.roots {
				k.add(sums[i*k.columns:(i+1)*k.columns], k.ensemble.walk(root, x[i*features:(i+1)*features]))
			}
		}
	}
}

// Columns is the number of sums of each row.
func (t *TreeSums) Columns() int { return t.k.columns }
