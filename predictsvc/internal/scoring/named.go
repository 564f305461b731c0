package scoring

import "slices"

// named reads the value of "instances" or "inputs" for a signature of named columns.
func (in *Input) named(t *Table, at uint32, format string) *Error {
	d := &t.doc
	n := &d.nodes[at]
	switch {
	case n.kind == object:
		return in.byColumn(t, at, format)
	case n.kind == list && n.size > 0 && d.all(at, object):
		if format == "instances" {
			if err := in.checkInstances(d, at); err != nil {
				return err
			}
		}
		return in.objectRows(t, at, func(key uint32, guess int) int { return in.find(d.textOf(key), guess) })
	case n.kind == list && len(in.Columns) == 1 && !d.any(at, object):
		if err := t.grow(int(n.size), 1); err != nil {
			return err
		}
		return in.columnOf(t, 0, at)
	}
	return in.unnamed(d, at, format)
}

// all tells whether every item of a list is of one kind, any whether one of them is.
func (d *document) all(of uint32, k kind) bool {
	for _, item := range d.items(of) {
		if d.nodes[item].kind != k {
			return false
		}
	}
	return true
}

func (d *document) any(of uint32, k kind) bool {
	for _, item := range d.items(of) {
		if d.nodes[item].kind == k {
			return true
		}
	}
	return false
}

// unnamed refuses values without the names of the columns.
func (in *Input) unnamed(d *document, at uint32, format string) *Error {
	if _, ok := d.sizeOf(at); !ok {
		return malformed("%q: expected an object with the columns or an array of objects, got arrays of different lengths; %s", format, in.hint())
	}
	if err := d.castable(&in.Columns[0], at); err != nil {
		return err
	}
	return unfit("%q: the values have no names, and the model's columns have; %s", format, in.hint())
}

// castable tells whether a value, or each in an array of arrays, could be cast to a column's type. MLflow casts before it looks at names
// and shapes, and so has another error code for values that could not.
func (d *document) castable(c *Column, at uint32) *Error {
	if d.nodes[at].kind != list {
		_, err := d.cast(c, at)
		return err
	}
	for _, item := range d.items(at) {
		if err := d.castable(c, item); err != nil {
			return err
		}
	}
	return nil
}

// checkInstances looks at what "instances" asks of objects beyond "inputs", because MLflow makes an array of each name's values there:
// that every object has the same names, and that the values of a name are of one shape.
func (in *Input) checkInstances(d *document, at uint32) *Error {
	type found struct {
		count int // of objects that have it
		row   int // the last of them
		shape []int
		known bool
	}
	names := map[string]*found{}
	for i, row := range d.items(at) {
		guess := 0
		for key := range d.members(row) {
			shape, ok := d.sizeOf(key + 1)
			name := d.textOf(key)
			f := names[string(name)]
			if f == nil {
				f = &found{row: -1, shape: shape, known: in.find(name, guess) != ignored}
				names[string(name)] = f
			}
			if !ok || !slices.Equal(shape, f.shape) {
				return malformed(`"instances": row %d: the value of %q is not of the same shape as those before it`, i, Excerpt(name))
			}
			if f.row != i {
				f.row = i
				f.count++
			}
			guess++
		}
	}
	rows := int(d.nodes[at].size)
	for name, f := range names {
		switch {
		case f.count == rows:
		case f.known:
			return malformed(`"instances": %d of %d objects have the column %q; expected it in each`, f.count, rows, name)
		default:
			return unfit(`"instances": %d of %d objects have %q, which is no column of the model; expected it in each or in none`, f.count, rows, Excerpt([]byte(name)))
		}
	}
	return nil
}

// byColumn reads an object of columns: {"alcohol": [9.4, 10], …}; a single value stands for all rows.
func (in *Input) byColumn(t *Table, at uint32, format string) *Error {
	d := &t.doc
	rows, err := in.countRows(d, at, format)
	if err != nil {
		return err
	}
	if err := t.grow(rows, len(in.Columns)); err != nil {
		return err
	}
	seen := make([]bool, len(in.Columns))
	guess := 0
	for key := range d.members(at) {
		column := in.find(d.textOf(key), guess)
		guess++
		if column == ignored {
			continue
		}
		seen[column] = true
		if err := in.columnOf(t, column, key+1); err != nil {
			return err
		}
	}
	return in.lacking(seen)
}

// countRows is the length of the columns, which must be the same for all. Those that are not the model's count, as they do for pandas.
func (in *Input) countRows(d *document, at uint32, format string) (int, *Error) {
	rows, extra, guess := -1, false, 0
	for key := range d.members(at) {
		known := in.find(d.textOf(key), guess) != ignored
		guess++
		n := &d.nodes[key+1]
		if n.kind != list {
			extra = extra || !known
			continue
		}
		if _, ok := d.sizeOf(key + 1); !ok {
			return 0, malformed("%q: the arrays in %q are not of one length", format, Excerpt(d.textOf(key)))
		}
		if rows >= 0 && int(n.size) != rows {
			const message = "%q: %q has %d values, and another column has %d; expected the same for all"
			if format == "instances" && known {
				return 0, malformed(message, format, Excerpt(d.textOf(key)), n.size, rows)
			}
			return 0, unfit(message, format, Excerpt(d.textOf(key)), n.size, rows)
		}
		rows = int(n.size)
	}
	switch {
	case rows >= 0:
		return rows, nil
	case extra:
		return 0, unfit("%q: of single values, there may only be those of the model's columns: %s", format, in)
	}
	return 1, nil
}

// columnOf takes the values of one column: a list, or a value for all rows.
func (in *Input) columnOf(t *Table, column int, value uint32) *Error {
	d, c, width := &t.doc, &in.Columns[column], len(in.Columns)
	if d.nodes[value].kind != list {
		v, err := t.cast(c, value)
		if err != nil {
			return err
		}
		for i := range t.Rows {
			t.Values[i*width+column] = v
		}
		return nil
	}
	for i, item := range d.items(value) {
		if d.nodes[item].kind == list {
			if err := d.castable(c, value); err != nil {
				return err
			}
			return unfit("row %d: column %q: expected %s, got an array", i, c.Name, c.Kind)
		}
		v, err := t.cast(c, item)
		if err != nil {
			return inRow(i, err)
		}
		t.Values[i*width+column] = v
	}
	return nil
}
