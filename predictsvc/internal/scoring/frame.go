package scoring

import (
	"slices"
	"strconv"
)

// What a column of the body is to the model, when it is not one of the model's columns.
const (
	ignored = -1
	// wholeRow is a column whose values are lists, each of which is a row of a tensor.
	wholeRow = -2
)

// split reads a table as pandas writes it with orient="split": {"columns": […], "data": [[…], …], "index": […]}.
func (in *Input) split(t *Table, at uint32) *Error {
	d := &t.doc
	if d.nodes[at].kind != object {
		return malformed(`"dataframe_split": expected an object with "columns" and "data", got %s`, d.what(at))
	}
	for key := range d.members(at) {
		switch name := string(d.textOf(key)); name {
		case "columns", "data", "index":
		default:
			return malformed(`"dataframe_split" has the member %q; expected "columns", "data" and perhaps "index"`, Excerpt([]byte(name)))
		}
	}
	data, ok := d.member(at, "data")
	if !ok {
		return malformed(`"dataframe_split" has no "data"; %s`, in.hint())
	}
	names, named := d.member(at, "columns")
	named = named && d.nodes[names].kind != null
	var err *Error
	switch {
	case d.nodes[data].kind != list && d.nodes[data].kind != null:
		err = malformed(`"data": expected an array of rows, got %s`, d.what(data))
	case !named && d.first(data) == object:
		err = in.objects(t, data)
	default:
		err = in.splitRows(t, names, named, data)
	}
	if err != nil {
		return err
	}
	if index, ok := d.member(at, "index"); ok && d.nodes[index].kind != null {
		if n := &d.nodes[index]; n.kind != list || int(n.size) != t.Rows {
			return malformed(`"index": expected an array with an item for each of the %d rows, got %s`, t.Rows, d.what(index))
		}
	}
	if in.Tensor && t.Rows == 0 {
		return malformed("there are no rows; %s", in.hint())
	}
	return nil
}

// splitRows reads the rows of a table whose names are apart, or which has none.
func (in *Input) splitRows(t *Table, names uint32, named bool, data uint32) *Error {
	d := &t.doc
	if !named {
		in.bindPositions(t, d.widest(data))
	} else if err := in.bindNames(t, names); err != nil {
		return err
	}
	var err *Error
	if d.first(data) == object {
		columns := make(map[string]int, len(t.columns))
		for j, name := range d.items(names) {
			columns[d.name(name)] = t.columns[j]
		}
		err = in.objectRows(t, data, func(key uint32, _ int) int {
			if column, ok := columns[string(d.textOf(key))]; ok {
				return column
			}
			return ignored
		})
	} else {
		err = in.rows(t, data)
	}
	if err != nil {
		return err
	}
	return in.missing(t)
}

// name is a column's name; pandas takes any value for one, and only texts are names of the model's columns.
func (d *document) name(i uint32) string {
	if d.nodes[i].kind == text {
		return string(d.textOf(i))
	}
	return "\x00" + strconv.Itoa(int(i)) // equal to no other
}

// bindNames finds out which of the model's columns the columns of a table are.
func (in *Input) bindNames(t *Table, names uint32) *Error {
	d := &t.doc
	if d.nodes[names].kind != list {
		return malformed(`"columns": expected an array of names, got %s`, d.what(names))
	}
	in.bindPositions(t, int(d.nodes[names].size))
	for j, name := range d.items(names) {
		switch d.nodes[name].kind {
		case list, object:
			return malformed(`"columns": expected names, got %s`, d.what(name))
		case text:
			if t.columns[j] == ignored {
				t.columns[j] = in.find(d.textOf(name), j)
			}
		default:
		}
	}
	return nil
}

// bindPositions takes columns without names for the model's, if those have none either.
func (in *Input) bindPositions(t *Table, width int) {
	t.columns = t.columns[:0]
	for j := range width {
		t.columns = append(t.columns, in.byPosition(j, width))
	}
}

// byPosition is the column at a place of a table's row, for a model whose columns are known by nothing else.
func (in *Input) byPosition(j, width int) int {
	switch {
	case !in.Tensor || in.Name != "":
		return ignored
	case width == 1:
		return wholeRow
	}
	return j
}

// find is the model's column of a name. Most clients send the columns in the signature's order, so that one is tried first.
func (in *Input) find(name []byte, guess int) int {
	if in.Tensor {
		if in.Name != "" && string(name) == in.Name {
			return wholeRow
		}
		return ignored
	}
	if guess < len(in.Columns) && string(name) == in.Columns[guess].Name {
		return guess
	}
	if column, ok := in.index[string(name)]; ok {
		return column
	}
	return ignored
}

// missing refuses a table that lacks one of the model's columns, or has one twice.
func (in *Input) missing(t *Table) *Error {
	if in.Tensor {
		if !slices.Contains(t.columns, wholeRow) && (in.Name != "" || len(t.columns) != len(in.Columns)) {
			return unfit("the table has %d columns and none named %q; expected %s", len(t.columns), in.Name, in)
		}
		return nil
	}
	seen := make([]bool, len(in.Columns))
	for _, column := range t.columns {
		if column == ignored {
			continue
		}
		if seen[column] {
			return unfit("column %q is there twice", in.Columns[column].Name)
		}
		seen[column] = true
	}
	return in.lacking(seen)
}

// lacking refuses a table without a required column.
func (in *Input) lacking(seen []bool) *Error {
	lacks := &Input{}
	for i, c := range in.Columns {
		if !seen[i] && !c.Optional {
			lacks.Columns = append(lacks.Columns, c)
		}
	}
	if len(lacks.Columns) == 0 {
		return nil
	}
	return unfit("columns that the model needs are missing: %s", lacks)
}

// rows reads an array of arrays, or of the values of a single column.
func (in *Input) rows(t *Table, data uint32) *Error {
	d := &t.doc
	lists := d.first(data) == list
	width := 1
	if lists {
		width = d.widest(data)
	}
	if d.nodes[data].size > 0 && width != len(t.columns) {
		return malformed("the rows have %d values, and there are %d columns", width, len(t.columns))
	}
	if in.Tensor && in.Name == "" && width > 1 && width != len(in.Columns) {
		return unfit("the rows have %d values; expected %s", width, in)
	}
	for i, row := range d.items(data) {
		if lists && d.nodes[row].kind != list {
			return malformed("row %d: expected an array, got %s", i, d.what(row))
		}
		if err := t.grow(1, len(in.Columns)); err != nil {
			return err
		}
		if !lists {
			if err := in.cell(t, t.columns[0], row); err != nil {
				return err
			}
			continue
		}
		for j, value := range d.items(row) {
			if err := in.cell(t, t.columns[j], value); err != nil {
				return err
			}
		}
	}
	return nil
}

// cell takes a value of the last row.
func (in *Input) cell(t *Table, column int, value uint32) *Error {
	row := t.Values[len(t.Values)-len(in.Columns):]
	switch column {
	case ignored:
		return nil
	case wholeRow:
		return in.rowOf(t, row, value)
	}
	v, err := t.cast(&in.Columns[column], value)
	if err != nil {
		return inRow(t.Rows-1, err)
	}
	row[column] = v
	return nil
}

// rowOf takes a row of a tensor, which is a value of a table.
func (in *Input) rowOf(t *Table, row []float64, value uint32) *Error {
	d := &t.doc
	var err *Error
	switch n := &d.nodes[value]; {
	case n.kind != list && n.kind != object && len(in.Columns) == 1:
		row[0], err = t.cast(&in.Columns[0], value)
		return inRow(t.Rows-1, err)
	case n.kind != list || int(n.size) != len(in.Columns):
		if err := d.castable(&in.Columns[0], value); err != nil {
			return inRow(t.Rows-1, err)
		}
		return unfit("row %d: expected an array of %d numbers, got %s", t.Rows-1, len(in.Columns), d.what(value))
	}
	for j, item := range d.items(value) {
		if row[j], err = t.cast(&in.Columns[j], item); err != nil {
			return inRow(t.Rows-1, err)
		}
	}
	return nil
}

func inRow(row int, err *Error) *Error {
	if err != nil {
		err.Message = "row " + strconv.Itoa(row) + ": " + err.Message
	}
	return err
}

// widest is the length of a list's longest item; values count for lists of one.
func (d *document) widest(of uint32) int {
	if d.nodes[of].kind != list {
		return 0
	}
	width := 0
	for _, row := range d.items(of) {
		if n := &d.nodes[row]; n.kind == list {
			width = max(width, int(n.size))
		} else {
			width = max(width, 1)
		}
	}
	return width
}
