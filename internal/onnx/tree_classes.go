package onnx

import (
	"errors"
	"fmt"
)

// classes turns the sums over the trees into label and scores.
//
// With three or more classes there is a sum per class, the largest wins, the first of equals. With two classes the
// specification leaves the meaning open, and models rely on onnxruntime: weights must name one class only; the sum s
// means the second class when it is above 0.5 (if no weight is negative) or above 0. Weights for class 0 give the
// scores 1-s and s, or -s and s; weights for class 1 give 0 and s.
type classes struct {
	labels    *Tensor
	columns   int
	base      []float64
	transform string

	binary    bool
	onlyClass int64   // binary: the class that the weights name
	positive  bool    // binary: no weight is negative
	winsAbove float64 // binary: sums above it mean the second class
}

// newClasses also returns the map from class ids to columns of sums.
func newClasses(a *treeAttributes) (*classes, func(int64) (int, error), error) {
	n := a.labels.Len()
	f := &classes{labels: a.labels, columns: n, base: a.base, transform: a.postTransform}
	if !knownTransform(f.transform) {
		return f, nil, fmt.Errorf("%w: post_transform %q", ErrUnsupported, f.transform)
	}
	if n == 1 {
		return f, nil, fmt.Errorf("%w: a classifier of one class", ErrUnsupported)
	}
	if n == 2 {
		return f.asBinary(a)
	}
	if len(f.base) != 0 && len(f.base) != n {
		return f, nil, fmt.Errorf("%w: %d base values for %d classes", ErrFormat, len(f.base), n)
	}
	column := func(class int64) (int, error) {
		if class < 0 || class >= int64(n) {
			return 0, fmt.Errorf("%w: class id %d of %d classes", ErrFormat, class, n)
		}
		return int(class), nil
	}
	return f, column, nil
}

func (f *classes) asBinary(a *treeAttributes) (*classes, func(int64) (int, error), error) {
	f.binary, f.columns, f.positive = true, 1, true
	if len(a.classes) > 0 {
		f.onlyClass = a.classes[0]
	}
	for _, w := range a.weights {
		f.positive = f.positive && !(w < 0)
	}
	if f.positive {
		f.winsAbove = 0.5
	}
	switch {
	case f.onlyClass != 0 && f.onlyClass != 1:
		return f, nil, fmt.Errorf("%w: class id %d of 2 classes", ErrFormat, f.onlyClass)
	case len(f.base) > 1 || (len(f.base) == 1 && f.onlyClass == 1):
		return f, nil, fmt.Errorf("%w: base values with two classes", ErrUnsupported)
	case f.transform == "PROBIT":
		return f, nil, fmt.Errorf("%w: PROBIT with two classes", ErrUnsupported)
	}
	column := func(class int64) (int, error) {
		if class != f.onlyClass {
			return 0, fmt.Errorf("%w: two classes with weights for both, whose labels onnxruntime does not decide by the "+
				"larger sum; give weights for class 0 only, or a third class", ErrUnsupported)
		}
		return 0, nil
	}
	return f, column, nil
}

func (f *classes) prepare(s *scratch, out []*Tensor, n int) error {
	for i, t := range out {
		if t == nil {
			out[i] = &Tensor{}
		}
	}
	s.dims = append(s.dims[:0], int64(n))
	if err := out[0].resize(f.labels.Type, s.dims); err != nil {
		return err
	}
	s.dims = append(s.dims, int64(f.labels.Len()))
	return out[1].resize(Float, s.dims)
}

func (f *classes) decided(sums []float64) bool {
	if f.binary || len(f.base) > 0 {
		return true
	}
	for _, s := range sums {
		if s > 0 {
			return true
		}
	}
	return false
}

func (f *classes) finish(sums []float64, named []bool, single bool, out []*Tensor, i int) error {
	addBase(sums, f.base, single)
	if len(f.base) > 0 {
		named = nil
	}
	n := f.labels.Len()
	scores := out[1].F32[i*n : (i+1)*n]
	class := 0
	if f.binary {
		if sums[0] > f.winsAbove {
			class = 1
		}
		f.binaryScores(scores, sums[0])
	} else {
		if class = winner(sums, named); class < 0 {
			return errors.New("no leaf names a class")
		}
		for c, v := range sums {
			scores[c] = float32(v)
		}
		transform(f.transform, scores)
	}
	copyRange(out[0], i, f.labels, class, 1)
	return nil
}

func addBase(sums, base []float64, single bool) {
	for c, v := range base {
		sums[c] += v
		if single {
			sums[c] = float64(float32(sums[c]))
		}
	}
}

func winner(sums []float64, named []bool) int {
	best := -1
	for c, v := range sums {
		excluded := len(named) > 0 && !named[c]
		if !excluded && (best < 0 || v > sums[best]) {
			best = c
		}
	}
	return best
}

func (f *classes) binaryScores(scores []float32, sum float64) {
	s := float32(sum)
	switch {
	case f.onlyClass == 1:
		scores[0], scores[1] = 0, s
		transform(f.transform, scores)
	case f.transform == "LOGISTIC":
		scores[0], scores[1] = logistic(-s), logistic(s)
	case f.positive:
		scores[0], scores[1] = float32(1-sum), s
	default:
		scores[0], scores[1] = -s, s
	}
}
