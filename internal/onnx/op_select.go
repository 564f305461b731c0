package onnx

import (
	"fmt"
	"slices"
)

// concat joins tensors along an axis.
type concat struct{ axis int64 }

func buildConcat(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1<<20); err != nil {
		return nil, nil, err
	}
	t := b.inputs[0].elem
	for i, in := range b.inputs {
		if !in.present || in.elem != t {
			return nil, nil, fmt.Errorf("%w: input %d is not of type %v like the first", ErrFormat, i, t)
		}
	}
	if b.attr("axis", AttrInt) == nil {
		return nil, nil, fmt.Errorf("%w: no axis", ErrFormat)
	}
	return concat{b.int("axis", 0)}, []valueType{{elem: t}}, nil
}

func (k concat) run(s *scratch, in, out []*Tensor) error {
	axis, err := axisOf(k.axis, len(in[0].Dims))
	if err != nil {
		return err
	}
	s.dims = append(s.dims[:0], in[0].Dims...)
	for _, x := range in[1:] {
		if len(x.Dims) != len(s.dims) {
			return fmt.Errorf("shapes %v and %v cannot be joined", slices.Clone(in[0].Dims), slices.Clone(x.Dims))
		}
		for i, d := range x.Dims {
			if i != axis && d != s.dims[i] {
				return fmt.Errorf("shapes %v and %v cannot be joined", slices.Clone(in[0].Dims), slices.Clone(x.Dims))
			}
		}
		s.dims[axis] += x.Dims[axis]
	}
	z := out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(in[0].Type, s.dims); err != nil {
		return err
	}
	outer, inner := around(s.dims, axis)
	whole, at := int(s.dims[axis])*inner, 0
	for _, x := range in {
		part := int(x.Dims[axis]) * inner
		for o := range outer {
			copyRange(z, o*whole+at, x, o*part, part)
		}
		at += part
	}
	return nil
}

// gather picks slices along an axis by index; a negative index counts from the end.
type gather struct{ axis int64 }

func buildGather(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(1, Int64, Int32); err != nil {
		return nil, nil, err
	}
	return gather{b.int("axis", 0)}, []valueType{{elem: b.inputs[0].elem}}, nil
}

func (k gather) run(s *scratch, in, out []*Tensor) error {
	x, index, z := in[0], in[1], out[0]
	axis, err := axisOf(k.axis, len(x.Dims))
	if err != nil {
		return err
	}
	if z == nil {
		return nil
	}
	s.dims = append(append(append(s.dims[:0], x.Dims[:axis]...), index.Dims...), x.Dims[axis+1:]...)
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	outer, inner := around(x.Dims, axis)
	size, picks := int(x.Dims[axis]), index.Len()
	for p := range picks {
		i, err := position(index, p, size)
		if err != nil {
			return err
		}
		for o := range outer {
			copyRange(z, (o*picks+p)*inner, x, (o*size+i)*inner, inner)
		}
	}
	return nil
}

// position reads index p of a tensor of indices into a dimension of the given size.
func position(index *Tensor, p, size int) (int, error) {
	i := index.integer(p)
	if i < int64(-size) || i >= int64(size) {
		return 0, fmt.Errorf("index %d is outside a dimension of size %d", i, size)
	}
	if i < 0 {
		i += int64(size)
	}
	return int(i), nil
}

// extract is ArrayFeatureExtractor: it picks elements of the last dimension by index.
type extract struct{}

func buildArrayFeatureExtractor(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(1, Int64); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double, Int64, Int32, String)
	if err != nil {
		return nil, nil, err
	}
	return extract{}, []valueType{{elem: t}}, nil
}

func (extract) run(s *scratch, in, out []*Tensor) error {
	x, index, z := in[0], in[1], out[0]
	picks, rank := index.Len(), len(x.Dims)
	if rank == 0 || picks == 0 {
		return fmt.Errorf("nothing to pick from shape %v by %d indices", slices.Clone(x.Dims), picks)
	}
	if z == nil {
		return nil
	}
	size := int(x.Dims[rank-1])
	if rank == 1 { // a vector counts as one row
		s.dims = append(s.dims[:0], 1, int64(picks))
	} else {
		s.dims = append(append(s.dims[:0], x.Dims[:rank-1]...), int64(picks))
	}
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	for p := range picks {
		if index.I64[p] < 0 || index.I64[p] >= int64(size) {
			return fmt.Errorf("index %d is outside a dimension of size %d", index.I64[p], size)
		}
		for o := 0; size > 0 && o < x.Len()/size; o++ {
			copyRange(z, o*picks+p, x, o*size+int(index.I64[p]), 1)
		}
	}
	return nil
}
