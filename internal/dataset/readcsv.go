package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ReadOptions says what [ReadCSV] must find and how much it may read. The zero value asks for numbers in every column, with
// the default limits.
type ReadOptions struct {
	// Need names columns that must be there; a missing one is refused before any row is read.
	Need []string
	// NeedOnly keeps only the columns of Need, in the order of the file, as pandas' usecols does; the cells of the others
	// are not looked at. Without it every column is kept and must hold numbers. It needs Need.
	NeedOnly bool
	// DropOthers leaves out the columns that Need does not name and that hold anything but numbers, instead of refusing the
	// file for a column that nobody asked for. It needs Need.
	DropOthers bool
	// Text names columns that may hold text (a class label). They still become numbers when all their cells are numbers.
	// Words such as True and False stay text, where pandas would make booleans.
	Text []string
	// SkipIncomplete leaves out rows that lack a value in a column that is kept, instead of refusing the file; [Table.Incomplete] tells
	// how many.
	SkipIncomplete bool
	// Limits bounds what is read; zero fields mean the defaults.
	Limits Limits
}

// Limits bounds a table that comes from outside. Zero fields mean the defaults; negative ones are refused.
type Limits struct {
	MaxBytes   int64 // of text, after decompression; 256 MiB by default
	MaxRows    int   // 10,000,000 by default
	MaxColumns int   // 10,000 by default
}

// WithDefaults returns l with its zero fields replaced by the defaults, and refuses negative ones.
func (l Limits) WithDefaults() (Limits, error) {
	if l.MaxBytes < 0 || l.MaxRows < 0 || l.MaxColumns < 0 {
		return l, fmt.Errorf("limits must not be negative: %d bytes, %d rows, %d columns", l.MaxBytes, l.MaxRows, l.MaxColumns)
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = 256 << 20
	}
	if l.MaxRows == 0 {
		l.MaxRows = 10_000_000
	}
	if l.MaxColumns == 0 {
		l.MaxColumns = 10_000
	}
	return l, nil
}

// ReadCSV reads a table from CSV text: a header line, then one row a line, separated by "," or ";" (whichever the header has
// more of), values quoted or not, UTF-8 with or without a byte order mark, lines ended by LF or CRLF; empty lines are
// skipped. file names the text in errors and becomes the table's name.
//
// What is doubtful is refused with a [*ReadError]: rows of another length than the header, a cell that is empty, not a
// number, NaN or infinite, two columns of one name, a needed column that is missing ([ErrNoColumn]), no rows, a limit passed
// ([ErrTooBig]), text that is not UTF-8. Errors of r are returned wrapped, with the file's name.
func ReadCSV(r io.Reader, file string, o ReadOptions) (*Table, error) {
	if (o.NeedOnly || o.DropOthers) && len(o.Need) == 0 {
		return nil, errors.New("ReadOptions.NeedOnly and DropOthers keep the columns of Need, which is empty")
	}
	limits, err := o.Limits.WithDefaults()
	if err != nil {
		return nil, err
	}
	o.Limits = limits
	buffered := bufio.NewReaderSize(&limitedReader{r: r, left: limits.MaxBytes}, sniffBytes)
	p := &csvReader{file: file, options: o}
	if err := p.open(buffered); err != nil {
		return nil, err
	}
	for {
		record, err := p.csv.Read()
		if errors.Is(err, io.EOF) {
			return p.finish()
		}
		if err != nil {
			return nil, p.readFailure(err)
		}
		if err := p.add(record); err != nil {
			return nil, err
		}
	}
}

// csvReader is the state of one ReadCSV: the header's names and a builder for each column that is kept.
type csvReader struct {
	file     string
	options  ReadOptions
	csv      *csv.Reader
	header   []string
	builders []*builder // parallel to header; nil where the column is dropped
	rows     int
}

// open finds the separator, reads the header and prepares the builders.
func (p *csvReader) open(text *bufio.Reader) error {
	separator, err := sniff(text)
	if err != nil {
		return p.fail(0, "", err)
	}
	p.csv = csv.NewReader(text)
	p.csv.Comma = separator
	p.csv.FieldsPerRecord = -1 // our own check says more
	header, err := p.csv.Read()
	if errors.Is(err, io.EOF) {
		return p.fail(0, "", errors.New("the file is empty"))
	}
	if err != nil {
		return p.readFailure(err)
	}
	p.header = header
	line, _ := p.csv.FieldPos(0)
	if err := checkHeader(header, p.options); err != nil {
		return p.fail(line, "", err)
	}
	p.csv.ReuseRecord = true
	p.builders = make([]*builder, len(header))
	for i, name := range header {
		if !p.options.NeedOnly || slices.Contains(p.options.Need, name) {
			p.builders[i] = &builder{text: slices.Contains(p.options.Text, name), lenient: p.options.SkipIncomplete}
		}
	}
	return nil
}

// add takes one row.
func (p *csvReader) add(record []string) error {
	line, _ := p.csv.FieldPos(0)
	if len(record) != len(p.header) {
		return p.fail(line, "", fmt.Errorf("%s where the header names %s", count(len(record), "value"), count(len(p.header), "column")))
	}
	if p.rows == p.options.Limits.MaxRows {
		return p.fail(line, "", fmt.Errorf("%w: more than %s", ErrTooBig, count(p.options.Limits.MaxRows, "row")))
	}
	for i, cell := range record {
		if p.builders[i] == nil {
			continue
		}
		line, _ := p.csv.FieldPos(i)
		if err := p.builders[i].add(cell, line); err != nil {
			if p.drops(i) {
				continue
			}
			return p.fail(line, p.header[i], err)
		}
	}
	p.rows++
	return nil
}

// drops leaves column i out if the options allow it.
func (p *csvReader) drops(i int) bool {
	if !p.options.DropOthers || slices.Contains(p.options.Need, p.header[i]) {
		return false
	}
	p.builders[i] = nil
	return true
}

// finish turns the builders into the table.
func (p *csvReader) finish() (*Table, error) {
	if p.rows == 0 {
		return nil, p.fail(0, "", errors.New("there is a header but no rows"))
	}
	table := &Table{name: p.file, rows: p.rows}
	for i, b := range p.builders {
		if b == nil {
			continue
		}
		column, line, err := b.finish(p.header[i])
		if err != nil {
			if p.drops(i) {
				continue
			}
			return nil, p.fail(line, p.header[i], err)
		}
		table.columns = append(table.columns, column)
		table.incomplete.note(column.name, b.missing)
	}
	if table.incomplete.Rows() == table.rows {
		return nil, p.fail(0, "", errors.New("no row has a value in every column"))
	}
	return table.complete(), nil
}

// readFailure explains an error of encoding/csv or of the underlying reader.
func (p *csvReader) readFailure(err error) error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return p.fail(parse.StartLine, "", errors.New(`a quote in the wrong place, or one never closed (inside a quoted value write "" for ")`))
	case errors.Is(err, ErrTooBig):
		return p.fail(0, "", fmt.Errorf("%w: more than %d bytes of text", ErrTooBig, p.options.Limits.MaxBytes))
	}
	return fmt.Errorf("read %s: %w", p.file, err)
}

func (p *csvReader) fail(line int, column string, err error) error {
	return &ReadError{File: p.file, Line: line, Column: column, Err: err}
}

// limitedReader fails with ErrTooBig when r holds more than left bytes, where io.LimitReader would cut in silence.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, ErrTooBig
	}
	return n, err
}
