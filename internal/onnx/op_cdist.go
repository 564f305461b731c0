package onnx

import (
	"fmt"
	"math"
	"slices"
)

// cdist is com.microsoft's CDist: the distance of each row of the first matrix from each of the second.
type cdist struct{ squared bool }

func buildCDist(b *builder) (kernel, []valueType, error) {
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
	metric := b.text("metric", "")
	if metric != "euclidean" && metric != "sqeuclidean" {
		return nil, nil, fmt.Errorf("%w: metric %q, which onnxruntime has not either; export without the option optim=cdist",
			ErrUnsupported, metric)
	}
	return cdist{metric == "sqeuclidean"}, []valueType{{elem: t}}, nil
}

func (k cdist) run(s *scratch, in, out []*Tensor) error {
	x, y, z := in[0], in[1], out[0]
	if len(x.Dims) != 2 || len(y.Dims) != 2 || x.Dims[1] != y.Dims[1] {
		return fmt.Errorf("shapes %v and %v, want matrices with as many columns", slices.Clone(x.Dims), slices.Clone(y.Dims))
	}
	if z == nil {
		return nil
	}
	s.dims = append(s.dims[:0], x.Dims[0], y.Dims[0])
	if err := z.resize(x.Type, s.dims); err != nil {
		return err
	}
	width := int(x.Dims[1])
	if width == 0 {
		return fmt.Errorf("distances of rows without columns")
	}
	if x.Type == Float {
		distances(z.F32, x.F32, y.F32, int(y.Dims[0]), width, k.squared)
	} else {
		distances(z.F64, x.F64, y.F64, int(y.Dims[0]), width, k.squared)
	}
	return nil
}

// distances computes |a|² + |b|² - 2ab as onnxruntime does, though equal rows are then not always at distance 0: which of two neighbours is
// the nearer must come out the same.
func distances[T ~float32 | ~float64](z, x, y []T, n, width int, squared bool) {
	lengths := make([]T, n)
	for j := range lengths {
		lengths[j] = square(y[j*width : (j+1)*width])
	}
	for i := 0; i < len(z); i += n {
		a := x[i/n*width:][:width]
		own := square(a)
		for j := range n {
			d := (-2*dot(a, 1, y[j*width:], 1, width) + own) + lengths[j]
			if d = max(d, -d); !squared {
				d = T(math.Sqrt(float64(d)))
			}
			z[i+j] = d
		}
	}
}

// square is the sum of the squares of x.
func square[T ~float32 | ~float64](x []T) T {
	squares := make([]T, len(x))
	for i, v := range x {
		squares[i] = squared(v)
	}
	return vectorSum(squares, 0)
}
