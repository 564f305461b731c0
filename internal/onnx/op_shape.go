package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// copyRange copies n elements between tensors of the same type.
func copyRange(dst *Tensor, at int, src *Tensor, from, n int) {
	switch src.Type {
	case Float:
		copy(dst.F32[at:at+n], src.F32[from:from+n])
	case Double:
		copy(dst.F64[at:at+n], src.F64[from:from+n])
	case Int64:
		copy(dst.I64[at:at+n], src.I64[from:from+n])
	case Int32:
		copy(dst.I32[at:at+n], src.I32[from:from+n])
	case Bool:
		copy(dst.Bool[at:at+n], src.Bool[from:from+n])
	case String:
		copy(dst.Str[at:at+n], src.Str[from:from+n])
	default:
	}
}

// reinterpret gives the elements of the input another shape, which newDims appends to its first argument.
type reinterpret struct {
	newDims func(dst []int64, in []*Tensor) ([]int64, error)
}

func (k reinterpret) run(s *scratch, in, out []*Tensor) error {
	var err error
	if s.dims, err = k.newDims(s.dims[:0], in); err != nil {
		return err
	}
	n, err := elements(s.dims)
	if err != nil {
		return err
	}
	if n != in[0].Len() {
		return fmt.Errorf("%d elements do not fill the shape %v", in[0].Len(), slices.Clone(s.dims))
	}
	if out[0] == nil {
		return nil
	}
	if err := out[0].resize(in[0].Type, s.dims); err != nil {
		return err
	}
	copyRange(out[0], 0, in[0], 0, n)
	return nil
}

func buildIdentity(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	same := func(dst []int64, in []*Tensor) ([]int64, error) { return append(dst, in[0].Dims...), nil }
	return reinterpret{same}, []valueType{{elem: b.inputs[0].elem}}, nil
}

func buildConstant(b *builder) (kernel, []valueType, error) {
	if err := b.want(0, 0); err != nil {
		return nil, nil, err
	}
	value := b.constantValue()
	if value == nil {
		if b.err != nil {
			return nil, nil, b.err
		}
		return nil, nil, fmt.Errorf("%w: a constant without a dense value", ErrUnsupported)
	}
	return constant{value}, []valueType{{elem: value.Type}}, nil
}

// constantValue reads the attribute that holds the constant; since operator set 12 it may be a plain number or list.
func (b *builder) constantValue() *Tensor {
	value := b.tensor("value")
	if a := b.attr("value_float", AttrFloat); a != nil {
		value = &Tensor{Type: Float, F32: []float32{a.F}}
	}
	if a := b.attr("value_int", AttrInt); a != nil {
		value = &Tensor{Type: Int64, I64: []int64{a.I}}
	}
	if a := b.attr("value_floats", AttrFloats); a != nil {
		value = NewFloats(a.Floats)
	}
	if a := b.attr("value_ints", AttrInts); a != nil {
		value = NewInts(a.Ints)
	}
	return value
}

type constant struct{ value *Tensor }

func (k constant) run(_ *scratch, _, out []*Tensor) error {
	if out[0] != nil {
		*out[0] = *k.value
	}
	return nil
}

func buildReshape(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(1, Int64); err != nil {
		return nil, nil, err
	}
	keepZero := b.int("allowzero", 0) != 0
	dims := func(dst []int64, in []*Tensor) ([]int64, error) { return reshape(dst, in[0], in[1].I64, keepZero) }
	return reinterpret{dims}, []valueType{{elem: b.inputs[0].elem}}, nil
}

// reshape resolves 0 (take the dimension of x, unless keepZero) and one -1 (whatever remains).
func reshape(dst []int64, x *Tensor, want []int64, keepZero bool) ([]int64, error) {
	free, known := -1, 1
	for i, d := range want {
		switch {
		case d == 0 && !keepZero && i >= len(x.Dims):
			return dst, fmt.Errorf("dimension %d is to be copied from shape %v", i, slices.Clone(x.Dims))
		case d == 0 && !keepZero:
			d = x.Dims[i]
		case d == -1 && free < 0:
			free = i
		case d < 0:
			return dst, fmt.Errorf("shape %v is not possible", slices.Clone(want))
		}
		dst = append(dst, d)
		if d >= 0 {
			var err error
			if known, err = elements([]int64{int64(known), d}); err != nil {
				return dst, err
			}
		}
	}
	if free >= 0 {
		if known == 0 || x.Len()%known != 0 {
			return dst, fmt.Errorf("%d elements do not fill the shape %v", x.Len(), slices.Clone(want))
		}
		dst[free] = int64(x.Len() / known)
	}
	return dst, nil
}

// axisOf turns an axis that may count from the end into an index.
func axisOf(axis int64, rank int) (int, error) {
	if axis < 0 {
		axis += int64(rank)
	}
	if axis < 0 || axis >= int64(rank) {
		return 0, errors.New("the axis is outside the shape")
	}
	return int(axis), nil
}

// around splits the dimensions at an axis: how many elements lie outside it and inside one step of it.
func around(dims []int64, axis int) (outer, inner int) {
	outer, inner = 1, 1
	for i, d := range dims {
		if i < axis {
			outer *= int(d)
		} else if i > axis {
			inner *= int(d)
		}
	}
	return outer, inner
}
