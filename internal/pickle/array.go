package pickle

import (
	"fmt"

	"mlopsgo/internal/pyobject"
)

// dtype is numpy.dtype while the file is read: it is made by one call and completed by its state.
type dtype struct{ pyobject.DType }

// newElementType is numpy.dtype("f8", False, True).
func newElementType(args pyobject.Tuple) (pyobject.Value, error) {
	if len(args) < 1 {
		return nil, fmt.Errorf("%w: numpy.dtype without a name", ErrFormat)
	}
	name, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("%w: numpy.dtype of %s", ErrFormat, pyobject.Describe(args[0]))
	}
	t, err := pyobject.ParseDType(name)
	return &dtype{t}, err
}

// build takes the state: (version, byte order, subarray, names, fields by name, size, alignment, flags, …).
func (d *dtype) build(state pyobject.Value) error {
	parts, ok := state.(pyobject.Tuple)
	if !ok || len(parts) < 8 {
		return fmt.Errorf("%w: the state of numpy.dtype is %s", ErrFormat, pyobject.Describe(state))
	}
	order, _ := parts[1].(string)
	d.Big = order == ">"
	if parts[2] != nil {
		return fmt.Errorf("%w: elements that are arrays themselves", ErrRefused)
	}
	if parts[3] == nil {
		return nil
	}
	names, ok := parts[3].(pyobject.Tuple)
	fields, also := parts[4].(*pyobject.Dict)
	size, all := parts[5].(int64)
	if !ok || !also || !all || d.Kind != 'V' || size != int64(d.Size) {
		return fmt.Errorf("%w: the fields of numpy's records", ErrFormat)
	}
	record := make([]pyobject.Field, 0, len(names))
	for _, name := range names {
		text, _ := name.(string)
		v, _ := fields.Get(text)
		place, _ := v.(pyobject.Tuple)
		if len(place) < 2 {
			return fmt.Errorf("%w: field %q of numpy's records", ErrFormat, text)
		}
		of, ok := place[0].(*dtype)
		offset, also := place[1].(int64)
		if !ok || !also || of == d || offset < 0 || offset > size {
			return fmt.Errorf("%w: field %q of numpy's records", ErrFormat, text)
		}
		record = append(record, pyobject.Field{Name: text, Type: of.DType, Offset: int(offset)})
	}
	var err error
	d.DType, err = pyobject.Record(int(size), record)
	return err
}

// buildArray takes an array's state: (version, shape, type, Fortran's order, bytes or list of objects).
func buildArray(a *pyobject.Array, state pyobject.Value) error {
	parts, ok := state.(pyobject.Tuple)
	if !ok || len(parts) != 5 {
		return fmt.Errorf("%w: the state of an array is %s", ErrFormat, pyobject.Describe(state))
	}
	if a.Shape != nil {
		return fmt.Errorf("%w: an array is given a state twice", ErrRefused)
	}
	if err := setTypeAndShape(a, parts[2], parts[1]); err != nil {
		return err
	}
	a.Fortran, _ = parts[3].(bool)
	switch data := parts[4].(type) {
	case pyobject.Bytes:
		a.Data = data
	case *pyobject.List:
		a.Objects = data.Items
	default:
		return fmt.Errorf("%w: the elements of an array are %s", ErrFormat, pyobject.Describe(data))
	}
	_, err := a.Checked()
	return err
}

func setTypeAndShape(a *pyobject.Array, typ, shape pyobject.Value) error {
	d, ok := typ.(*dtype)
	if !ok {
		return fmt.Errorf("%w: the type of an array is %s", ErrFormat, pyobject.Describe(typ))
	}
	a.Type = d.DType
	dims, ok := shape.(pyobject.Tuple)
	if !ok {
		return fmt.Errorf("%w: the shape of an array is %s", ErrFormat, pyobject.Describe(shape))
	}
	a.Shape = make([]int, len(dims))
	for i, d := range dims {
		n, ok := d.(int64)
		if !ok || n < 0 || n > 1<<31 {
			return fmt.Errorf("%w: the shape of an array has %s", ErrFormat, pyobject.Describe(d))
		}
		a.Shape[i] = int(n)
	}
	return nil
}

// newScalar is scalar(type, bytes).
func newScalar(args pyobject.Tuple) (pyobject.Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("%w: a scalar of %d arguments", ErrFormat, len(args))
	}
	a := &pyobject.Array{}
	if err := setTypeAndShape(a, args[0], pyobject.Tuple{}); err != nil {
		return nil, err
	}
	data, ok := args[1].(pyobject.Bytes)
	if !ok || a.Type.Kind == 'O' {
		return nil, fmt.Errorf("%w: a scalar of %s", ErrRefused, pyobject.Describe(args[1]))
	}
	a.Data = data
	return a.Checked()
}

// newArrayOfBuffer is _frombuffer(bytes, type, shape, order), with which protocol 5 writes arrays.
func newArrayOfBuffer(args pyobject.Tuple) (pyobject.Value, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("%w: an array of %d arguments", ErrFormat, len(args))
	}
	a := &pyobject.Array{}
	if err := setTypeAndShape(a, args[1], args[2]); err != nil {
		return nil, err
	}
	data, ok := args[0].(pyobject.Bytes)
	order, also := args[3].(string)
	if !ok || !also || a.Type.Kind == 'O' || (order != "C" && order != "F") {
		return nil, fmt.Errorf("%w: an array of %s in order %s", ErrRefused, pyobject.Describe(args[0]), pyobject.Describe(args[3]))
	}
	a.Data, a.Fortran = data, order == "F"
	return a.Checked()
}
