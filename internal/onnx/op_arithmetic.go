package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

type number interface {
	~float32 | ~float64 | ~int64 | ~int32
}

// arithmetic is Add, Sub, Mul, Div and Pow with numpy's broadcasting (opset 7 and later).
type arithmetic struct {
	op  string
	f32 func(x, y float32) float32
	f64 func(x, y float64) float64
	i64 func(x, y int64) int64
	i32 func(x, y int32) int32
}

func buildArithmetic(b *builder) (kernel, []valueType, error) {
	if err := b.want(2, 2); err != nil {
		return nil, nil, err
	}
	if err := b.since(7); err != nil {
		return nil, nil, err
	}
	allowed := []DataType{Float, Double, Int64, Int32}
	if b.node.OpType == "Pow" {
		allowed = allowed[:2]
	}
	t, err := b.elem(0, allowed...)
	if err != nil {
		return nil, nil, err
	}
	if b.inputs[1].elem != t {
		return nil, nil, fmt.Errorf("%w: element types %v and %v differ", ErrFormat, t, b.inputs[1].elem)
	}
	op := b.node.OpType
	return arithmetic{op, operation[float32](op), operation[float64](op), operation[int64](op), operation[int32](op)}, []valueType{{elem: t}}, nil
}

func (k arithmetic) run(s *scratch, in, out []*Tensor) error {
	x, y, z := in[0], in[1], out[0]
	var err error
	if s.dims, err = broadcast(s.dims[:0], x.Dims, y.Dims); err != nil {
		return err
	}
	if z == nil {
		return nil
	}
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	switch x.Type {
	case Float:
		pairs(s, z.F32, x, x.F32, y, y.F32, k.f32)
	case Double:
		pairs(s, z.F64, x, x.F64, y, y.F64, k.f64)
	case Int64:
		if k.op == "Div" && slices.Contains(y.I64, 0) {
			return errZeroDivision
		}
		pairs(s, z.I64, x, x.I64, y, y.I64, k.i64)
	default:
		if k.op == "Div" && slices.Contains(y.I32, 0) {
			return errZeroDivision
		}
		pairs(s, z.I32, x, x.I32, y, y.I32, k.i32)
	}
	return nil
}

var errZeroDivision = errors.New("division of integers by zero")

// broadcast appends the common shape of a and b: aligned at the last dimension, a 1 stretches.
func broadcast(dst, a, b []int64) ([]int64, error) {
	n := max(len(a), len(b))
	for i := range n {
		x, y := dimFromEnd(a, n-1-i), dimFromEnd(b, n-1-i)
		switch {
		case x == y || y == 1:
			dst = append(dst, x)
		case x == 1:
			dst = append(dst, y)
		default:
			return dst, fmt.Errorf("shapes %v and %v do not broadcast", slices.Clone(a), slices.Clone(b))
		}
	}
	return dst, nil
}

func dimFromEnd(dims []int64, i int) int64 {
	if i < len(dims) {
		return dims[len(dims)-1-i]
	}
	return 1
}

// pairs applies f to the elements of two tensors stretched to the shape s.dims. The common shapes (equal, one row or one element against
// many) are plain loops.
func pairs[T, R any](s *scratch, z []R, xt *Tensor, x []T, yt *Tensor, y []T, f func(x, y T) R) {
	switch {
	case len(z) == 0:
	case len(x) == len(z) && repeats(yt.Dims, s.dims):
		for i, j := 0, 0; i < len(z); i++ {
			z[i] = f(x[i], y[j])
			if j++; j == len(y) {
				j = 0
			}
		}
	default:
		xs, ys := strides(xt.Dims, s.dims), strides(yt.Dims, s.dims)
		for i := range z {
			z[i] = f(x[offset(i, s.dims, xs)], y[offset(i, s.dims, ys)])
		}
	}
}

func operation[T number](op string) func(x, y T) T {
	switch op {
	case "Add":
		return func(x, y T) T { return x + y }
	case "Sub":
		return func(x, y T) T { return x - y }
	case "Mul":
		return func(x, y T) T { return x * y }
	case "Pow":
		return func(x, y T) T { return T(math.Pow(float64(x), float64(y))) }
	default:
		return func(x, y T) T { return x / y }
	}
}

// repeats tells whether an array of shape a, repeated end to end, fills the shape whole: after leading ones it equals
// the last dimensions of whole.
func repeats(a, whole []int64) bool {
	for len(a) > 0 && a[0] == 1 {
		a = a[1:]
	}
	return len(a) <= len(whole) && slices.Equal(a, whole[len(whole)-len(a):])
}

// strides are the steps through an array of shape a for each dimension of the shape it is stretched to.
func strides(a, whole []int64) []int {
	s := make([]int, len(whole))
	step := 1
	for i := range a {
		d := dimFromEnd(a, i)
		if d != 1 {
			s[len(whole)-1-i] = step
		}
		step *= int(d)
	}
	return s
}

func offset(i int, dims []int64, strides []int) int {
	at := 0
	for d, n := range slices.Backward(dims) {
		at += i % int(n) * strides[d]
		i /= int(n)
	}
	return at
}
