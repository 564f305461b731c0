package scoring

// records reads a table as pandas writes it with orient="records": [{…}, …].
func (in *Input) records(t *Table, at uint32) *Error {
	d := &t.doc
	if d.nodes[at].kind != list {
		return malformed(`"dataframe_records": expected an array of objects, got %s`, d.what(at))
	}
	if d.nodes[at].size == 0 {
		return unfit("there are no rows; %s", in.hint())
	}
	if d.first(at) == object {
		return in.objects(t, at)
	}
	in.bindPositions(t, d.widest(at))
	if err := in.rows(t, at); err != nil {
		return err
	}
	return in.missing(t)
}

// objects reads an array of objects that name every value. For a tensor without a name the columns are those of all objects, in the order
// in which they appear.
func (in *Input) objects(t *Table, at uint32) *Error {
	d := &t.doc
	if !in.Tensor || in.Name != "" {
		return in.objectRows(t, at, func(key uint32, guess int) int { return in.find(d.textOf(key), guess) })
	}
	names := map[string]int{}
	for _, row := range d.items(at) {
		if d.nodes[row].kind != object {
			continue // which objectRows refuses
		}
		for key := range d.members(row) {
			if name := string(d.textOf(key)); len(names) <= len(in.Columns) {
				if _, known := names[name]; !known {
					names[name] = len(names)
				}
			}
		}
	}
	if len(names) != len(in.Columns) && len(names) != 1 {
		return unfit("the objects have not %d names in all; expected %s", len(in.Columns), in)
	}
	return in.objectRows(t, at, func(key uint32, _ int) int {
		return in.byPosition(names[string(d.textOf(key))], len(names))
	})
}

// objectRows reads an array of objects; column tells which of the model's columns a member is, given its name and its number.
func (in *Input) objectRows(t *Table, at uint32, column func(key uint32, guess int) int) *Error {
	d := &t.doc
	for i, row := range d.items(at) {
		if d.nodes[row].kind != object {
			return malformed("row %d: expected an object, got %s", i, d.what(row))
		}
		if err := t.grow(1, len(in.Columns)); err != nil {
			return err
		}
		guess := 0
		for key := range d.members(row) {
			if err := in.cell(t, column(key, guess), key+1); err != nil {
				return err
			}
			guess++
		}
	}
	return nil
}
