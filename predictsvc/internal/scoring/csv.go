package scoring

import "bytes"

// csvReader walks a CSV text as the parser of pandas.read_csv does: commas, double quotes, every kind of line end, blank lines skipped.
type csvReader struct {
	body []byte
	at   int
	line int
	// fields are those of the last record, parts of the body or, those in quotes, of scratch.
	fields  [][]byte
	most    int // of them
	scratch []byte
}

// mostExtraFields is how many fields a record may have beyond the model's columns: one field takes as much memory as twenty-four bytes of
// the body.
const mostExtraFields = 1 << 12

// next reads a record; it is false at the end.
func (r *csvReader) next() (bool, *Error) {
	r.skipBlank()
	if r.at == len(r.body) {
		return false, nil
	}
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	r.line++
	for {
		field, err := r.field()
		if err != nil {
			return false, err
		}
		if len(r.fields) == r.most {
			return false, malformed("CSV record %d has more than %d fields, which is the most that one may have", r.line, r.most)
		}
		r.fields = append(r.fields, field)
		if r.at == len(r.body) || r.body[r.at] != ',' {
			r.endLine()
			return true, nil
		}
		r.at++
	}
}

// skipBlank goes beyond lines of nothing but white space.
func (r *csvReader) skipBlank() {
	for start := r.at; r.at < len(r.body); {
		switch r.body[r.at] {
		case ' ', '\t':
			r.at++
			if r.at == len(r.body) {
				return
			}
		case '\n', '\r':
			r.at++
			start = r.at
		default:
			r.at = start
			return
		}
	}
}

func (r *csvReader) endLine() {
	if r.at == len(r.body) {
		return
	}
	r.at++
	if r.body[r.at-1] == '\r' && r.at < len(r.body) && r.body[r.at] == '\n' {
		r.at++
	}
}

// field reads a field; r stands on its first byte, and afterwards on the comma or the line's end.
func (r *csvReader) field() ([]byte, *Error) {
	if r.at == len(r.body) || r.body[r.at] != '"' {
		start := r.at
		for r.at < len(r.body) && r.body[r.at] != ',' && r.body[r.at] != '\n' && r.body[r.at] != '\r' {
			r.at++
		}
		return r.body[start:r.at], nil
	}
	if rest := len(r.body) - r.at; cap(r.scratch)-len(r.scratch) < rest {
		r.scratch = make([]byte, 0, rest) // enough for all that follows: it is not moved while fields point into it
	}
	start := len(r.scratch)
	r.at++
	for {
		end := bytes.IndexByte(r.body[r.at:], '"')
		if end < 0 {
			return nil, malformed("CSV record %d: a quoted field has no end", r.line)
		}
		r.scratch = append(r.scratch, r.body[r.at:r.at+end]...)
		r.at += end + 1
		if r.at == len(r.body) || r.body[r.at] != '"' {
			break
		}
		r.scratch = append(r.scratch, '"')
		r.at++
	}
	for r.at < len(r.body) && r.body[r.at] != ',' && r.body[r.at] != '\n' && r.body[r.at] != '\r' { // what follows the quotes belongs to it
		r.scratch = append(r.scratch, r.body[r.at])
		r.at++
	}
	return r.scratch[start:], nil
}

// parseCSV reads a body with a line of names and a line for each row. When the rows have more fields than there are names, those in front
// are taken for the rows' own names, as pandas does.
func (in *Input) parseCSV(t *Table, body []byte) *Error {
	if in.Tensor {
		return malformed("CSV has names, and the model's input is a tensor, for which MLflow's server reads JSON only; %s", in.hint())
	}
	r := &t.csv
	r.body, r.at, r.line, r.most = bytes.TrimPrefix(body, []byte("\ufeff")), 0, 0, len(in.Columns)+mostExtraFields
	more, err := r.next()
	if err != nil {
		return err
	}
	if !more {
		return malformed("the body is empty; expected CSV with a line of names, of the columns %s, and a line for each row", in)
	}
	in.bindCSV(t, r.fields)
	if err := in.csvRows(t); err != nil {
		return err
	}
	return in.missing(t)
}

// bindCSV finds the model's columns in the names. Of two with the same name the first counts: pandas renames the others.
func (in *Input) bindCSV(t *Table, names [][]byte) {
	t.columns = t.columns[:0]
	seen := make([]bool, len(in.Columns))
	for j, name := range names {
		column := in.find(name, j)
		if column != ignored && seen[column] {
			column = ignored
		}
		if column != ignored {
			seen[column] = true
		}
		t.columns = append(t.columns, column)
	}
}

// csvRows reads the records behind the names.
func (in *Input) csvRows(t *Table) *Error {
	r, names := &t.csv, len(t.columns)
	kinds := make([]csvField, len(in.Columns)) // of the values of each column so far
	for i := range kinds {
		kinds[i] = csvNone
	}
	width := 0
	for {
		more, err := r.next()
		if err != nil || !more {
			return err
		}
		switch {
		case t.Rows == 0:
			width = max(names, len(r.fields))
		case len(r.fields) > width:
			return malformed("CSV record %d has %d fields, and those before it have %d", r.line, len(r.fields), width)
		}
		if err := t.grow(1, len(in.Columns)); err != nil {
			return err
		}
		row := t.Values[len(t.Values)-len(in.Columns):]
		for j, field := range r.fields[min(width-names, len(r.fields)):] {
			column := t.columns[j]
			if column == ignored {
				continue
			}
			c := &in.Columns[column]
			v, kind := c.csvValue(t, field)
			if kind == csvWrong || kind != csvNone && kinds[column] != csvNone && kinds[column] != kind {
				return malformed("row %d: column %q: expected %s, got %q", t.Rows-1, c.Name, c.Kind, Excerpt(field))
			}
			if kind != csvNone {
				kinds[column] = kind
			}
			row[column] = v
		}
	}
}
