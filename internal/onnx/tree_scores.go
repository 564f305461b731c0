package onnx

import (
	"errors"
	"fmt"
	"math"
)

// finisher turns the sums over the trees into label and scores.
//
// With three or more classes there is a sum per class, the largest wins, the first of equals. With two classes the
// specification leaves the meaning open, and models rely on onnxruntime: weights must name one class only; the sum s
// means the second class when it is above 0.5 (if no weight is negative) or above 0. Weights for class 0 give the
// scores 1-s and s, or -s and s; weights for class 1 give 0 and s.
type finisher struct {
	labels    *Tensor
	columns   int
	base      []float64
	transform string

	binary    bool
	onlyClass int64   // binary: the class that the weights name
	positive  bool    // binary: no weight is negative
	winsAbove float64 // binary: sums above it mean the second class
}

// newFinisher also returns the map from class ids to columns of sums.
func newFinisher(a *treeAttributes) (finisher, func(int64) (int, error), error) {
	n := a.labels.Len()
	f := finisher{labels: a.labels, columns: n, base: a.base, transform: a.postTransform}
	switch f.transform {
	case "NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT":
	default:
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

func (f finisher) asBinary(a *treeAttributes) (finisher, func(int64) (int, error), error) {
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

// decided reports that the sums alone name the winner, given that no weight is negative.
func (f *finisher) decided(sums []float64) bool {
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

// finish writes label and scores of row i. named, if not nil, marks the classes that some leaf named.
func (f *finisher) finish(sums []float64, named []bool, single bool, b batch, i int) error {
	for c, v := range f.base {
		sums[c] += v
		if single {
			sums[c] = float64(float32(sums[c]))
		}
	}
	if len(f.base) > 0 {
		named = nil
	}
	n := f.labels.Len()
	scores := b.scores.F32[i*n : (i+1)*n]
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
	if f.labels.Type == String {
		b.label.Str[i] = f.labels.Str[class]
	} else {
		b.label.I64[i] = f.labels.I64[class]
	}
	return nil
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

func (f *finisher) binaryScores(scores []float32, sum float64) {
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

// transform applies post_transform in float32.
func transform(name string, scores []float32) {
	switch name {
	case "LOGISTIC":
		for i, v := range scores {
			scores[i] = logistic(v)
		}
	case "PROBIT":
		for i, v := range scores {
			scores[i] = probit(v)
		}
	case "SOFTMAX", "SOFTMAX_ZERO":
		softmax(scores, name == "SOFTMAX_ZERO")
	}
}

func logistic(x float32) float32 {
	v := 1 / (1 + float32(math.Exp(-math.Abs(float64(x)))))
	if x < 0 {
		return 1 - v
	}
	return v
}

// probit is sqrt(2) times the inverse error function of 2x-1, by Winitzki's approximation with a = 0.147.
func probit(x float32) float32 {
	x = 2*x - 1
	pi, a := float32(3.14159), float32(0.147)
	l := float32(math.Log(float64((1 - x) * (1 + x))))
	v := 2/float32(pi*a) + 0.5*l
	v2 := 1 / a * l
	root := float32(math.Sqrt(float64(-v + float32(math.Sqrt(float64(v*v-v2))))))
	if x < 0 {
		root = -root
	}
	return 1.41421356 * root
}

// softmax leaves scores that are zero out of the sum if skipZero.
func softmax(scores []float32, skipZero bool) {
	largest := float32(-math.MaxFloat32)
	for _, v := range scores {
		largest = max(largest, v)
	}
	scale := float32(math.Exp(float64(-largest)))
	var sum float32
	for i, v := range scores {
		if skipZero && v <= 0.0000001 && v >= -0.0000001 {
			scores[i] = v * scale
			continue
		}
		scores[i] = float32(math.Exp(float64(v - largest)))
		sum += scores[i]
	}
	for i := range scores {
		scores[i] /= sum
	}
}
