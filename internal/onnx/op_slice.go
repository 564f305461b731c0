package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// slice takes a part of a tensor: along each of some axes the elements from start to before end, by steps that may be negative. Starts,
// ends, axes and steps are attributes before operator set 10 and inputs since.
type slice struct{ starts, ends, axes *Tensor }

func buildSlice(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 5); err != nil {
		return nil, nil, err
	}
	k := slice{}
	if b.version < 10 {
		k.starts, k.ends = NewInts(b.ints("starts")), NewInts(b.ints("ends"))
		if axes := b.ints("axes"); axes != nil {
			k.axes = NewInts(axes)
		}
	} else if !b.given(1) || !b.given(2) {
		return nil, nil, fmt.Errorf("%w: no starts or ends", ErrFormat)
	}
	for i := 1; i < len(b.inputs); i++ {
		if !b.given(i) {
			continue
		}
		if _, err := b.elem(i, Int64, Int32); err != nil {
			return nil, nil, err
		}
	}
	return k, []valueType{{elem: b.inputs[0].elem}}, nil
}

// cut is the part along one axis: count elements from start on, by step.
type cut struct{ start, step, count int }

func (k slice) run(s *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	starts, ends, axes, steps := k.starts, k.ends, k.axes, (*Tensor)(nil)
	for i, p := range [4]**Tensor{&starts, &ends, &axes, &steps} {
		if i+1 < len(in) && in[i+1] != nil {
			*p = in[i+1]
		}
	}
	cuts, err := cutsOf(x.Dims, starts, ends, axes, steps)
	if err != nil || z == nil {
		return err
	}
	s.dims = s.dims[:0]
	for _, c := range cuts {
		s.dims = append(s.dims, int64(c.count))
	}
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	for i := range z.Len() {
		at, rest, step := 0, i, 1
		for d, c := range slices.Backward(cuts) {
			at += (c.start + rest%c.count*c.step) * step
			rest /= c.count
			step *= int(x.Dims[d])
		}
		copyRange(z, i, x, at, 1)
	}
	return nil
}

func cutsOf(dims []int64, starts, ends, axes, steps *Tensor) ([]cut, error) {
	cuts := make([]cut, len(dims))
	for i, d := range dims {
		cuts[i] = cut{0, 1, int(d)}
	}
	n := starts.Len()
	if ends.Len() != n || (axes != nil && axes.Len() != n) || (steps != nil && steps.Len() != n) || (axes == nil && n > len(dims)) {
		return nil, errors.New("starts, ends, axes and steps differ in number")
	}
	for i := range n {
		axis, step := i, int64(1)
		if axes != nil {
			var err error
			if axis, err = axisOf(axes.integer(i), len(dims)); err != nil {
				return nil, err
			}
		}
		if steps != nil {
			step = steps.integer(i)
		}
		if step == 0 || step == math.MinInt64 {
			return nil, fmt.Errorf("step %d", step)
		}
		cuts[axis] = cutOf(dims[axis], starts.integer(i), ends.integer(i), step)
	}
	return cuts, nil
}

// cutOf resolves start and end as Python does: negative ones count from the end, and those outside are moved to it.
func cutOf(size, start, end, step int64) cut {
	low, high := int64(0), size
	if step < 0 {
		low, high = -1, size-1
	}
	place := func(i, low int64) int64 {
		if i < 0 {
			i += size
		}
		return min(max(i, low), high)
	}
	from, to := place(start, 0), place(end, low)
	var count int64
	if step > 0 && to > from {
		count = 1 + (to-from-1)/step
	} else if step < 0 && from > to {
		count = 1 + (from-to-1)/-step
	}
	if count <= 1 {
		step = 1
	}
	return cut{int(from), int(step), int(count)}
}

// transpose reorders the dimensions; without perm it turns them around.
type transpose struct{ perm []int64 }

func buildTranspose(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	return transpose{b.ints("perm")}, []valueType{{elem: b.inputs[0].elem}}, nil
}

func (k transpose) run(s *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	rank := len(x.Dims)
	perm := k.perm
	if perm == nil {
		for i := range rank {
			perm = append(perm, int64(rank-1-i))
		}
	}
	seen := make([]bool, rank)
	s.dims = s.dims[:0]
	for _, p := range perm {
		if p < 0 || p >= int64(rank) || seen[p] {
			return fmt.Errorf("perm %v of %d dimensions", slices.Clone(perm), rank)
		}
		seen[p] = true
		s.dims = append(s.dims, x.Dims[p])
	}
	if len(perm) != rank {
		return fmt.Errorf("perm %v of %d dimensions", slices.Clone(perm), rank)
	}
	if z == nil {
		return nil
	}
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	whole := strides(x.Dims, x.Dims)
	steps := make([]int, rank)
	for i, p := range perm {
		steps[i] = whole[p]
	}
	for i := range z.Len() {
		copyRange(z, i, x, offset(i, s.dims, steps), 1)
	}
	return nil
}
