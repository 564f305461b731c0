package onnx

import "math"

// softMax is Softmax and LogSoftmax: along one axis since operator set 13, before over all dimensions from the axis on.
type softMax struct {
	axis int64
	log  bool
	flat bool
}

func buildSoftmax(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double)
	if err != nil {
		return nil, nil, err
	}
	k := softMax{log: b.node.OpType == "LogSoftmax", flat: b.version < 13}
	absent := int64(-1)
	if k.flat {
		absent = 1
	}
	k.axis = b.int("axis", absent)
	return k, []valueType{{elem: t}}, nil
}

func (k softMax) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	axis, err := axisOf(k.axis, len(x.Dims))
	if err != nil || z == nil {
		return err
	}
	if err := z.resize(x.Type, x.Dims); err != nil {
		return err
	}
	if x.Len() == 0 {
		return nil
	}
	outer, inner := around(x.Dims, axis)
	size := int(x.Dims[axis])
	if k.flat {
		size, inner = size*inner, 1
	}
	for o := range outer {
		for i := range inner {
			from := o*size*inner + i
			if x.Type == Float {
				exponentials(z.F32, x.F32, from, size, inner, k.log)
			} else {
				exponentials(z.F64, x.F64, from, size, inner, k.log)
			}
		}
	}
	return nil
}

// exponentials computes in float64 and rounds once.
func exponentials[T ~float32 | ~float64](z, x []T, from, size, step int, log bool) {
	largest := math.Inf(-1)
	for j := range size {
		largest = max(largest, float64(x[from+j*step]))
	}
	var sum float64
	for j := range size {
		sum += math.Exp(float64(x[from+j*step]) - largest)
	}
	for j := range size {
		v := float64(x[from+j*step]) - largest
		if log {
			z[from+j*step] = T(v - math.Log(sum))
		} else {
			z[from+j*step] = T(math.Exp(v) / sum)
		}
	}
}
