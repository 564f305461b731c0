package onnx

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// trees adds up the leaves of an ensemble and has the sums of each row finished: as a class with its scores, or as the values of targets.
type trees struct {
	ensemble *ensemble
	walker   walker // nil when the trees need the general walk
	columns  int
	finisher
	double bool // input and sums are float64, else float32
	// needNamed says that a class may win only where a leaf named it, and sums alone do not tell which did.
	needNamed bool
}

// finisher turns the sums over the trees into the outputs.
type finisher interface {
	// prepare gives the outputs their shape for n rows.
	prepare(s *scratch, out []*Tensor, n int) error
	// decided reports that the sums alone tell the result, given that no weight is negative.
	decided(sums []float64) bool
	// finish writes the outputs of row i. named, if not nil, marks the columns that some leaf named.
	finish(sums []float64, named []bool, single bool, out []*Tensor, i int) error
}

func buildTreeEnsembleClassifier(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double, Int64, Int32)
	if err != nil {
		return nil, nil, err
	}
	a, err := readTreeAttributes(b, "class", t == Double)
	if err != nil {
		return nil, nil, err
	}
	f, column, err := newClasses(a)
	if err != nil {
		return nil, nil, err
	}
	k, err := newTrees(a, f, f.columns, column, t == Double)
	if err != nil {
		return nil, nil, err
	}
	k.needNamed = f.columns > 1 && len(f.base) == 0 && !k.ensemble.sumsTell()
	return k, []valueType{{elem: a.labels.Type}, {elem: Float}}, nil
}

func newTrees(a *treeAttributes, f finisher, columns int, column func(int64) (int, error), double bool) (*trees, error) {
	k := &trees{columns: columns, finisher: f, double: double}
	var err error
	if a.compact != nil {
		k.ensemble, k.walker, err = readCompactTrees(a.compact, columns)
		return k, err
	}
	if k.ensemble, err = buildEnsemble(a, columns, column); err != nil {
		return nil, err
	}
	k.walker = k.ensemble.layOut()
	return k, nil
}

// sumsTell reports that the class with the largest sum, if positive, was surely named by a leaf: every leaf names all
// classes, or no weight is negative.
func (e *ensemble) sumsTell() bool {
	if !slices.Contains(e.listed, false) {
		return true
	}
	for _, w := range e.leaves {
		if !(w >= 0) {
			return false
		}
	}
	return true
}

// blockRows are walked down one tree before the next tree is begun: tree and rows stay in the first-level cache.
const blockRows = 64

// parallelWork is the number of tree walks from which on a batch is worth several goroutines.
const parallelWork = 1 << 15

// treeWorker holds what one goroutine needs to score a block of rows.
type treeWorker struct {
	ranks   []uint64    // of a block's rows, in a ranked layout
	packed  []packedRow // the same in a packed one
	row     []float64
	rows    []uint32
	sums    []float64
	named   []bool
	general []bool // of each row of the block: it must take the general walk
	err     error
}

func (k *trees) newWorker() *treeWorker {
	w := &treeWorker{
		row:     make([]float64, k.ensemble.features),
		sums:    make([]float64, blockRows*k.columns),
		named:   make([]bool, k.columns),
		general: make([]bool, blockRows),
		rows:    make([]uint32, max(blockRows, len(k.ensemble.roots))),
	}
	if k.walker != nil {
		k.walker.start(w)
	}
	return w
}

func (k *trees) run(s *scratch, in, out []*Tensor) error {
	x := in[0]
	n, width, err := rows(x)
	if err != nil {
		return err
	}
	if width < k.ensemble.features {
		return fmt.Errorf("rows have %d columns, the trees use %d", width, k.ensemble.features)
	}
	if err := k.prepare(s, out, n); err != nil {
		return err
	}
	return k.scoreAll(s, batch{x: x, n: n, width: width, out: out})
}

// batch is the input and the outputs of one run.
type batch struct {
	x        *Tensor
	n, width int
	out      []*Tensor
}

func (k *trees) scoreAll(s *scratch, b batch) error {
	workers := 1
	if b.n > blockRows && b.n*len(k.ensemble.roots) >= parallelWork {
		workers = min(runtime.GOMAXPROCS(0), (b.n+blockRows-1)/blockRows)
	}
	for len(s.workers) < workers {
		s.workers = append(s.workers, k.newWorker())
	}
	if workers == 1 {
		return k.scoreRange(s.workers[0], b, 0, b.n)
	}
	var group sync.WaitGroup
	share := (b.n + workers - 1) / workers
	for i, w := range s.workers[:workers] {
		group.Go(func() { w.err = k.scoreRange(w, b, min(b.n, i*share), min(b.n, (i+1)*share)) })
	}
	group.Wait()
	var errs []error
	for _, w := range s.workers[:workers] {
		errs = append(errs, w.err)
	}
	return errors.Join(errs...)
}

func (k *trees) scoreRange(w *treeWorker, b batch, from, to int) error {
	for ; from < to; from += blockRows {
		if err := k.scoreBlock(w, b, from, min(to, from+blockRows)); err != nil {
			return err
		}
	}
	return nil
}

func (k *trees) scoreBlock(w *treeWorker, b batch, from, to int) error {
	n := to - from
	sums := w.sums[:n*k.columns]
	if k.walker != nil && !k.needNamed {
		for i := range n {
			w.load(b.x, b.width, from+i)
			w.general[i] = !k.walker.rank(w, i, w.row)
		}
		clear(sums)
		if n == 1 {
			k.sumTrees(w, sums)
		} else {
			k.sumRows(w, n, sums)
		}
	}
	for i := range n {
		row := sums[i*k.columns : (i+1)*k.columns]
		named := []bool(nil)
		if k.walker == nil || k.needNamed || w.general[i] || !k.decided(row) {
			w.load(b.x, b.width, from+i)
			k.ensemble.scoreRow(w.row, row, w.named, !k.double)
			named = w.named
		}
		if err := k.finish(row, named, !k.double, b.out, from+i); err != nil {
			return err
		}
	}
	return nil
}

// sumTrees adds up all trees for one row.
func (k *trees) sumTrees(w *treeWorker, sums []float64) {
	rows := w.rows[:len(k.ensemble.roots)]
	k.walker.walkTrees(w, rows)
	k.addAll(sums, rows)
}

// addAll adds the leaves that one row reaches.
func (k *trees) addAll(sums []float64, rows []uint32) {
	if k.double {
		addLeaves[float64](sums, k.ensemble.leaves, rows)
	} else {
		addLeaves[float32](sums, k.ensemble.leaves, rows)
	}
}

// addLeaves adds rows of leaves, as wide as the sums, one after the other, in the precision T, which all of them have. Up to four sums at a
// time stay in registers.
func addLeaves[T float32 | float64](sums, leaves []float64, rows []uint32) {
	columns, c := len(sums), 0
	for ; c+4 <= columns; c += 4 {
		a, b, d, e := T(sums[c]), T(sums[c+1]), T(sums[c+2]), T(sums[c+3])
		for _, row := range rows {
			leaf := leaves[int(row)*columns+c:][:4]
			a, b, d, e = a+T(leaf[0]), b+T(leaf[1]), d+T(leaf[2]), e+T(leaf[3])
		}
		sums[c], sums[c+1], sums[c+2], sums[c+3] = float64(a), float64(b), float64(d), float64(e)
	}
	for ; c+2 <= columns; c += 2 {
		a, b := T(sums[c]), T(sums[c+1])
		for _, row := range rows {
			leaf := leaves[int(row)*columns+c:][:2]
			a, b = a+T(leaf[0]), b+T(leaf[1])
		}
		sums[c], sums[c+1] = float64(a), float64(b)
	}
	for ; c < columns; c++ {
		a := T(sums[c])
		for _, row := range rows {
			a += T(leaves[int(row)*columns+c])
		}
		sums[c] = float64(a)
	}
}

// sumRows adds up all trees for the rows of a block.
func (k *trees) sumRows(w *treeWorker, n int, sums []float64) {
	rows := w.rows[:n]
	for tree := range k.ensemble.roots {
		k.walker.walkRows(w, tree, rows)
		for i, row := range rows {
			k.add(sums[i*k.columns:(i+1)*k.columns], row)
		}
	}
}

func (k *trees) add(sums []float64, row uint32) {
	leaf := k.ensemble.leaves[int(row)*k.columns:][:len(sums)]
	if k.double {
		for c, v := range leaf {
			sums[c] += v
		}
		return
	}
	for c, v := range leaf { // a float64 sum of two float32 rounds to the float32 sum
		sums[c] = float64(float32(sums[c] + v))
	}
}

// load reads the columns in use of row i as float64; integers become float32 first, as in onnxruntime.
func (w *treeWorker) load(x *Tensor, width, i int) {
	at := i * width
	switch x.Type {
	case Double:
		copy(w.row, x.F64[at:])
	case Float:
		for c := range w.row {
			w.row[c] = float64(x.F32[at+c])
		}
	case Int64:
		for c := range w.row {
			w.row[c] = float64(float32(x.I64[at+c]))
		}
	default:
		for c := range w.row {
			w.row[c] = float64(float32(x.I32[at+c]))
		}
	}
}
