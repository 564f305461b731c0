package onnx

import (
	"fmt"
)

// linear is what LinearClassifier and LinearRegressor share: a product with a matrix of float32. Wider inputs are rounded to float32 first,
// as in onnxruntime.
type linear struct {
	coefficients []float32 // one row a target
	intercepts   []float32 // one a target
	transform    string
}

func readLinear(b *builder) (linear, error) {
	k := linear{coefficients: b.floats("coefficients"), intercepts: b.floats("intercepts"), transform: b.text("post_transform", "NONE")}
	if !knownTransform(k.transform) {
		return k, fmt.Errorf("%w: post_transform %q", ErrUnsupported, k.transform)
	}
	return k, nil
}

func (k *linear) checkTargets() error {
	n := len(k.intercepts)
	if n == 0 || len(k.coefficients) == 0 || len(k.coefficients)%n != 0 {
		return fmt.Errorf("%w: %d coefficients and %d intercepts", ErrFormat, len(k.coefficients), n)
	}
	return nil
}

// scores writes the product of row i of x with the coefficients, plus intercepts.
func (k *linear) scores(dst []float32, x *Tensor, at, width int) {
	for t := range dst {
		var acc float32
		for j, c := range k.coefficients[t*width : (t+1)*width] {
			acc = fused(float32(x.float(at+j)), c, acc)
		}
		dst[t] = acc + k.intercepts[t]
	}
}

func (k *linear) check(x *Tensor) (n, width int, err error) {
	if n, width, err = rows(x); err != nil {
		return 0, 0, err
	}
	if want := len(k.coefficients) / len(k.intercepts); width != want {
		return 0, 0, fmt.Errorf("%d columns, but coefficients for %d", width, want)
	}
	return n, width, nil
}

func knownTransform(name string) bool {
	switch name {
	case "NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT":
		return true
	default:
		return false
	}
}

// linearClassifier takes the class with the largest score. One row of coefficients for two classes gives the second class when its score s is
// positive, and the scores 1-s and s after the logistic function; the other transformations do nothing then, as in onnxruntime.
type linearClassifier struct {
	linear
	labels *Tensor
}

func buildLinearClassifier(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float, Double, Int64, Int32); err != nil {
		return nil, nil, err
	}
	l, err := readLinear(b)
	if err != nil {
		return nil, nil, err
	}
	k := linearClassifier{linear: l}
	b.int("multi_class", 0) // of the training
	if k.labels, err = b.labels("classlabels_ints"); err != nil {
		return nil, nil, err
	}
	if err := k.checkTargets(); err != nil {
		return nil, nil, err
	}
	targets, classes := len(k.intercepts), k.labels.Len()
	if targets != classes && (targets != 1 || classes != 2) || classes < 2 {
		return nil, nil, fmt.Errorf("%w: %d rows of coefficients for %d classes", ErrUnsupported, targets, classes)
	}
	if targets == 1 && k.transform == "PROBIT" {
		return nil, nil, fmt.Errorf("%w: PROBIT with one row of coefficients", ErrUnsupported)
	}
	return k, []valueType{{elem: k.labels.Type}, {elem: Float}}, nil
}

func (k linearClassifier) run(s *scratch, in, out []*Tensor) error {
	x := in[0]
	n, width, err := k.check(x)
	if err != nil {
		return err
	}
	classes, targets := k.labels.Len(), len(k.intercepts)
	label, scores := orNew(out[0], x), orNew(out[1], x)
	s.dims = append(s.dims[:0], int64(n))
	if err := label.resize(k.labels.Type, s.dims); err != nil {
		return err
	}
	s.dims = append(s.dims, int64(classes))
	if err := scores.resize(Float, s.dims); err != nil {
		return err
	}
	for i := range n {
		row := scores.F32[i*classes : (i+1)*classes]
		k.scores(row[classes-targets:], x, i*width, width)
		class := 0
		if targets == 1 {
			if row[1] > 0 {
				class = 1
			}
			if k.transform == "LOGISTIC" {
				row[1] = logistic(row[1])
			}
			row[0] = 1 - row[1]
		} else {
			for c, v := range row {
				if v > row[class] {
					class = c
				}
			}
			transform(k.transform, row)
		}
		copyRange(label, i, k.labels, class, 1)
	}
	return nil
}

// orNew is t, or a tensor to be thrown away when nobody reads the output.
func orNew(t, like *Tensor) *Tensor {
	if t == nil {
		return &Tensor{memory: like.memory}
	}
	return t
}

// linearRegressor gives the scores themselves.
type linearRegressor struct{ linear }

func buildLinearRegressor(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float); err != nil {
		return nil, nil, err
	}
	l, err := readLinear(b)
	if err != nil {
		return nil, nil, err
	}
	targets := b.int("targets", 1)
	if l.intercepts == nil && targets > 0 && targets <= int64(len(l.coefficients)) {
		l.intercepts = make([]float32, targets)
	}
	if err := l.checkTargets(); err != nil {
		return nil, nil, err
	}
	switch {
	case int64(len(l.intercepts)) != targets:
		return nil, nil, fmt.Errorf("%w: %d intercepts for %d targets", ErrFormat, len(l.intercepts), targets)
	case targets == 1 && l.transform != "NONE":
		return nil, nil, fmt.Errorf("%w: post_transform %q of one target", ErrUnsupported, l.transform)
	}
	return linearRegressor{l}, []valueType{{elem: Float}}, nil
}

func (k linearRegressor) run(s *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	n, width, err := k.check(x)
	if err != nil || z == nil {
		return err
	}
	targets := len(k.intercepts)
	s.dims = append(s.dims[:0], int64(n), int64(targets))
	if err := z.resize(Float, s.dims); err != nil {
		return err
	}
	for i := range n {
		row := z.F32[i*targets : (i+1)*targets]
		k.scores(row, x, i*width, width)
		transform(k.transform, row)
	}
	return nil
}
