package onnx

import (
	"fmt"
	"slices"
)

// matMul is numpy's matmul of a matrix, a vector or a stack of matrices with one matrix or vector.
type matMul struct{}

func buildMatMul(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double)
	if err != nil {
		return nil, nil, err
	}
	if b.inputs[1].elem != t {
		return nil, nil, fmt.Errorf("%w: element types %v and %v differ", ErrFormat, t, b.inputs[1].elem)
	}
	return matMul{}, []valueType{{elem: t}}, nil
}

func (matMul) run(s *scratch, in, out []*Tensor) error {
	x, y, z := in[0], in[1], out[0]
	rank := len(x.Dims)
	if rank == 0 || len(y.Dims) == 0 || len(y.Dims) > 2 || x.Dims[rank-1] != y.Dims[0] {
		return fmt.Errorf("%w: product of shapes %v and %v", ErrUnsupported, slices.Clone(x.Dims), slices.Clone(y.Dims))
	}
	s.dims = append(append(s.dims[:0], x.Dims[:rank-1]...), y.Dims[1:]...)
	if z == nil {
		return nil
	}
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	k, n := int(y.Dims[0]), 1
	if len(y.Dims) == 2 {
		n = int(y.Dims[1])
	}
	if x.Type == Float {
		product(z.F32, x.F32, y.F32, k, n, k, 1, n, 1)
	} else {
		product(z.F64, x.F64, y.F64, k, n, k, 1, n, 1)
	}
	return nil
}

// product sets z[i,j] to the sum over l < k of x[i*xRow+l*xCol] * y[l*yRow+j*yCol].
func product[T ~float32 | ~float64](z, x, y []T, k, n, xRow, xCol, yRow, yCol int) {
	for at := range z {
		if k > 0 {
			z[at] = dot(x[at/n*xRow:], xCol, y[at%n*yCol:], yRow, k)
		} else {
			z[at] = 0
		}
	}
}

// gemm is alpha*A*B + beta*C, with A or B transposed if so set.
type gemm struct {
	alpha, beta    float32
	transA, transB bool
}

func buildGemm(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 3); err != nil {
		return nil, nil, err
	}
	if err := b.since(7); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double)
	if err != nil {
		return nil, nil, err
	}
	for i := 1; i < len(b.inputs); i++ {
		if b.given(i) && b.inputs[i].elem != t {
			return nil, nil, fmt.Errorf("%w: element types %v and %v differ", ErrFormat, t, b.inputs[i].elem)
		}
	}
	k := gemm{
		alpha: b.number("alpha", 1), beta: b.number("beta", 1),
		transA: b.int("transA", 0) != 0, transB: b.int("transB", 0) != 0,
	}
	return k, []valueType{{elem: t}}, nil
}

func (k gemm) run(s *scratch, in, out []*Tensor) error {
	a, b, z := in[0], in[1], out[0]
	if len(a.Dims) != 2 || len(b.Dims) != 2 {
		return fmt.Errorf("shapes %v and %v, want matrices", slices.Clone(a.Dims), slices.Clone(b.Dims))
	}
	m, depth, aRow, aCol := int(a.Dims[0]), int(a.Dims[1]), int(a.Dims[1]), 1
	if k.transA {
		m, depth, aRow, aCol = depth, m, 1, aRow
	}
	inB, n, bRow, bCol := int(b.Dims[0]), int(b.Dims[1]), int(b.Dims[1]), 1
	if k.transB {
		inB, n, bRow, bCol = n, inB, 1, bRow
	}
	if depth != inB {
		return fmt.Errorf("shapes %v and %v do not fit", slices.Clone(a.Dims), slices.Clone(b.Dims))
	}
	if z == nil {
		return nil
	}
	s.dims = append(s.dims[:0], int64(m), int64(n))
	if err := z.resize(a.Type, s.dims); err != nil {
		return err
	}
	if a.Type == Float {
		product(z.F32, a.F32, b.F32, depth, n, aRow, aCol, bRow, bCol)
	} else {
		product(z.F64, a.F64, b.F64, depth, n, aRow, aCol, bRow, bCol)
	}
	if len(in) > 2 && in[2] != nil {
		return k.add(s, z, in[2])
	}
	return k.add(s, z, nil)
}

// add scales the product and adds C, stretched to its shape.
func (k gemm) add(s *scratch, z, c *Tensor) error {
	var cs []int
	if c != nil {
		both, err := broadcast(s.shape[:0], s.dims, c.Dims)
		if err != nil {
			return err
		}
		if s.shape = both; !slices.Equal(both, s.dims) {
			return fmt.Errorf("shape %v does not stretch to %v", slices.Clone(c.Dims), slices.Clone(s.dims))
		}
		cs = strides(c.Dims, s.dims)
	}
	for i := range z.Len() {
		v := float64(k.alpha) * z.float(i)
		if c != nil {
			v += float64(float64(k.beta) * c.float(offset(i, s.dims, cs)))
		}
		z.setFloat(i, v)
	}
	return nil
}
