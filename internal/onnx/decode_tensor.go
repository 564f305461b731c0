package onnx

import (
	"encoding/binary"
	"math"
)

// tensorData gathers the fields of a tensor that hold its elements, of which only one may be used.
type tensorData struct {
	raw    []byte
	hasRaw bool
	f32    []float32
	i32    []int64
	i64    []int64
	f64    []float64
	str    []string
}

func decodeTensor(f *message) *Tensor {
	t := &Tensor{Type: elementType(f)}
	known := t.Type.size() > 0 || t.Type == String
	var data tensorData
	for f.next() {
		switch f.num {
		case 1:
			t.Dims = f.appendInts(t.Dims)
		case 2:
		case 8:
			t.Name = f.text()
		case 12:
			t.DocString = f.text()
		case 14:
			t.External = f.int64() != 0
			t.Unknown = f.keep(t.Unknown)
		default:
			if !known || !data.read(f) {
				t.Unknown = f.keep(t.Unknown)
			}
		}
	}
	if known && f.err == nil {
		data.fill(t, f)
	}
	return t
}

// elementType looks ahead: how the data fields are read depends on it, and it may come after them.
func elementType(f *message) (typ DataType) {
	ahead := *f
	for ahead.next() {
		if ahead.num == 2 {
			typ = DataType(ahead.int64())
		}
	}
	return typ
}

// read takes the current field if it holds elements.
func (d *tensorData) read(f *message) bool {
	switch f.num {
	case 4:
		d.f32 = f.appendFloats(d.f32)
	case 5:
		d.i32 = f.appendInts(d.i32)
	case 6:
		d.str = append(d.str, f.text())
	case 7:
		d.i64 = f.appendInts(d.i64)
	case 9:
		f.packed(1)
		d.raw, d.hasRaw = f.b, true
	case 10:
		d.f64 = f.appendDoubles(d.f64)
	default:
		return false
	}
	return true
}

// fill moves the elements into the field of t that its type uses, and refuses elements in any other.
func (d *tensorData) fill(t *Tensor, f *message) {
	total := len(d.f32) + len(d.i32) + len(d.str) + len(d.i64) + len(d.f64)
	if d.hasRaw && (total > 0 || t.Type == String) {
		f.fail("tensor %q has both raw_data and typed data, or raw strings", t.Name)
		return
	}
	if d.hasRaw {
		fillRaw(t, d.raw, f)
		return
	}
	switch t.Type {
	case Float:
		t.F32 = d.f32
	case Double:
		t.F64 = d.f64
	case Int64:
		t.I64 = d.i64
	case String:
		t.Str = d.str
	case Int32:
		for _, v := range d.i32 {
			t.I32 = append(t.I32, int32(v))
		}
	case Bool:
		for _, v := range d.i32 {
			t.Bool = append(t.Bool, v != 0)
		}
	default:
	}
	if t.Len() != total {
		f.fail("tensor %q of type %v has elements of another type", t.Name, t.Type)
	}
}

func fillRaw(t *Tensor, raw []byte, f *message) {
	size := t.Type.size()
	if len(raw)%size != 0 {
		f.fail("tensor %q: %d bytes of raw_data are not a multiple of %d", t.Name, len(raw), size)
		return
	}
	n := len(raw) / size
	if n == 0 {
		return
	}
	switch t.Type {
	case Float:
		t.F32 = make([]float32, n)
		for i := range t.F32 {
			t.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case Double:
		t.F64 = make([]float64, n)
		for i := range t.F64 {
			t.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	case Int64:
		t.I64 = make([]int64, n)
		for i := range t.I64 {
			t.I64[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	case Int32:
		t.I32 = make([]int32, n)
		for i := range t.I32 {
			t.I32[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case Bool:
		t.Bool = make([]bool, n)
		for i := range t.Bool {
			t.Bool[i] = raw[i] != 0
		}
	default:
	}
}
