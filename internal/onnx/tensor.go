package onnx

import (
	"fmt"
	"slices"
)

// DataType is the type of a tensor's elements (TensorProto.DataType).
type DataType int32

// The element types that this package stores as Go values, with the numbers of the ONNX specification. Tensors of
// other types are carried by the codec as bytes and refused by [Load].
const (
	Undefined DataType = 0
	Float     DataType = 1 // float32
	Int32     DataType = 6
	Int64     DataType = 7
	String    DataType = 8
	Bool      DataType = 9
	Double    DataType = 11 // float64
)

// String is the name the specification gives to the type.
func (t DataType) String() string {
	names := [...]string{
		"UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16",
		"DOUBLE", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16",
	}
	if t >= 0 && int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("DataType(%d)", int32(t))
}

// size is the number of bytes of one element in raw_data, 0 for strings and for types kept as bytes.
func (t DataType) size() int {
	switch t {
	case Float, Int32:
		return 4
	case Int64, Double:
		return 8
	case Bool:
		return 1
	default:
		return 0
	}
}

// Tensor is an n-dimensional array in row-major order, both as a constant in a model and as a value at run time.
// Exactly one of the data fields is used, according to Type. A tensor without dimensions holds one element.
type Tensor struct {
	Name      string
	Type      DataType
	Dims      []int64
	DocString string

	F32  []float32
	F64  []float64
	I64  []int64
	I32  []int32
	Bool []bool
	Str  []string

	// MapKeys is set on the result of ZipMap, a sequence of maps: row i maps element j of MapKeys to element
	// i*len+j of the data. Never set in a model.
	MapKeys *Tensor

	// External says that the data lies in another file, which this package does not read.
	External bool
	// Unknown holds the fields that this package does not model, the data of other element types among them.
	Unknown []byte

	// memory is what resize takes its bytes from; nil without a bound.
	memory *memory
}

// NewFloats returns a FLOAT tensor that shares data; without dims it is a vector.
func NewFloats(data []float32, dims ...int64) *Tensor {
	return &Tensor{Type: Float, F32: data, Dims: orVector(dims, len(data))}
}

// NewDoubles returns a DOUBLE tensor that shares data; without dims it is a vector.
func NewDoubles(data []float64, dims ...int64) *Tensor {
	return &Tensor{Type: Double, F64: data, Dims: orVector(dims, len(data))}
}

// NewInts returns an INT64 tensor that shares data; without dims it is a vector.
func NewInts(data []int64, dims ...int64) *Tensor {
	return &Tensor{Type: Int64, I64: data, Dims: orVector(dims, len(data))}
}

// NewStrings returns a STRING tensor that shares data; without dims it is a vector.
func NewStrings(data []string, dims ...int64) *Tensor {
	return &Tensor{Type: String, Str: data, Dims: orVector(dims, len(data))}
}

func orVector(dims []int64, n int) []int64 {
	if dims == nil {
		return []int64{int64(n)}
	}
	return dims
}

// Len is the number of elements stored.
func (t *Tensor) Len() int {
	switch t.Type {
	case Float:
		return len(t.F32)
	case Double:
		return len(t.F64)
	case Int64:
		return len(t.I64)
	case Int32:
		return len(t.I32)
	case Bool:
		return len(t.Bool)
	case String:
		return len(t.Str)
	default:
		return 0
	}
}

// check tells whether the type is one that can be computed with and the data fill the dimensions exactly.
func (t *Tensor) check() error {
	switch t.Type {
	case Float, Double, Int64, Int32, Bool, String:
	default:
		return fmt.Errorf("element type %v is not supported", t.Type)
	}
	if t.External {
		return fmt.Errorf("its data are in another file, which is not supported; save the model in one file")
	}
	n, err := elements(t.Dims)
	if err != nil {
		return err
	}
	if n != t.Len() {
		return fmt.Errorf("%d elements do not fill the shape %v", t.Len(), t.Dims)
	}
	return nil
}

// maxElements bounds every tensor (2 GiB of float64), so that a crafted shape can neither overflow nor exhaust memory.
const maxElements = 1 << 28

// elements multiplies the dimensions.
func elements(dims []int64) (int, error) {
	n := int64(1)
	for _, d := range dims {
		if d < 0 || (d > 0 && n > maxElements/d) {
			return 0, fmt.Errorf("the shape %v is negative or has more than %d elements", dims, maxElements)
		}
		n *= d
	}
	return int(n), nil
}

// resize gives t the type and shape, and room for its elements, which keep whatever was there before.
func (t *Tensor) resize(typ DataType, dims []int64) error {
	n, err := elements(dims)
	if err != nil {
		return err
	}
	t.Type = typ
	t.Dims = append(t.Dims[:0], dims...)
	switch typ {
	case Float:
		t.F32, err = grow(t.memory, t.F32, n)
	case Double:
		t.F64, err = grow(t.memory, t.F64, n)
	case Int64:
		t.I64, err = grow(t.memory, t.I64, n)
	case Int32:
		t.I32, err = grow(t.memory, t.I32, n)
	case Bool:
		t.Bool, err = grow(t.memory, t.Bool, n)
	case String:
		t.Str, err = grow(t.memory, t.Str, n)
	default:
		err = fmt.Errorf("element type %v is not supported", typ)
	}
	return err
}

func grow[T any](m *memory, s []T, n int) ([]T, error) {
	if n <= cap(s) {
		return s[:n], nil
	}
	if err := m.spend(n * sizeof[T]()); err != nil {
		return s, err
	}
	return slices.Grow(s[:0], n)[:n], nil
}

// float is element i of a tensor of numbers as float64; INT64 beyond 2^53 are rounded.
func (t *Tensor) float(i int) float64 {
	switch t.Type {
	case Float:
		return float64(t.F32[i])
	case Double:
		return t.F64[i]
	case Int64:
		return float64(t.I64[i])
	default:
		return float64(t.I32[i])
	}
}

// setFloat sets element i of a FLOAT or DOUBLE tensor.
func (t *Tensor) setFloat(i int, v float64) {
	if t.Type == Float {
		t.F32[i] = float32(v)
	} else {
		t.F64[i] = v
	}
}

// integer is element i of an INT64 or INT32 tensor.
func (t *Tensor) integer(i int) int64 {
	if t.Type == Int32 {
		return int64(t.I32[i])
	}
	return t.I64[i]
}
