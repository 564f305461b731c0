package onnx

import (
	"cmp"
	"fmt"
)

// compare is Equal, Less, Greater and the two with equality, with numpy's broadcasting.
type compare struct{ op string }

func buildCompare(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if err := b.since(7); err != nil {
		return nil, nil, err
	}
	allowed := []DataType{Float, Double, Int64, Int32}
	if b.node.OpType == "Equal" {
		allowed = append(allowed, Bool, String)
	}
	t, err := b.elem(0, allowed...)
	if err != nil {
		return nil, nil, err
	}
	if b.inputs[1].elem != t {
		return nil, nil, fmt.Errorf("%w: element types %v and %v differ", ErrFormat, t, b.inputs[1].elem)
	}
	return compare{b.node.OpType}, []valueType{{elem: Bool}}, nil
}

func (k compare) run(s *scratch, in, out []*Tensor) error {
	x, y, z := in[0], in[1], out[0]
	var err error
	if s.dims, err = broadcast(s.dims[:0], x.Dims, y.Dims); err != nil || z == nil {
		return err
	}
	if err := z.resize(Bool, s.dims); err != nil {
		return err
	}
	switch x.Type {
	case Float:
		pairs(s, z.Bool, x, x.F32, y, y.F32, relation[float32](k.op))
	case Double:
		pairs(s, z.Bool, x, x.F64, y, y.F64, relation[float64](k.op))
	case Int64:
		pairs(s, z.Bool, x, x.I64, y, y.I64, relation[int64](k.op))
	case Int32:
		pairs(s, z.Bool, x, x.I32, y, y.I32, relation[int32](k.op))
	case String:
		pairs(s, z.Bool, x, x.Str, y, y.Str, relation[string](k.op))
	default:
		pairs(s, z.Bool, x, x.Bool, y, y.Bool, func(a, b bool) bool { return a == b })
	}
	return nil
}

func relation[T cmp.Ordered](op string) func(x, y T) bool {
	switch op {
	case "Equal":
		return func(x, y T) bool { return x == y }
	case "Less":
		return func(x, y T) bool { return x < y }
	case "LessOrEqual":
		return func(x, y T) bool { return x <= y }
	case "Greater":
		return func(x, y T) bool { return x > y }
	default:
		return func(x, y T) bool { return x >= y }
	}
}

// logic is And, Or and Xor.
type logic struct{ op string }

func buildLogic(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if err := b.since(7); err != nil {
		return nil, nil, err
	}
	for i := range 2 {
		if _, err := b.elem(i, Bool); err != nil {
			return nil, nil, err
		}
	}
	return logic{b.node.OpType}, []valueType{{elem: Bool}}, nil
}

func (k logic) run(s *scratch, in, out []*Tensor) error {
	x, y, z := in[0], in[1], out[0]
	var err error
	if s.dims, err = broadcast(s.dims[:0], x.Dims, y.Dims); err != nil || z == nil {
		return err
	}
	if err := z.resize(Bool, s.dims); err != nil {
		return err
	}
	f := func(a, b bool) bool { return a != b }
	switch k.op {
	case "And":
		f = func(a, b bool) bool { return a && b }
	case "Or":
		f = func(a, b bool) bool { return a || b }
	}
	pairs(s, z.Bool, x, x.Bool, y, y.Bool, f)
	return nil
}

// not turns truth values around.
type not struct{}

func buildNot(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Bool); err != nil {
		return nil, nil, err
	}
	return not{}, []valueType{{elem: Bool}}, nil
}

func (not) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(Bool, x.Dims); err != nil {
		return err
	}
	for i, v := range x.Bool {
		z.Bool[i] = !v
	}
	return nil
}

// where takes elements of the second input where the first is true, else of the third.
type where struct{}

func buildWhere(b *builder) (kernel, []valueType, error) {
	if err := b.want(3, 3); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Bool); err != nil {
		return nil, nil, err
	}
	t := b.inputs[1].elem
	if b.inputs[2].elem != t {
		return nil, nil, fmt.Errorf("%w: element types %v and %v differ", ErrFormat, t, b.inputs[2].elem)
	}
	return where{}, []valueType{{elem: t}}, nil
}

func (where) run(s *scratch, in, out []*Tensor) error {
	c, x, y, z := in[0], in[1], in[2], out[0]
	both, err := broadcast(nil, x.Dims, y.Dims)
	if err != nil {
		return err
	}
	if s.dims, err = broadcast(s.dims[:0], c.Dims, both); err != nil || z == nil {
		return err
	}
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	cs, xs, ys := strides(c.Dims, s.dims), strides(x.Dims, s.dims), strides(y.Dims, s.dims)
	for i := range z.Len() {
		if c.Bool[offset(i, s.dims, cs)] {
			copyRange(z, i, x, offset(i, s.dims, xs), 1)
		} else {
			copyRange(z, i, y, offset(i, s.dims, ys), 1)
		}
	}
	return nil
}
