package scoring

import "slices"

// sizeOf is the shape of an array of arrays as numpy sees it: a value that is no list has none. It is false for one whose parts differ, of
// which numpy makes no array.
func (d *document) sizeOf(i uint32) ([]int, bool) {
	if d.nodes[i].kind != list {
		return nil, true
	}
	shape := []int{int(d.nodes[i].size)}
	for j, item := range d.items(i) {
		inner, ok := d.sizeOf(item)
		switch {
		case !ok, j > 0 && !slices.Equal(inner, shape[1:]):
			return nil, false
		case j == 0:
			shape = append(shape, inner...)
		}
	}
	return shape, true
}

// tensor reads the value of "instances" or "inputs" for a signature of one tensor.
func (in *Input) tensor(t *Table, at uint32, format string) *Error {
	d := &t.doc
	n := &d.nodes[at]
	switch {
	case n.kind == object && in.Name == "":
		return malformed("%q: the model's input has no name, got an object; %s", format, in.hint())
	case n.kind == object:
		value, ok := d.member(at, in.Name)
		if !ok {
			return unfit("%q has no input %q; expected %s", format, in.Name, in)
		}
		return in.matrix(t, value, format)
	case n.kind == list && d.first(at) == object && format == "instances" && in.Name != "":
		if err := in.objects(t, at); err != nil {
			return err
		}
		return t.complete(in)
	case n.kind == list && n.size > 0 && d.all(at, object):
		return unfit("%q: expected an array of arrays, got an array of objects; %s", format, in.hint())
	}
	return in.matrix(t, at, format)
}

// matrix reads an array of rows.
func (in *Input) matrix(t *Table, at uint32, format string) *Error {
	d := &t.doc
	shape, ok := d.sizeOf(at)
	if !ok {
		return malformed("%q: the rows are not of one length; %s", format, in.hint())
	}
	if err := d.castable(&in.Columns[0], at); err != nil {
		return malformed("%q: %s", format, err.Message)
	}
	if len(shape) != 2 || shape[1] != len(in.Columns) {
		return unfit("%q has shape %v; expected %s", format, shape, in)
	}
	if err := t.grow(shape[0], len(in.Columns)); err != nil {
		return err
	}
	for i, row := range d.items(at) {
		for j, value := range d.items(row) {
			v, err := t.cast(&in.Columns[j], value)
			if err != nil {
				return inRow(i, err)
			}
			t.Values[i*len(in.Columns)+j] = v
		}
	}
	return nil
}
