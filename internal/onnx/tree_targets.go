package onnx

import "fmt"

// targets turns the sums over the trees into the values of a regression: TreeEnsembleRegressor and TreeEnsemble.
type targets struct {
	base      []float64
	divisor   float64 // number of trees for an average, else 1
	transform string
	elem      DataType
	n         int
}

func newTargets(n int64, aggregate, post string, base []float64) (*targets, error) {
	f := &targets{base: base, divisor: 1, transform: post, elem: Float, n: int(n)}
	switch {
	case n < 1 || n > 1<<16:
		return nil, fmt.Errorf("%w: %d targets", ErrFormat, n)
	case aggregate != "SUM" && aggregate != "AVERAGE":
		return nil, fmt.Errorf("%w: aggregate_function %q", ErrUnsupported, aggregate)
	case !knownTransform(post), n == 1 && post != "NONE":
		return nil, fmt.Errorf("%w: post_transform %q of %d targets", ErrUnsupported, post, n)
	case len(base) != 0 && len(base) != int(n):
		return nil, fmt.Errorf("%w: %d base values for %d targets", ErrFormat, len(base), n)
	}
	return f, nil
}

// column is the map from target ids to columns of sums.
func (f *targets) column(id int64) (int, error) {
	if id < 0 || id >= int64(f.n) {
		return 0, fmt.Errorf("%w: target id %d of %d targets", ErrFormat, id, f.n)
	}
	return int(id), nil
}

func (f *targets) build(b *builder, a *treeAttributes, aggregate string) (kernel, []valueType, error) {
	t := b.inputs[0].elem
	k, err := newTrees(a, f, f.n, f.column, t == Double)
	if err != nil {
		return nil, nil, err
	}
	if aggregate == "AVERAGE" {
		f.divisor = float64(len(k.ensemble.roots))
	}
	return k, []valueType{{elem: f.elem}}, nil
}

func buildTreeEnsembleRegressor(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double)
	if err != nil {
		return nil, nil, err
	}
	a, err := readTreeAttributes(b, "target", t == Double)
	if err != nil {
		return nil, nil, err
	}
	aggregate := b.text("aggregate_function", "SUM")
	f, err := newTargets(b.int("n_targets", 1), aggregate, a.postTransform, a.base)
	if err != nil {
		return nil, nil, err
	}
	return f.build(b, a, aggregate)
}

func (f *targets) prepare(s *scratch, out []*Tensor, n int) error {
	if out[0] == nil {
		out[0] = &Tensor{}
	}
	s.dims = append(s.dims[:0], int64(n), int64(f.n))
	return out[0].resize(f.elem, s.dims)
}

func (f *targets) decided([]float64) bool { return true }

func (f *targets) finish(sums []float64, _ []bool, single bool, out []*Tensor, i int) error {
	if f.divisor != 1 {
		for c := range sums {
			sums[c] /= f.divisor
			if single {
				sums[c] = float64(float32(sums[c]))
			}
		}
	}
	addBase(sums, f.base, single)
	if f.elem == Double {
		copy(out[0].F64[i*f.n:], sums)
		return nil
	}
	row := out[0].F32[i*f.n : (i+1)*f.n]
	for c, v := range sums {
		row[c] = float32(v)
	}
	transform(f.transform, row)
	return nil
}
