package onnx

import (
	"fmt"
	"slices"
)

// buildSqueeze removes dimensions of size one: the axes given, or all.
func buildSqueeze(b *builder) (kernel, []valueType, error) {
	return b.withAxes(1, squeeze)
}

// buildUnsqueeze inserts dimensions of size one, so that they have the numbers given.
func buildUnsqueeze(b *builder) (kernel, []valueType, error) {
	return b.withAxes(2, unsqueeze)
}

// withAxes reads axes given as an attribute (before operator set 13) or an input.
func (b *builder) withAxes(required int, change func(dst, dims, axes []int64) ([]int64, error)) (kernel, []valueType, error) {
	axes := b.ints("axes")
	if axes != nil {
		required = 1
	}
	if err := b.want(required, 2); err != nil {
		return nil, nil, err
	}
	if b.given(1) {
		if _, err := b.elem(1, Int64); err != nil {
			return nil, nil, err
		}
	}
	dims := func(dst []int64, in []*Tensor) ([]int64, error) {
		if len(in) > 1 && in[1] != nil {
			return change(dst, in[0].Dims, in[1].I64)
		}
		return change(dst, in[0].Dims, axes)
	}
	return reinterpret{dims}, []valueType{{elem: b.inputs[0].elem}}, nil
}

func squeeze(dst, dims, axes []int64) ([]int64, error) {
	rank := int64(len(dims))
	for _, a := range axes {
		if a < -rank || a >= rank || dims[(a+rank)%rank] != 1 {
			return dst, fmt.Errorf("axis %d of shape %v is not of size 1", a, slices.Clone(dims))
		}
	}
	for i, d := range dims {
		listed := slices.Contains(axes, int64(i)) || slices.Contains(axes, int64(i)-rank)
		if !listed && (len(axes) > 0 || d != 1) {
			dst = append(dst, d)
		}
	}
	return dst, nil
}

func unsqueeze(dst, dims, axes []int64) ([]int64, error) {
	rank := len(dims) + len(axes)
	added := make([]bool, rank)
	for _, a := range axes {
		i, err := axisOf(a, rank)
		if err != nil {
			return dst, err
		}
		if added[i] {
			return dst, fmt.Errorf("axis %d is given twice", a)
		}
		added[i] = true
	}
	for _, one := range added {
		if one {
			dst = append(dst, 1)
		} else {
			dst, dims = append(dst, dims[0]), dims[1:]
		}
	}
	return dst, nil
}

// buildFlatten makes a matrix: the dimensions before the axis are its rows, the others its columns.
func buildFlatten(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	axis := b.int("axis", 1)
	dims := func(dst []int64, in []*Tensor) ([]int64, error) {
		at, rank := int(axis), len(in[0].Dims)
		if axis < 0 {
			at += rank
		}
		if at < 0 || at > rank {
			return dst, fmt.Errorf("axis %d of shape %v", axis, slices.Clone(in[0].Dims))
		}
		rows, err := elements(in[0].Dims[:at])
		if err != nil {
			return dst, err
		}
		columns, err := elements(in[0].Dims[at:])
		return append(dst, int64(rows), int64(columns)), err
	}
	return reinterpret{dims}, []valueType{{elem: b.inputs[0].elem}}, nil
}

// shape gives the dimensions of a tensor, or some of them.
type shape struct {
	start, end int64
	whole      bool
}

func buildShape(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	k := shape{start: b.int("start", 0), whole: b.attr("end", AttrInt) == nil, end: b.int("end", 0)}
	return k, []valueType{{elem: Int64}}, nil
}

func (k shape) run(s *scratch, in, out []*Tensor) error {
	if out[0] == nil {
		return nil
	}
	rank := int64(len(in[0].Dims))
	if k.whole {
		k.end = rank
	}
	c := cutOf(rank, k.start, k.end, 1)
	s.dims = append(s.dims[:0], int64(c.count))
	if err := out[0].resize(Int64, s.dims); err != nil {
		return err
	}
	copy(out[0].I64, in[0].Dims[c.start:c.start+c.count])
	return nil
}

// constantOfShape fills a shape with one value, the float32 zero if none is set.
type constantOfShape struct{ value *Tensor }

func buildConstantOfShape(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Int64); err != nil {
		return nil, nil, err
	}
	value := b.tensor("value")
	if value == nil {
		value = NewFloats([]float32{0})
	}
	if b.err == nil && value.Len() != 1 {
		return nil, nil, fmt.Errorf("%w: a value of %d elements, want one", ErrFormat, value.Len())
	}
	return constantOfShape{value}, []valueType{{elem: value.Type}}, nil
}

func (k constantOfShape) run(_ *scratch, in, out []*Tensor) error {
	z := out[0]
	if z == nil {
		return nil
	}
	if len(in[0].Dims) != 1 {
		return fmt.Errorf("a shape of shape %v", slices.Clone(in[0].Dims))
	}
	if err := z.resize(k.value.Type, in[0].I64); err != nil {
		return err
	}
	for i := range z.Len() {
		copyRange(z, i, k.value, 0, 1)
	}
	return nil
}
