package skops

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mlopsgo/internal/pyobject"
)

// array reads an array: a file of numpy, or objects and their shape.
func (r *archiveReader) array(n *readNode, depth int) (pyobject.Value, error) {
	if !strings.HasPrefix(n.class, "numpy.") {
		return nil, fmt.Errorf("%w: an array of class %.200s", ErrRefused, n.class)
	}
	if n.kind == "numpy" {
		data, err := r.unpack(n.file)
		if err != nil {
			return nil, err
		}
		a, err := parseNPY(data)
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", n.file, err)
		}
		return a, nil
	}
	items, err := r.items(n, depth)
	if err != nil {
		return nil, err
	}
	shape, err := r.value(n.shape, depth+1)
	if err != nil {
		return nil, err
	}
	return objectArray(items, shape)
}

// maxObjects bounds arrays of objects: stages and classes of a boosted ensemble are the most there are.
const maxObjects = 1 << 20

// objectArray is an array of objects; those of more than one dimension are written as lists of lists.
func objectArray(items []pyobject.Value, shape pyobject.Value) (*pyobject.Array, error) {
	a := &pyobject.Array{Type: pyobject.DType{Kind: 'O', Size: 8}, Shape: []int{}, Objects: items}
	dims, ok := shape.(pyobject.Tuple)
	for i, d := range dims {
		n, isInt := d.(int64)
		if ok = ok && isInt && n >= 0 && n <= maxObjects && i < 2; !ok {
			break
		}
		a.Shape = append(a.Shape, int(n))
		if ok = i == 0 || a.Shape[0]*a.Shape[1] <= maxObjects; i == 0 || !ok { // rows can be one and the same list many times
			continue
		}
		a.Objects = nil
		for _, item := range items {
			row, isList := item.(*pyobject.List)
			if ok = ok && isList; ok {
				a.Objects = append(a.Objects, row.Items...)
			}
		}
	}
	if !ok {
		return nil, fmt.Errorf("%w: an array of objects of shape %s", ErrRefused, pyobject.Describe(shape))
	}
	return a.Checked()
}

// npyHeader is the header as numpy writes it.
var npyHeader = regexp.MustCompile(`^\{'descr': ('[^']*'|\[[^\]]*\]), 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \} *\n$`)

// npyField is a field of a record in it.
var npyField = regexp.MustCompile(`^\('([^']*)', '([^']*)'\)$`)

// parseNPY reads a file of numpy's format, whose data the array shares.
func parseNPY(data []byte) (*pyobject.Array, error) {
	const magic = "\x93NUMPY"
	if len(data) < len(magic)+6 || string(data[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it is no array of numpy", ErrFormat)
	}
	from, size := len(magic)+4, int(binary.LittleEndian.Uint16(data[len(magic)+2:]))
	if version := data[len(magic)]; version > 1 {
		from, size = len(magic)+6, int(binary.LittleEndian.Uint32(data[len(magic)+2:]))
	}
	const maxHeader = 1 << 16
	if size > maxHeader || size > len(data)-from {
		return nil, fmt.Errorf("%w: a header of %d bytes", ErrFormat, size)
	}
	parts := npyHeader.FindSubmatch(data[from : from+size])
	if parts == nil {
		return nil, fmt.Errorf("%w: the header %.100q", ErrFormat, data[from:from+size])
	}
	a := &pyobject.Array{Fortran: string(parts[2]) == "True", Data: data[from+size:], Shape: []int{}}
	var err error
	if a.Type, err = parseDescr(string(parts[1])); err != nil {
		return nil, err
	}
	for d := range strings.SplitSeq(string(parts[3]), ",") {
		if d = strings.TrimSpace(d); d == "" {
			continue
		}
		n, err := strconv.Atoi(d)
		if err != nil {
			return nil, fmt.Errorf("%w: the shape (%.100s)", ErrFormat, parts[3])
		}
		a.Shape = append(a.Shape, n)
	}
	if a.Type.Kind == 'O' {
		return nil, fmt.Errorf("%w: Python objects in an array of numpy's format", ErrRefused)
	}
	return a.Checked()
}

// parseDescr reads '<f8', or a list of ('name', '<f8').
func parseDescr(text string) (pyobject.DType, error) {
	if text[0] == '\'' {
		return pyobject.ParseDType(text[1 : len(text)-1])
	}
	var fields []pyobject.Field
	size := 0
	for one := range strings.SplitAfterSeq(strings.Trim(text, "[]"), ")") {
		if one = strings.TrimLeft(one, ", "); one == "" {
			continue
		}
		parts := npyField.FindStringSubmatch(one)
		if parts == nil {
			return pyobject.DType{}, fmt.Errorf("%w: the field %.100q of records", ErrRefused, one)
		}
		t, err := pyobject.ParseDType(parts[2])
		if err != nil {
			return t, err
		}
		fields = append(fields, pyobject.Field{Name: parts[1], Type: t, Offset: size})
		size += t.Size
	}
	return pyobject.Record(size, fields)
}
