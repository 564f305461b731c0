package dataset_test

import (
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
)

func TestIncompleteRowsAreLeftOutAndCounted(t *testing.T) {
	const csv = "a,b,class,note\n1,0.5,x,hi\n,1.5,y,ho\n3,NA,,he\n4,2.5,x,\n5,  ,z,ha\n"
	table, err := dataset.ReadCSV(strings.NewReader(csv), "t.csv", dataset.ReadOptions{
		Need: []string{"a", "b", "class"}, DropOthers: true, Text: []string{"class"}, SkipIncomplete: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	left := table.Incomplete()
	if table.Rows() != 2 || left.Rows() != 3 || left.Cells("a") != 1 || left.Cells("b") != 2 || left.Cells("class") != 1 || left.Cells("note") != 0 {
		t.Errorf("%d rows, %d left out: a %d, b %d, class %d, note %d", table.Rows(), left.Rows(), left.Cells("a"), left.Cells("b"),
			left.Cells("class"), left.Cells("note"))
	}
	a, _ := table.Column("a")
	b, _ := table.Column("b")
	class, _ := table.Column("class")
	if !slices.Equal(a.Ints(), []int64{1, 4}) || !slices.Equal(b.Floats(), []float64{0.5, 2.5}) || !slices.Equal(class.Strings(), []string{"x", "x"}) {
		t.Errorf("%v, %v, %v", a.Ints(), b.Floats(), class.Strings())
	}
}

func TestIncompleteTextThatIsNumbers(t *testing.T) {
	table, err := dataset.ReadCSV(strings.NewReader("class\n3\nNA\n5\n"), "t.csv", dataset.ReadOptions{Text: []string{"class"}, SkipIncomplete: true})
	if err != nil {
		t.Fatal(err)
	}
	class, _ := table.Column("class")
	if table.Rows() != 2 || !slices.Equal(class.Ints(), []int64{3, 5}) || table.Incomplete().Cells("class") != 1 {
		t.Errorf("%d rows: %v, %d missing", table.Rows(), class.Ints(), table.Incomplete().Cells("class"))
	}
}

func TestNoCompleteRow(t *testing.T) {
	_, err := dataset.ReadCSV(strings.NewReader("a,b\n1,\n,2\n"), "t.csv", dataset.ReadOptions{SkipIncomplete: true})
	if err == nil || !strings.Contains(err.Error(), "t.csv: no row has a value in every column") {
		t.Error(err)
	}
}
