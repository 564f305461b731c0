package dataset_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
)

func example(t *testing.T) *dataset.Table {
	t.Helper()
	table, err := dataset.New("example",
		dataset.IntColumn("i", []int64{1, 2}), dataset.FloatColumn("f", []float64{0.5, -1}), dataset.StringColumn("s", []string{"x", "y"}))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNewRefuses(t *testing.T) {
	one := dataset.IntColumn("a", []int64{1})
	for _, test := range []struct {
		columns []dataset.Column
		want    string
	}{
		{nil, `table "t" has no columns`},
		{[]dataset.Column{dataset.IntColumn("a", nil)}, `table "t" has no rows`},
		{[]dataset.Column{one, {}}, `table "t": a column has no name`},
		{[]dataset.Column{one, one}, `table "t": two columns are named "a"`},
		{[]dataset.Column{one, dataset.IntColumn("b", []int64{1, 2})}, `table "t": column "b" has 2 rows, column "a" has 1`},
		{[]dataset.Column{dataset.FloatColumn("f", []float64{1, math.NaN()})}, `table "t": column "f", row 1: NaN is not a finite number`},
		{[]dataset.Column{dataset.FloatColumn("f", []float64{math.Inf(-1)})}, `table "t": column "f", row 0: -Inf is not a finite number`},
		{[]dataset.Column{dataset.StringColumn("s", []string{"\xff"})}, `table "t": column "s", row 0: "\xff" is not UTF-8 text`},
	} {
		if _, err := dataset.New("t", test.columns...); err == nil || err.Error() != test.want {
			t.Errorf("error  %v\nwanted %s", err, test.want)
		}
	}
}

func TestMatrixIsRowMajor(t *testing.T) {
	table := example(t)
	got, err := table.Matrix("f", "i")
	if err != nil || !slices.Equal(got, []float64{0.5, 1, -1, 2}) {
		t.Error(got, err)
	}
	for names, want := range map[string]string{
		"i s": `column "s" holds text; a matrix needs numbers`,
		"x":   `no such column: "x" (there are "i", "f", "s")`,
		"":    "a matrix needs at least one column",
	} {
		if _, err := table.Matrix(strings.Fields(names)...); err == nil || err.Error() != want {
			t.Errorf("%q: %v, wanted %s", names, err, want)
		}
	}
}

func TestSelectAndColumn(t *testing.T) {
	table := example(t)
	part, err := table.Select("s", "i")
	if err != nil || !slices.Equal(part.Names(), []string{"s", "i"}) || part.Name() != "example" {
		t.Error(part, err)
	}
	if _, err := table.Select("i", "i"); err == nil {
		t.Error("a column was selected twice")
	}
	if _, err := table.Select(); err == nil {
		t.Error("nothing was selected")
	}
	if _, err := table.Column("nothing"); !errors.Is(err, dataset.ErrNoColumn) {
		t.Error(err)
	}
}

func TestTablesDoNotChange(t *testing.T) {
	values := []int64{1, 2}
	table, err := dataset.New("t", dataset.IntColumn("a", values))
	if err != nil {
		t.Fatal(err)
	}
	column, _ := table.Column("a")
	values[0] = 9
	column.Ints()[0] = 9
	table.Columns()[0] = dataset.Column{}
	table.Names()[0] = "z"
	if got, _ := table.Matrix("a"); got[0] != 1 {
		t.Error("the table changed:", got)
	}
	if table.Named("other").Name() != "other" || table.Name() != "t" {
		t.Error("Named changed the table")
	}
}

func TestMissingColumnListsAtMostTwenty(t *testing.T) {
	columns := make([]dataset.Column, 25)
	for i := range columns {
		columns[i] = dataset.IntColumn(fmt.Sprintf("c%d", i), []int64{1})
	}
	table, err := dataset.New("t", columns...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Column("x"); err == nil || !strings.HasSuffix(err.Error(), `"c19" and 5 more)`) {
		t.Error(err)
	}
}

func TestDiff(t *testing.T) {
	base := example(t)
	change := func(columns ...dataset.Column) *dataset.Table {
		table, err := dataset.New("other", columns...)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	i, f, s := dataset.IntColumn("i", []int64{1, 2}), dataset.FloatColumn("f", []float64{0.5, -1}), dataset.StringColumn("s", []string{"x", "y"})
	for _, test := range []struct {
		other *dataset.Table
		want  string
	}{
		{change(i, f, s), ""},
		{change(i, f), "2 columns instead of 3"},
		{change(i, s, f), `column 2 is named "s" instead of "f"`},
		{change(i, dataset.IntColumn("f", []int64{1, 2}), s), `column "f" is int64 instead of float64`},
		{
			change(dataset.IntColumn("i", []int64{1}), dataset.FloatColumn("f", []float64{0.5}), dataset.StringColumn("s", []string{"x"})),
			"1 row instead of 2",
		},
		{
			change(i, dataset.FloatColumn("f", []float64{0.5, -2}), dataset.StringColumn("s", []string{"x", "z"})),
			`2 different values of 6, first at row 2, column "f": -2 instead of -1`,
		},
		{change(dataset.IntColumn("i", []int64{3, 2}), f, s), `1 different value of 6, first at row 1, column "i": 3 instead of 1`},
	} {
		if got := base.Diff(test.other); got != test.want {
			t.Errorf("%q, wanted %q", got, test.want)
		}
	}
}
