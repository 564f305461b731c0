package onnx

import (
	"fmt"
	"math"
	"slices"
)

// rows sees a tensor of one or two dimensions as rows, the way the ai.onnx.ml operators do: a vector is one row.
func rows(x *Tensor) (n, width int, err error) {
	switch len(x.Dims) {
	case 1:
		return 1, int(x.Dims[0]), nil
	case 2:
		return int(x.Dims[0]), int(x.Dims[1]), nil
	default:
		return 0, 0, fmt.Errorf("shape %v is neither a vector nor a matrix", slices.Clone(x.Dims))
	}
}

// scaler computes (x - offset) * scale, in the type of x and float32 as onnxruntime does.
type scaler struct{ offset, scale []float32 }

func buildScaler(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float, Double, Int64, Int32); err != nil {
		return nil, nil, err
	}
	k := scaler{offset: b.floats("offset"), scale: b.floats("scale")}
	if len(k.offset) != len(k.scale) || len(k.scale) == 0 {
		return nil, nil, fmt.Errorf("%w: %d offsets and %d scales, want as many of each and at least one",
			ErrFormat, len(k.offset), len(k.scale))
	}
	return k, []valueType{{elem: Float}}, nil
}

func (k scaler) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	_, width, err := rows(x)
	if err != nil {
		return err
	}
	if len(k.scale) != 1 && len(k.scale) != width {
		return fmt.Errorf("%d columns, but scales for %d", width, len(k.scale))
	}
	if z == nil {
		return nil
	}
	if err := z.resize(Float, x.Dims); err != nil {
		return err
	}
	for i, j := 0, 0; i < len(z.F32); i++ {
		o, s := k.offset[j], k.scale[j]
		switch x.Type {
		case Float:
			z.F32[i] = (x.F32[i] - o) * s
		case Double:
			z.F32[i] = float32((x.F64[i] - float64(o)) * float64(s))
		case Int64:
			z.F32[i] = (float32(x.I64[i]) - o) * s
		default:
			z.F32[i] = (float32(x.I32[i]) - o) * s
		}
		if j++; j == len(k.scale) {
			j = 0
		}
	}
	return nil
}

// normalizer divides each row by its maximum, its sum of absolute values, or its length.
type normalizer struct{ norm string }

func buildNormalizer(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float); err != nil {
		return nil, nil, err
	}
	k := normalizer{b.text("norm", "MAX")}
	if k.norm != "MAX" && k.norm != "L1" && k.norm != "L2" {
		return nil, nil, fmt.Errorf("%w: norm %q", ErrFormat, k.norm)
	}
	return k, []valueType{{elem: Float}}, nil
}

func (k normalizer) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	n, width, err := rows(x)
	if err != nil || z == nil {
		return err
	}
	if err := z.resize(Float, x.Dims); err != nil {
		return err
	}
	for r := range n {
		normalize(k.norm, z.F32[r*width:(r+1)*width], x.F32[r*width:(r+1)*width])
	}
	return nil
}

func normalize(norm string, z, x []float32) {
	var by float32
	if norm == "MAX" {
		by = -math.MaxFloat32
	}
	for _, v := range x {
		switch norm {
		case "MAX":
			by = max(by, v)
		case "L1":
			by += float32(math.Abs(float64(v)))
		default:
			by += float32(v * v)
		}
	}
	for i, v := range x {
		switch {
		case by == 0:
			z[i] = v
		case norm == "L2":
			root := float32(math.Sqrt(float64(float32(v*v) / by)))
			z[i] = float32(math.Copysign(float64(root), float64(v)))
		default:
			z[i] = v / by
		}
	}
}

// zipMap turns each row of scores into a map from class label to score. The scores are shared, not copied.
type zipMap struct{ keys *Tensor }

func buildZipMap(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Double) // onnxruntime takes FLOAT only; skl2onnx makes others too
	if err != nil {
		return nil, nil, err
	}
	keys, err := b.labels("classlabels_int64s")
	if err != nil {
		return nil, nil, err
	}
	return zipMap{keys}, []valueType{{elem: t, isMap: true}}, nil
}

func (k zipMap) run(_ *scratch, in, out []*Tensor) error {
	_, width, err := rows(in[0])
	if err != nil || out[0] == nil {
		return err
	}
	if width != k.keys.Len() {
		return fmt.Errorf("%d scores a row, but %d labels", width, k.keys.Len())
	}
	*out[0] = *in[0]
	out[0].MapKeys = k.keys
	return nil
}
