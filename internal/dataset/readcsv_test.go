package dataset_test

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"mlopsgo/internal/dataset"
)

func TestReadCSVRefuses(t *testing.T) {
	need := dataset.ReadOptions{Need: []string{"pH", "quality"}}
	text := dataset.ReadOptions{Text: []string{"c"}}
	long := strings.Repeat("x", 100)
	for _, test := range []struct {
		name, csv string
		options   dataset.ReadOptions
		want      string
	}{
		{"empty file", "", need, "w.csv: the file is empty"},
		{"only blank lines", "\n\r\n\n", need, "w.csv: the file is empty"},
		{"only a byte order mark", "\ufeff", need, "w.csv: the file is empty"},
		{"no rows", "pH,quality\n", need, "w.csv: there is a header but no rows"},
		{"UTF-16", "\xff\xfea\x00,\x00", need, "w.csv: the text is UTF-16; save it as UTF-8"},
		{"tabs", "pH\tquality\n1\t2\n", need, `w.csv, line 1: the header is separated by tabs; separate with "," or ";"`},
		{"needed column", "ph,alcohol\n1,2\n", need, `w.csv, line 1: no such column: "pH" (there is "ph": names must match exactly)`},
		{"needed column with space", "pH , quality\n1,2\n", need, `w.csv, line 1: no such column: "pH" (there is "pH ": names must match exactly)`},
		{"needed column, nothing like it", "a;b\n1;2\n", need, `w.csv, line 1: no such column: "pH" (there are "a", "b")`},
		{"double name", "a,b,a\n1,2,3\n", dataset.ReadOptions{}, `w.csv, line 1: two columns are named "a"`},
		{"no name", "\n\na,,c\n1,2,3\n", dataset.ReadOptions{}, "w.csv, line 3: column 2: a column has no name"},
		{"name of spaces", "a,\"  \"\n1,2\n", dataset.ReadOptions{}, "w.csv, line 1: column 2: a column has no name"},
		{"name with a newline", "a,\"b\nc\"\n1,2\n", dataset.ReadOptions{}, `w.csv, line 1: column 2: column name "b\nc" holds a control character`},
		{"name not UTF-8", "a,b\xff\n1,2\n", dataset.ReadOptions{}, `w.csv, line 1: column 2: column name "b\xff" is not UTF-8 text`},
		{"a picture", "\x89PNG\r\n\x1a\n\x00", dataset.ReadOptions{}, `w.csv, line 1: column 1: column name "\x89PNG" is not UTF-8 text`},
		{"short row", "a,b\n1,2\n3\n", dataset.ReadOptions{}, "w.csv, line 3: 1 value where the header names 2 columns"},
		{"long row", "a\n\n1\n3,4\n", dataset.ReadOptions{}, "w.csv, line 4: 2 values where the header names 1 column"},
		{"line of spaces", "a,b\n1,2\n  \n", dataset.ReadOptions{}, "w.csv, line 3: 1 value where the header names 2 columns"},
		{"word", "a,b\n1,2\n3,four\n", dataset.ReadOptions{}, `w.csv, line 3, column "b": "four" is not a number`},
		{"long word", "a\n" + long + "\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "` + long[:40] + `…" is not a number`},
		{"after a long value", "a,b\n1,\"2\n\"\n3,x\n", dataset.ReadOptions{}, `w.csv, line 2, column "b": "2\n" is not a number`},
		{"line of the cell", "c,b\n\"x\ny\",z\n", text, `w.csv, line 3, column "b": "z" is not a number`},
		{"empty cell", "a,b\n1,\n", dataset.ReadOptions{}, `w.csv, line 2, column "b": the cell is empty; missing values are not supported`},
		{"cell of spaces", "a,b\n1,\"  \"\n", dataset.ReadOptions{}, `w.csv, line 2, column "b": the cell is empty; missing values are not supported`},
		{"NaN", "a,b\n1,NaN\n", dataset.ReadOptions{}, `w.csv, line 2, column "b": "NaN" stands for a missing value, which is not supported`},
		{"NA in text", "c\ngood\nNA\n", text, `w.csv, line 3, column "c": "NA" stands for a missing value, which is not supported`},
		{"nAn", "a\n-nAn\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "-nAn" is not a finite number`},
		{"infinity", "a\n1\n-Infinity\n", dataset.ReadOptions{}, `w.csv, line 3, column "a": "-Infinity" is not a finite number`},
		{"too large", "a\n1e400\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "1e400" is beyond the range of a float64`},
		{"hexadecimal", "a\n0x10\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "0x10" is not a number`},
		{"underscore", "a\n1_000\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "1_000" is not a number`},
		{"half an exponent", "a\n1e\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "1e" is not a number`},
		{"two signs", "a\n+-1\n", dataset.ReadOptions{}, `w.csv, line 2, column "a": "+-1" is not a number`},
		{"decimal comma", "a;b\n1;2,5\n", dataset.ReadOptions{}, `w.csv, line 2, column "b": "2,5" is not a number`},
		{"wide integer", "a\n1\n9223372036854775808\n", dataset.ReadOptions{}, `w.csv, line 3, column "a": "9223372036854775808" does not fit an int64; write it with a decimal point if it may be rounded`},
		{"infinity among numbers in a text column", "c\n1\ninf\n", text, `w.csv, line 3, column "c": "inf" is not a finite number`},
		{"text not UTF-8", "c\ngood\n\xff\n", text, `w.csv, line 3, column "c": "\xff" is not UTF-8 text`},
		{"bare quote", "a,b\n1,2\n3,4\"5\n", dataset.ReadOptions{}, `w.csv, line 3: a quote in the wrong place, or one never closed (inside a quoted value write "" for ")`},
		{"open quote", "a,b\n1,2\n3,\"4\n5,6\n", dataset.ReadOptions{}, `w.csv, line 3: a quote in the wrong place, or one never closed (inside a quoted value write "" for ")`},
		{"open quote in the header", "a,\"b\n1,2\n", dataset.ReadOptions{}, `w.csv, line 1: a quote in the wrong place, or one never closed (inside a quoted value write "" for ")`},
		{"too many bytes", "a\n1\n2\n", dataset.ReadOptions{Limits: dataset.Limits{MaxBytes: 5}}, "w.csv: too big: more than 5 bytes of text"},
		{"too many rows", "a\n1\n2\n", dataset.ReadOptions{Limits: dataset.Limits{MaxRows: 1}}, "w.csv, line 3: too big: more than 1 row"},
		{"too many columns", "a,b,c\n1,2,3\n", dataset.ReadOptions{Limits: dataset.Limits{MaxColumns: 2}}, "w.csv, line 1: too big: 3 columns, more than 2"},
		{"negative limit", "a\n1\n", dataset.ReadOptions{Limits: dataset.Limits{MaxRows: -1}}, "limits must not be negative: 0 bytes, -1 rows, 0 columns"},
		{"NeedOnly without Need", "a\n1\n", dataset.ReadOptions{NeedOnly: true}, "ReadOptions.NeedOnly and DropOthers keep the columns of Need, which is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, err := dataset.ReadCSV(strings.NewReader(test.csv), "w.csv", test.options)
			if err == nil || err.Error() != test.want {
				t.Errorf("error  %v\nwanted %s", err, test.want)
			}
			if table != nil {
				t.Error("a table came with the error")
			}
		})
	}
}

func TestReadCSVErrorsAreTyped(t *testing.T) {
	_, err := dataset.ReadCSV(strings.NewReader("a,b\n1,2\n3,x\n"), "w.csv", dataset.ReadOptions{})
	read, ok := errors.AsType[*dataset.ReadError](err)
	if !ok || read.File != "w.csv" || read.Line != 3 || read.Column != "b" {
		t.Errorf("%#v", err)
	}
	_, err = dataset.ReadCSV(strings.NewReader("a\n1\n"), "w.csv", dataset.ReadOptions{Need: []string{"b"}})
	if !errors.Is(err, dataset.ErrNoColumn) {
		t.Error(err)
	}
	_, err = dataset.ReadCSV(strings.NewReader("a\n1\n"), "w.csv", dataset.ReadOptions{Limits: dataset.Limits{MaxBytes: 1}})
	if !errors.Is(err, dataset.ErrTooBig) {
		t.Error(err)
	}
	_, err = dataset.ReadCSV(io.MultiReader(strings.NewReader("a\n1\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), "w.csv", dataset.ReadOptions{})
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "read w.csv: unexpected EOF" {
		t.Error(err)
	}
}

func TestReadCSVTypesColumns(t *testing.T) {
	const csv = "\ufeff\"a \"\"x\"\"\";b;c;d;ü\r\n 1;1;yes;3;-0\r\n\r\n\"-2\";2.5 ;3;4;1\r\n3;1e2;no;5;+.5\r\n"
	for _, reader := range []io.Reader{strings.NewReader(csv), iotest.OneByteReader(strings.NewReader(csv)), iotest.DataErrReader(strings.NewReader(csv))} {
		table, err := dataset.ReadCSV(reader, "w.csv", dataset.ReadOptions{Text: []string{"c", "d"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(table.Names(), []string{`a "x"`, "b", "c", "d", "ü"}) || table.Rows() != 3 || table.Name() != "w.csv" {
			t.Errorf("%q, %d rows, named %s", table.Names(), table.Rows(), table.Name())
		}
		columns := table.Columns()
		if got := columns[0].Ints(); !slices.Equal(got, []int64{1, -2, 3}) {
			t.Error(got)
		}
		if got := columns[1].Floats(); !slices.Equal(got, []float64{1, 2.5, 100}) {
			t.Error(got)
		}
		if got := columns[2].Strings(); !slices.Equal(got, []string{"yes", "3", "no"}) {
			t.Error(got)
		}
		if columns[3].Kind() != dataset.Int64 {
			t.Error("a text column of integers is", columns[3].Kind())
		}
		if got := columns[4].Floats(); !math.Signbit(got[0]) || got[2] != 0.5 {
			t.Error(got)
		}
	}
}

func TestReadCSVNeedOnly(t *testing.T) {
	const csv = "id,b,when,a\nx,2,,1\ny,4,NaN,3\n"
	table, err := dataset.ReadCSV(strings.NewReader(csv), "w.csv", dataset.ReadOptions{Need: []string{"a", "b"}, NeedOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(table.Names(), []string{"b", "a"}) {
		t.Errorf("%q, wanted the order of the file", table.Names())
	}
}

func TestReadCSVAtItsLimits(t *testing.T) {
	limits := dataset.Limits{MaxBytes: 8, MaxRows: 1, MaxColumns: 2}
	if _, err := dataset.ReadCSV(strings.NewReader("a,b\n1,2\n"), "w.csv", dataset.ReadOptions{Limits: limits}); err != nil {
		t.Error(err)
	}
}

func TestOthersAreDroppedOnlyWhereTheyAreNoNumbers(t *testing.T) {
	const text = "id,alcohol,note,pH,late,quality\na1,9.4,,3.5,1,5\na2,9.8,dry,3.2,99999999999999999999,6\na3,10,x,3.1,3,5\n"
	table, err := dataset.ReadCSV(strings.NewReader(text), "cellar.csv", dataset.ReadOptions{Need: []string{"alcohol", "quality"}, DropOthers: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(table.Names(), " "), "alcohol pH quality"; got != want {
		t.Errorf("columns %q, want %q", got, want)
	}
	_, err = dataset.ReadCSV(strings.NewReader(text), "cellar.csv", dataset.ReadOptions{Need: []string{"id"}, DropOthers: true})
	if err == nil || !strings.Contains(err.Error(), `"id"`) {
		t.Errorf("a needed column of text: error %v, want one that names it", err)
	}
}
