package onnx

import (
	"fmt"
	"math"
)

// unary applies a function to each element.
type unary struct{ op string }

func buildUnary(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if err := b.since(6); err != nil {
		return nil, nil, err
	}
	allowed := []DataType{Float, Double}
	switch b.node.OpType {
	case "Abs", "Neg", "Sign":
		allowed = append(allowed, Int64, Int32)
	}
	t, err := b.elem(0, allowed...)
	if err != nil {
		return nil, nil, err
	}
	return unary{b.node.OpType}, []valueType{{elem: t}}, nil
}

func (k unary) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(x.Type, x.Dims); err != nil {
		return err
	}
	switch x.Type {
	case Float:
		apply(k.op, z.F32, x.F32)
	case Double:
		apply(k.op, z.F64, x.F64)
	case Int64:
		applyInts(k.op, z.I64, x.I64)
	default:
		applyInts(k.op, z.I32, x.I32)
	}
	return nil
}

// apply computes in float64 and rounds; for float32 that is as exact as the result can be.
func apply[T ~float32 | ~float64](op string, z, x []T) {
	f := function(op)
	for i, v := range x {
		z[i] = T(f(float64(v)))
	}
}

func function(op string) func(float64) float64 {
	switch op {
	case "Abs":
		return math.Abs
	case "Neg":
		return func(v float64) float64 { return -v }
	case "Sqrt":
		return math.Sqrt
	case "Exp":
		return math.Exp
	case "Log":
		return math.Log
	case "Sigmoid":
		return sigmoid
	case "Tanh":
		return math.Tanh
	case "Relu":
		return func(v float64) float64 { return max(v, 0) }
	case "Reciprocal":
		return func(v float64) float64 { return 1 / v }
	case "Floor":
		return math.Floor
	case "Ceil":
		return math.Ceil
	default:
		return sign
	}
}

// sigmoid is 1/(1+exp(-x)) without an overflow on either side.
func sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	default:
		return v
	}
}

func applyInts[T ~int64 | ~int32](op string, z, x []T) {
	for i, v := range x {
		switch {
		case op == "Neg", op == "Abs" && v < 0:
			z[i] = -v
		case op == "Sign":
			z[i] = T(sign(float64(v)))
		default:
			z[i] = v
		}
	}
}

// clip bounds each element; the bounds are attributes before operator set 11 and optional inputs since.
type clip struct{ low, high float64 }

func buildClip(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 3); err != nil {
		return nil, nil, err
	}
	if err := b.since(6); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double)
	if err != nil {
		return nil, nil, err
	}
	k := clip{math.Inf(-1), math.Inf(1)}
	if b.version < 11 {
		k.low, k.high = float64(b.number("min", -math.MaxFloat32)), float64(b.number("max", math.MaxFloat32))
	}
	for i := 1; i < 3; i++ {
		if b.given(i) && b.inputs[i].elem != t {
			return nil, nil, fmt.Errorf("%w: bounds of type %v for %v", ErrFormat, b.inputs[i].elem, t)
		}
	}
	return k, []valueType{{elem: t}}, nil
}

func (k clip) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	for i, bound := range in[1:] {
		if bound == nil {
			continue
		}
		if bound.Len() != 1 {
			return fmt.Errorf("a bound has %d elements, want one", bound.Len())
		}
		if v := bound.float(0); i == 0 {
			k.low = v
		} else {
			k.high = v
		}
	}
	if z == nil {
		return nil
	}
	if err := z.resize(x.Type, x.Dims); err != nil {
		return err
	}
	for i := range x.Len() { // the lower bound first, as numpy does; NaN stays
		v := x.float(i)
		if v < k.low {
			v = k.low
		}
		if v > k.high {
			v = k.high
		}
		z.setFloat(i, v)
	}
	return nil
}
