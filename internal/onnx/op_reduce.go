package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// reduce gathers the elements along one or several neighbouring axes into one: ReduceSum and its kin. The axes are an attribute before
// operator set 18 (13 for ReduceSum) and an input since.
type reduce struct {
	op       string
	axes     []int64
	keepDims bool
	// none says that without axes nothing is reduced, not everything.
	none bool
}

func buildReduce(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 2); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double, Int64, Int32)
	if err != nil {
		return nil, nil, err
	}
	if b.node.OpType == "ReduceLogSumExp" || b.node.OpType == "ReduceL2" {
		if t, err = b.elem(0, Float, Double); err != nil {
			return nil, nil, err
		}
	}
	if b.given(1) {
		if _, err := b.elem(1, Int64); err != nil {
			return nil, nil, err
		}
	}
	k := reduce{
		op: b.node.OpType, axes: b.ints("axes"), keepDims: b.int("keepdims", 1) != 0,
		none: b.int("noop_with_empty_axes", 0) != 0,
	}
	return k, []valueType{{elem: t}}, nil
}

func (k reduce) run(s *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	axes := k.axes
	if len(in) > 1 && in[1] != nil {
		axes = in[1].I64
	}
	first, last, err := k.span(axes, len(x.Dims))
	if err != nil || z == nil {
		return err
	}
	s.dims = append(s.dims[:0], x.Dims[:first]...)
	size := 1
	for _, d := range x.Dims[first:last] {
		size *= int(d)
		if k.keepDims {
			s.dims = append(s.dims, 1)
		}
	}
	s.dims = append(s.dims, x.Dims[last:]...)
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	if size == 0 && z.Len() > 0 && k.op != "ReduceSum" && k.op != "ReduceSumSquare" {
		return errors.New("nothing to reduce along an empty dimension")
	}
	inner := 1
	for _, d := range x.Dims[last:] {
		inner *= int(d)
	}
	switch x.Type {
	case Float:
		gatherTo(k.op, z.F32, x.F32, size, inner)
	case Double:
		gatherTo(k.op, z.F64, x.F64, size, inner)
	case Int64:
		gatherTo(k.op, z.I64, x.I64, size, inner)
	default:
		gatherTo(k.op, z.I32, x.I32, size, inner)
	}
	return nil
}

// span gives the axes as dims[first:last].
func (k reduce) span(axes []int64, rank int) (first, last int, err error) {
	if len(axes) == 0 {
		if k.none {
			return rank, rank, nil
		}
		return 0, rank, nil
	}
	first, last = rank, 0
	seen := make([]bool, rank)
	for _, a := range axes {
		i, err := axisOf(a, rank)
		if err != nil {
			return 0, 0, err
		}
		seen[i] = true
		first, last = min(first, i), max(last, i+1)
	}
	if slices.Contains(seen[first:last], false) {
		return 0, 0, fmt.Errorf("%w: reduction along axes %v, which are not neighbours", ErrUnsupported, slices.Clone(axes))
	}
	return first, last, nil
}

func gatherTo[T number](op string, z, x []T, size, inner int) {
	one := gathering[T](op)
	for i := range z {
		z[i] = one(x, i/inner*size*inner+i%inner, size, inner)
	}
}

// gathering returns the function that reduces x[from], x[from+step] and so on, size elements. Products are rounded before they are added.
func gathering[T number](op string) func(x []T, from, size, step int) T {
	switch op {
	case "ReduceMax", "ReduceMin":
		f := folding[T](op[len("Reduce"):])
		return func(x []T, from, size, step int) T {
			acc := x[from]
			for j := 1; j < size; j++ {
				acc = f(acc, x[from+j*step])
			}
			return acc
		}
	case "ReduceSumSquare":
		return sumOf(squared[T])
	case "ReduceL1":
		return sumOf(func(v T) T { return max(v, -v) })
	case "ReduceL2":
		squares := sumOf(squared[T])
		return func(x []T, from, size, step int) T { return T(math.Sqrt(float64(squares(x, from, size, step)))) }
	case "ReduceMean":
		return func(x []T, from, size, step int) T { return total(x, from, size, step) / T(size) }
	case "ReduceLogSumExp":
		return logSumExp[T]
	default:
		return total[T]
	}
}

// total adds up elements, those of the last dimension in vectors.
func total[T number](x []T, from, size, step int) T {
	if step == 1 {
		return vectorSum(x[from:from+size], from)
	}
	var acc T
	for j := range size {
		acc += x[from+j*step]
	}
	return acc
}

func sumOf[T number](f func(T) T) func(x []T, from, size, step int) T {
	return func(x []T, from, size, step int) T {
		var acc T
		for j := range size {
			acc += f(x[from+j*step])
		}
		return acc
	}
}

// logSumExp takes the largest element out of the sum first, so that nothing overflows.
func logSumExp[T number](x []T, from, size, step int) T {
	largest := math.Inf(-1)
	for j := range size {
		largest = max(largest, float64(x[from+j*step]))
	}
	if math.IsInf(largest, 0) {
		return T(largest)
	}
	var sum float64
	for j := range size {
		sum += math.Exp(float64(x[from+j*step]) - largest)
	}
	return T(largest + math.Log(sum))
}

func squared[T number](v T) T {
	return T(v * v) //nolint:unconvert // rounds before the sum, also where the machine has fused instructions
}
