package onnx

import (
	"fmt"
	"math"
)

// variadic is Sum, Mean, Max and Min of any number of tensors, with numpy's broadcasting.
type variadic struct{ op string }

func buildVariadic(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1<<20); err != nil {
		return nil, nil, err
	}
	if err := b.since(8); err != nil {
		return nil, nil, err
	}
	allowed := []DataType{Float, Double}
	if b.node.OpType == "Max" || b.node.OpType == "Min" {
		allowed = append(allowed, Int64, Int32)
	}
	t, err := b.elem(0, allowed...)
	if err != nil {
		return nil, nil, err
	}
	for i, in := range b.inputs {
		if !in.present || in.elem != t {
			return nil, nil, fmt.Errorf("%w: input %d is not of type %v like the first", ErrFormat, i, t)
		}
	}
	return variadic{b.node.OpType}, []valueType{{elem: t}}, nil
}

func (k variadic) run(s *scratch, in, out []*Tensor) error {
	s.dims = append(s.dims[:0], in[0].Dims...)
	for _, x := range in[1:] {
		wider, err := broadcast(s.shape[:0], s.dims, x.Dims)
		if err != nil {
			return err
		}
		s.shape, s.dims = s.dims, wider
	}
	z := out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(in[0].Type, s.dims); err != nil {
		return err
	}
	switch z.Type {
	case Float:
		fold(k.op, s, z.F32, in, func(t *Tensor) []float32 { return t.F32 })
	case Double:
		fold(k.op, s, z.F64, in, func(t *Tensor) []float64 { return t.F64 })
	case Int64:
		fold(k.op, s, z.I64, in, func(t *Tensor) []int64 { return t.I64 })
	default:
		fold(k.op, s, z.I32, in, func(t *Tensor) []int32 { return t.I32 })
	}
	return nil
}

func fold[T number](op string, s *scratch, z []T, in []*Tensor, data func(*Tensor) []T) {
	f := folding[T](op)
	for n, t := range in {
		x, xs := data(t), strides(t.Dims, s.dims)
		same := len(x) == len(z)
		for i := range z {
			j := i
			if !same {
				j = offset(i, s.dims, xs)
			}
			if n == 0 {
				z[i] = x[j]
			} else {
				z[i] = f(z[i], x[j])
			}
		}
	}
	if op == "Mean" {
		for i := range z {
			z[i] /= T(len(in))
		}
	}
}

// folding keeps NaN in Max and Min, as numpy does.
func folding[T number](op string) func(a, b T) T {
	switch op {
	case "Max":
		return func(a, b T) T {
			if b > a || math.IsNaN(float64(b)) {
				return b
			}
			return a
		}
	case "Min":
		return func(a, b T) T {
			if b < a || math.IsNaN(float64(b)) {
				return b
			}
			return a
		}
	default:
		return func(a, b T) T { return a + b }
	}
}
