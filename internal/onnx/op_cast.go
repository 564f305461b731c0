package onnx

import "fmt"

// cast converts between numbers and truth values. Floats become integers by truncation, numbers true unless zero.
type cast struct{ to DataType }

func buildCast(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if b.version < 6 {
		return nil, nil, fmt.Errorf("%w: operator set %d, want 6 or later", ErrUnsupported, b.version)
	}
	if _, err := b.elem(0, Float, Double, Int64, Int32, Bool); err != nil {
		return nil, nil, err
	}
	b.int("saturate", 1) // concerns only 8-bit floats
	to := DataType(b.int("to", 0))
	switch to {
	case Float, Double, Int64, Int32, Bool:
		return cast{to}, []valueType{{elem: to}}, nil
	default:
		return nil, nil, fmt.Errorf("%w: conversion to %v", ErrUnsupported, to)
	}
}

// buildCastLike is for a conversion to the type of the second input.
func buildCastLike(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float, Double, Int64, Int32, Bool); err != nil {
		return nil, nil, err
	}
	to, err := b.elem(1, Float, Double, Int64, Int32, Bool)
	b.int("saturate", 1)
	return cast{to}, []valueType{{elem: to}}, err
}

func (k cast) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(k.to, x.Dims); err != nil {
		return err
	}
	switch x.Type {
	case Float:
		convert(z, x.F32)
	case Double:
		convert(z, x.F64)
	case Int64:
		convert(z, x.I64)
	case Int32:
		convert(z, x.I32)
	default:
		convertBool(z, x.Bool)
	}
	return nil
}

func convert[S number](z *Tensor, x []S) {
	switch z.Type {
	case Float:
		convertTo(z.F32, x)
	case Double:
		convertTo(z.F64, x)
	case Int64:
		convertTo(z.I64, x)
	case Int32:
		convertTo(z.I32, x)
	default:
		for i, v := range x {
			z.Bool[i] = v != 0
		}
	}
}

func convertTo[D, S number](z []D, x []S) {
	for i, v := range x {
		z[i] = D(v)
	}
}

func convertBool(z *Tensor, x []bool) {
	if z.Type == Bool {
		copy(z.Bool, x)
		return
	}
	for i, v := range x {
		var n int64
		if v {
			n = 1
		}
		switch z.Type {
		case Float:
			z.F32[i] = float32(n)
		case Double:
			z.F64[i] = float64(n)
		case Int64:
			z.I64[i] = n
		default:
			z.I32[i] = int32(n)
		}
	}
}
