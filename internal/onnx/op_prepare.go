package onnx

import (
	"fmt"
	"math"
	"slices"
)

// binarizer gives 1 for elements above the threshold and 0 for others.
type binarizer struct{ threshold float32 }

func buildBinarizer(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, Float); err != nil { // the one type onnxruntime takes
		return nil, nil, err
	}
	return binarizer{b.number("threshold", 0)}, []valueType{{elem: Float}}, nil
}

func (k binarizer) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(Float, x.Dims); err != nil {
		return err
	}
	for i, v := range x.F32 {
		z.F32[i] = 0
		if v > k.threshold {
			z.F32[i] = 1
		}
	}
	return nil
}

// imputer replaces one value, NaN perhaps, by another one in each column.
type imputer struct {
	floats   []float32
	ints     []int64
	replaced float32
	whole    int64
}

func buildImputer(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	t, err := b.elem(0, Float, Int64)
	if err != nil {
		return nil, nil, err
	}
	k := imputer{
		floats: b.floats("imputed_value_floats"), ints: b.ints("imputed_value_int64s"),
		replaced: b.number("replaced_value_float", 0), whole: b.int("replaced_value_int64", 0),
	}
	if (t == Float && len(k.floats) == 0) || (t == Int64 && len(k.ints) == 0) {
		return nil, nil, fmt.Errorf("%w: no values to put in place of others of type %v", ErrFormat, t)
	}
	return k, []valueType{{elem: t}}, nil
}

func (k imputer) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	values := len(k.floats)
	if x.Type == Int64 {
		values = len(k.ints)
	}
	rank := len(x.Dims)
	if values != 1 && (rank == 0 || int64(values) != x.Dims[rank-1]) {
		return fmt.Errorf("%d values for the columns of shape %v", values, slices.Clone(x.Dims))
	}
	if z == nil {
		return nil
	}
	if err := z.resize(x.Type, x.Dims); err != nil {
		return err
	}
	nan := math.IsNaN(float64(k.replaced))
	for i, v := range x.F32 {
		if v == k.replaced || (nan && v != v) {
			v = k.floats[i%values]
		}
		z.F32[i] = v
	}
	for i, v := range x.I64 {
		if v == k.whole {
			v = k.ints[i%values]
		}
		z.I64[i] = v
	}
	return nil
}

// labelEncoder replaces each element by the value that belongs to it, or by the default.
type labelEncoder struct {
	places map[any]int // of each key; NaN is a key by itself
	values *Tensor     // the default is the last
}

// nanKey stands for NaN, which is no key of a Go map.
type nanKey struct{}

func buildLabelEncoder(b *builder) (kernel, []valueType, error) {
	if err := b.want(1, 1); err != nil {
		return nil, nil, err
	}
	if err := b.since(2); err != nil {
		return nil, nil, err
	}
	keys, err := b.list("keys")
	if err != nil {
		return nil, nil, err
	}
	if _, err := b.elem(0, keys.Type); err != nil {
		return nil, nil, err
	}
	values, err := b.list("values")
	if err != nil {
		return nil, nil, err
	}
	if keys.Len() != values.Len() {
		return nil, nil, fmt.Errorf("%w: %d keys and %d values", ErrFormat, keys.Len(), values.Len())
	}
	k := labelEncoder{places: make(map[any]int, keys.Len())}
	for i := range keys.Len() {
		if _, ok := k.places[keys.key(i)]; !ok { // the first of equal keys, as in onnxruntime
			k.places[keys.key(i)] = i
		}
	}
	k.values, err = b.withDefault(values)
	return k, []valueType{{elem: values.Type}}, err
}

// list reads one of keys_int64s, keys_strings, keys_floats and keys_tensor, or of values likewise.
func (b *builder) list(name string) (*Tensor, error) {
	var found []*Tensor
	if v := b.ints(name + "_int64s"); v != nil {
		found = append(found, NewInts(v))
	}
	if v := b.strings(name + "_strings"); v != nil {
		found = append(found, NewStrings(v))
	}
	if v := b.floats(name + "_floats"); v != nil {
		found = append(found, NewFloats(v))
	}
	if v := b.tensor(name + "_tensor"); v != nil {
		found = append(found, v)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%w: %d lists of %s, want one", ErrFormat, len(found), name)
	}
	return found[0], nil
}

// withDefault appends the default to the values.
func (b *builder) withDefault(values *Tensor) (*Tensor, error) {
	fallback := b.tensor("default_tensor")
	i, f, text := b.int("default_int64", -1), b.number("default_float", float32(math.Copysign(0, -1))), b.text("default_string", "_Unused")
	all := &Tensor{}
	if err := all.resize(values.Type, []int64{int64(values.Len()) + 1}); err != nil {
		return nil, err
	}
	copyRange(all, 0, values, 0, values.Len())
	last := values.Len()
	switch {
	case fallback != nil && (fallback.Type != values.Type || fallback.Len() != 1):
		return nil, fmt.Errorf("%w: a default of type %v for values of type %v", ErrFormat, fallback.Type, values.Type)
	case fallback != nil:
		copyRange(all, last, fallback, 0, 1)
	case all.Type == Int64:
		all.I64[last] = i
	case all.Type == String:
		all.Str[last] = text
	case all.Type == Float:
		all.F32[last] = f
	default:
		all.clear(last)
	}
	return all, nil
}

// clear sets element i to the zero, or -1 for integers: the defaults of the types that only default_tensor can set.
func (t *Tensor) clear(i int) {
	switch t.Type {
	case Double:
		t.F64[i] = math.Copysign(0, -1)
	case Int32:
		t.I32[i] = -1
	default:
		t.Bool[i] = false
	}
}

// key is element i as a key of a map.
func (t *Tensor) key(i int) any {
	switch t.Type {
	case String:
		return t.Str[i]
	case Bool:
		return t.Bool[i]
	case Int64, Int32:
		return t.integer(i)
	default:
		if v := t.float(i); v == v {
			return v
		}
		return nanKey{}
	}
}

func (k labelEncoder) run(_ *scratch, in, out []*Tensor) error {
	x, z := in[0], out[0]
	if z == nil {
		return nil
	}
	if err := z.resize(k.values.Type, x.Dims); err != nil {
		return err
	}
	for i := range x.Len() {
		place, ok := k.places[x.key(i)]
		if !ok {
			place = k.values.Len() - 1
		}
		copyRange(z, i, k.values, place, 1)
	}
	return nil
}
