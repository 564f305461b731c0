package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// ErrValues is in the chain of errors of [Runner.Run] for values that the model itself refuses: a category that it does not know.
var ErrValues = errors.New("the model does not take these values")

// oneHot is OneHotEncoder: a new last dimension with a 1 at the place of the category.
type oneHot struct {
	places  map[any]int
	size    int
	unknown bool // an unknown category gives zeros; else it is refused
}

func buildOneHotEncoder(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	ints, texts := b.ints("cats_int64s"), b.strings("cats_strings")
	categories := NewInts(ints)
	allowed := []DataType{Int64, Float, Double}
	if len(texts) > 0 {
		categories, allowed = NewStrings(texts), []DataType{String}
	}
	if (len(ints) == 0) == (len(texts) == 0) {
		return nil, nil, fmt.Errorf("%w: want either integers or texts as categories", ErrFormat)
	}
	if _, err := b.elem(0, allowed...); err != nil {
		return nil, nil, err
	}
	k := oneHot{places: make(map[any]int, categories.Len()), size: categories.Len(), unknown: b.int("zeros", 1) != 0}
	for i := range k.size {
		if _, twice := k.places[categories.key(i)]; twice {
			return nil, nil, fmt.Errorf("%w: category %v is there twice", ErrFormat, categories.key(i))
		}
		k.places[categories.key(i)] = i
	}
	return k, []valueType{{elem: Float}}, nil
}

func (k oneHot) run(s *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	if z == nil {
		return nil
	}
	s.dims = append(append(s.dims[:0], x.Dims...), int64(k.size))
	if err := z.resize(Float, s.dims); err != nil {
		return err
	}
	clear(z.F32)
	for i := range x.Len() {
		key := x.key(i)
		if x.Type == Float || x.Type == Double {
			key = int64(x.float(i)) // cut off, as in onnxruntime
		}
		place, ok := k.places[key]
		if !ok && !k.unknown {
			return fmt.Errorf("%w: %.64q is no category that it knows", ErrValues, fmt.Sprint(key))
		}
		if ok {
			z.F32[i*k.size+place] = 1
		}
	}
	return nil
}

// vectorizer is FeatureVectorizer: it puts the columns of its inputs side by side, as float32.
type vectorizer struct{ widths []int64 }

func buildFeatureVectorizer(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1<<20); err != nil {
		return nil, nil, err
	}
	k := vectorizer{b.ints("inputdimensions")}
	if len(k.widths) != len(b.inputs) {
		return nil, nil, fmt.Errorf("%w: %d inputs and widths of %d", ErrFormat, len(b.inputs), len(k.widths))
	}
	for i, in := range b.inputs {
		if !in.present {
			return nil, nil, fmt.Errorf("%w: input %d is missing", ErrFormat, i)
		}
		if _, err := b.elem(i, Float, Double, Int64, Int32); err != nil {
			return nil, nil, err
		}
	}
	return k, []valueType{{elem: Float}}, nil
}

func (k vectorizer) run(s *scratch, in, out []*Tensor) error {
	z, rows, width := out[0], int64(0), int64(0)
	for i, x := range in {
		if len(x.Dims) != 2 || x.Dims[1] != k.widths[i] || (i > 0 && x.Dims[0] != rows) {
			return fmt.Errorf("input %d has shape %v, want [n, %d] with the same n for all", i, slices.Clone(x.Dims), k.widths[i])
		}
		rows = x.Dims[0]
		width += x.Dims[1]
	}
	if z == nil {
		return nil
	}
	s.dims = append(s.dims[:0], rows, width)
	if err := z.resize(Float, s.dims); err != nil {
		return err
	}
	at := 0
	for _, x := range in {
		n := int(x.Dims[1])
		for i := range x.Len() {
			z.F32[i/n*int(width)+at+i%n] = x.single(i)
		}
		at += n
	}
	return nil
}

// single is element i as a float32.
func (t *Tensor) single(i int) float32 {
	switch t.Type {
	case Float:
		return t.F32[i]
	case Double:
		return float32(t.F64[i])
	default:
		return float32(t.integer(i))
	}
}
