package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// topK finds the k largest elements (or smallest) along an axis and where they are, in order; of equal ones the first comes first.
type topK struct {
	axis     int64
	k        int64 // of operator set 1, which has it as an attribute
	smallest bool
}

func buildTopK(b *builder) (kernel, []valueType, error) {
	required := 2
	if b.version < 10 {
		required = 1
	}
	if err := b.want(required, required); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double, Int64, Int32)
	if err != nil {
		return nil, nil, err
	}
	if required == 2 {
		if _, err := b.elem(1, Int64); err != nil {
			return nil, nil, err
		}
	}
	b.int("sorted", 1) // what is not to be sorted may be
	k := topK{axis: b.int("axis", -1), smallest: b.int("largest", 1) == 0}
	if required == 1 {
		k.k = b.int("k", 0)
	}
	return k, []valueType{{elem: t}, {elem: Int64}}, nil
}

// ranking is one of the best elements so far.
type ranking struct {
	value float64
	whole int64 // of integers, which float64 may not hold
	at    int
}

func (k topK) run(s *scratch, in, out []*Tensor) error {
	x := in[0]
	axis, err := axisOf(k.axis, len(x.Dims))
	if err != nil {
		return err
	}
	size, want := int(x.Dims[axis]), k.k
	if len(in) > 1 {
		if in[1].Len() != 1 {
			return errors.New("k is not one number")
		}
		want = in[1].I64[0]
	}
	if want < 0 || want > int64(size) {
		return fmt.Errorf("%d elements wanted of a dimension of size %d", want, size)
	}
	values, places := out[0], out[1]
	if values == nil {
		values = &Tensor{memory: in[0].memory}
	}
	if places == nil {
		places = &Tensor{memory: in[0].memory}
	}
	s.dims = append(s.dims[:0], x.Dims...)
	s.dims[axis] = want
	if err := errors.Join(values.resize(x.Type, s.dims), places.resize(Int64, s.dims)); err != nil {
		return err
	}
	outer, inner := around(x.Dims, axis)
	for o := range outer {
		for i := range inner {
			k.pick(s, x, o*size*inner+i, size, inner, int(want))
			for j, r := range s.best {
				at := (o*int(want)+j)*inner + i
				copyRange(values, at, x, o*size*inner+i+r.at*inner, 1)
				places.I64[at] = int64(r.at)
			}
		}
	}
	return nil
}

// few is the number of elements up to which a list kept in order beats sorting.
const few = 64

// pick fills s.best with the best of x[from], x[from+step] …
func (k topK) pick(s *scratch, x *Tensor, from, size, step, want int) {
	best := s.best[:0]
	defer func() { s.best = best }()
	if want == 0 {
		return
	}
	for j := range size {
		r := k.ranking(x, from+j*step, j)
		if want <= few && len(best) == want {
			if before(best[want-1], r) <= 0 {
				continue
			}
			best = best[:want-1]
		}
		if want > few {
			best = append(best, r)
			continue
		}
		at, _ := slices.BinarySearchFunc(best, r, before)
		best = slices.Insert(best, at, r)
	}
	if want > few {
		slices.SortFunc(best, before)
		best = best[:want]
	}
}

// ranking turns values around when the largest come first, so that smaller is better.
func (k topK) ranking(x *Tensor, at, j int) ranking {
	r := ranking{at: j}
	if x.Type == Int64 || x.Type == Int32 {
		if r.whole = x.integer(at); !k.smallest {
			r.whole = ^r.whole // the order of integers turned around, without overflow
		}
		return r
	}
	if r.value = x.float(at); !k.smallest {
		r.value = -r.value
	}
	return r
}

// before puts NaN last.
func before(a, b ranking) int {
	switch {
	case a.value < b.value || (a.value == a.value && b.value != b.value) || a.whole < b.whole:
		return -1
	case b.value < a.value || (b.value == b.value && a.value != a.value) || b.whole < a.whole:
		return 1
	default:
		return a.at - b.at
	}
}
