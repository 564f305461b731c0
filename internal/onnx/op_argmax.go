package onnx

import "errors"

// argMax finds where the largest element (or the smallest) lies along an axis: the first such place, or the last.
type argMax struct {
	axis     int64
	keepDims bool
	last     bool
	smallest bool
}

func buildArgMax(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float, Double, Int64, Int32); err != nil {
		return nil, nil, err
	}
	k := argMax{
		axis: b.int("axis", 0), keepDims: b.int("keepdims", 1) != 0, last: b.int("select_last_index", 0) != 0,
		smallest: b.node.OpType == "ArgMin",
	}
	return k, []valueType{{elem: Int64}}, nil
}

func (k argMax) run(s *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	axis, err := axisOf(k.axis, len(x.Dims))
	if err != nil {
		return err
	}
	if x.Dims[axis] == 0 {
		return errors.New("an empty dimension has no largest element")
	}
	if z == nil {
		return nil
	}
	s.dims = append(s.dims[:0], x.Dims[:axis]...)
	if k.keepDims {
		s.dims = append(s.dims, 1)
	}
	s.dims = append(s.dims, x.Dims[axis+1:]...)
	if err := z.resize(Int64, s.dims); err != nil {
		return err
	}
	outer, inner := around(x.Dims, axis)
	size := int(x.Dims[axis])
	switch x.Type {
	case Float:
		largest(z.I64, x.F32, outer, size, inner, k)
	case Double:
		largest(z.I64, x.F64, outer, size, inner, k)
	case Int64:
		largest(z.I64, x.I64, outer, size, inner, k)
	default:
		largest(z.I64, x.I32, outer, size, inner, k)
	}
	return nil
}

func largest[T number](z []int64, x []T, outer, size, inner int, k argMax) {
	for o := range outer {
		for i := range inner {
			at, best := 0, x[o*size*inner+i]
			for j := 1; j < size; j++ {
				if v := x[(o*size+j)*inner+i]; (v > best && !k.smallest) || (v < best && k.smallest) || (k.last && v == best) {
					at, best = j, v
				}
			}
			z[o*inner+i] = int64(at)
		}
	}
}
