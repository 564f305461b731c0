package pyobject

import (
	"fmt"
	"strconv"
	"strings"
)

// DType is numpy's description of an array's elements.
type DType struct {
	// Kind is numpy's letter: b for truth values, i and u for integers, f for floats, U for text, O for Python objects, V for records
	// and for bytes without a meaning.
	Kind byte
	// Size is the number of bytes of an element.
	Size int
	// Big says that the most significant byte comes first.
	Big bool
	// Fields are those of a record.
	Fields []Field
}

// Field is a field of a record.
type Field struct {
	Name   string
	Type   DType
	Offset int
}

// maxSize bounds the size of an element: a text of a million characters.
const maxSize = 1 << 22

// ParseDType reads a description such as "<f8", "|b1", "U12", "O".
func ParseDType(text string) (DType, error) {
	refuse := func() (DType, error) {
		return DType{}, fmt.Errorf("%w: elements of numpy's type %.20q are not supported", ErrFormat, text)
	}
	rest := strings.TrimLeft(text, "<>|=")
	if rest == "" || len(text)-len(rest) > 1 {
		return refuse()
	}
	t := DType{Kind: rest[0], Big: text[0] == '>'}
	if rest == "O" || rest == "O8" {
		return DType{Kind: 'O', Size: 8}, nil
	}
	size, err := strconv.Atoi(rest[1:])
	if err != nil || size < 0 || size > maxSize {
		return refuse()
	}
	t.Size = size
	switch t.Kind {
	case 'b':
		if size != 1 {
			return refuse()
		}
	case 'i', 'u':
		if size != 1 && size != 2 && size != 4 && size != 8 {
			return refuse()
		}
	case 'f':
		if size != 4 && size != 8 {
			return refuse()
		}
	case 'U':
		t.Size = 4 * size
	case 'V', 'S':
	default:
		return refuse()
	}
	return t, nil
}

// Record makes the type of records of a size; fields may leave gaps and must lie within it.
func Record(size int, fields []Field) (DType, error) {
	if size < 1 || size > maxSize {
		return DType{}, fmt.Errorf("%w: records of %d bytes", ErrFormat, size)
	}
	for _, f := range fields {
		if f.Offset < 0 || f.Type.Size < 0 || f.Offset > size-f.Type.Size || f.Type.Kind == 'O' {
			return DType{}, fmt.Errorf("%w: field %q of %s at byte %d of a record of %d bytes", ErrFormat, f.Name, f.Type, f.Offset, size)
		}
	}
	return DType{Kind: 'V', Size: size, Fields: fields}, nil
}

// String is the description in numpy's letters; a record is a list of its fields' names.
func (t DType) String() string {
	if len(t.Fields) > 0 {
		names := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			names[i] = f.Name
		}
		return "(" + strings.Join(names, ", ") + ")"
	}
	size := t.Size
	if t.Kind == 'U' {
		size /= 4
	}
	return string(t.Kind) + strconv.Itoa(size)
}
