package pyobject

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Array is a numpy array, or with no dimensions a scalar of numpy.
type Array struct {
	Type  DType
	Shape []int
	// Fortran says that the first index changes fastest in Data, instead of the last.
	Fortran bool
	// Data are the elements as they lie in memory; Objects are those of an array of Python objects.
	Data    []byte
	Objects []Value
}

// maxElements bounds every array, so that a shape cannot overflow.
const maxElements = 1 << 31

// Elements multiplies the dimensions of a shape.
func Elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > maxElements/d) {
			return 0, fmt.Errorf("%w: the shape %v is negative or has more than %d elements", ErrFormat, shape, maxElements)
		}
		n *= d
	}
	return n, nil
}

// Checked gives the array itself when its data fill the shape exactly.
func (a *Array) Checked() (*Array, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Array) check() error {
	n, err := Elements(a.Shape)
	if err != nil {
		return err
	}
	if a.Type.Kind == 'O' {
		if len(a.Objects) != n {
			return fmt.Errorf("%w: %d objects do not fill the shape %v", ErrFormat, len(a.Objects), a.Shape)
		}
		return nil
	}
	if a.Type.Size < 1 || len(a.Data)/a.Type.Size != n || len(a.Data)%a.Type.Size != 0 {
		return fmt.Errorf("%w: %d bytes do not fill the shape %v of %s", ErrFormat, len(a.Data), a.Shape, a.Type)
	}
	return nil
}

// Len is the number of elements of an array that Checked has passed.
func (a *Array) Len() int {
	if a.Type.Kind == 'O' {
		return len(a.Objects)
	}
	return len(a.Data) / a.Type.Size
}

// Floats gives the elements of an array of numbers or truth values, the last index changing fastest.
func (a *Array) Floats() ([]float64, error) {
	read, err := a.Type.float()
	if err != nil {
		return nil, err
	}
	return collect(a, read)
}

// Ints gives the elements of an array of integers or truth values, the last index changing fastest.
func (a *Array) Ints() ([]int64, error) {
	read, err := a.Type.integer()
	if err != nil {
		return nil, err
	}
	return collect(a, read)
}

// Strings gives the elements of an array of text, numpy's own or Python's strings.
func (a *Array) Strings() ([]string, error) {
	if a.Type.Kind == 'O' {
		texts := make([]string, len(a.Objects))
		for i, v := range a.Objects {
			text, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("%w: %s in an array of text", ErrFormat, Describe(v))
			}
			texts[i] = text
		}
		return texts, nil
	}
	if a.Type.Kind != 'U' {
		return nil, fmt.Errorf("%w: an array of %s, where text was expected", ErrFormat, a.Type)
	}
	return collect(a, a.Type.text)
}

// Field is a field of an array of records, as an array of its own.
func (a *Array) Field(name string) (*Array, error) {
	i := slices.IndexFunc(a.Type.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: records of %s without a field %q", ErrFormat, a.Type, name)
	}
	f := a.Type.Fields[i]
	column := &Array{Type: f.Type, Shape: a.Shape, Fortran: a.Fortran, Data: make([]byte, 0, a.Len()*f.Type.Size)}
	for at := f.Offset; at < len(a.Data); at += a.Type.Size {
		column.Data = append(column.Data, a.Data[at:at+f.Type.Size]...)
	}
	return column, nil
}

// collect reads every element in C's order.
func collect[T any](a *Array, read func([]byte) T) ([]T, error) {
	size, n := a.Type.Size, a.Len()
	out := make([]T, n)
	if !a.Fortran || len(a.Shape) < 2 {
		for i := range out {
			out[i] = read(a.Data[i*size : (i+1)*size])
		}
		return out, nil
	}
	if len(a.Shape) > 2 {
		return nil, fmt.Errorf("%w: an array of shape %v in Fortran's order", ErrFormat, a.Shape)
	}
	rows, columns := a.Shape[0], a.Shape[1]
	for i := range rows {
		for j := range columns {
			at := (j*rows + i) * size
			out[i*columns+j] = read(a.Data[at : at+size])
		}
	}
	return out, nil
}

// text reads a text of numpy: code points of four bytes, filled up with zeros.
func (t DType) text(data []byte) string {
	var b []byte
	order := t.order()
	for ; len(data) >= 4; data = data[4:] {
		r := order.Uint32(data)
		if r > utf8.MaxRune {
			r = utf8.RuneError
		}
		b = utf8.AppendRune(b, rune(r))
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return string(b)
}

func (t DType) order() binary.ByteOrder {
	if t.Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// float is how an element becomes a float64.
func (t DType) float() (func([]byte) float64, error) {
	order := t.order()
	switch {
	case t.Kind == 'f' && t.Size == 8:
		return func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }, nil
	case t.Kind == 'f' && t.Size == 4:
		return func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }, nil
	}
	read, err := t.integer()
	if err != nil {
		return nil, fmt.Errorf("%w: an array of %s, where numbers were expected", ErrFormat, t)
	}
	return func(b []byte) float64 { return float64(read(b)) }, nil
}

// integer is how an element becomes an int64.
func (t DType) integer() (func([]byte) int64, error) {
	order := t.order()
	switch t.Kind {
	case 'b':
		return func(b []byte) int64 { return min(1, int64(b[0])) }, nil
	case 'u':
		switch t.Size {
		case 1:
			return func(b []byte) int64 { return int64(b[0]) }, nil
		case 2:
			return func(b []byte) int64 { return int64(order.Uint16(b)) }, nil
		case 4:
			return func(b []byte) int64 { return int64(order.Uint32(b)) }, nil
		}
	case 'i':
		switch t.Size {
		case 1:
			return func(b []byte) int64 { return int64(int8(b[0])) }, nil
		case 2:
			return func(b []byte) int64 { return int64(int16(order.Uint16(b))) }, nil
		case 4:
			return func(b []byte) int64 { return int64(int32(order.Uint32(b))) }, nil
		case 8:
			return func(b []byte) int64 { return int64(order.Uint64(b)) }, nil
		}
	}
	return nil, fmt.Errorf("%w: an array of %s, where integers were expected", ErrFormat, t)
}
