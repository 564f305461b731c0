package scoringtest

import (
	"slices"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// value is something to put in a cell, with what it is to columns of a kind that are peculiar about it; "" stands for all kinds.
type value struct {
	text     string
	peculiar map[mlmodel.Kind]Peculiarity
}

const (
	anyKind = mlmodel.Kind("*")
	// integers stands for the kinds long and integer.
	integers = mlmodel.Kind("integers")
)

// values are for JSON and, those of them that it can hold, for CSV.
var values = []value{
	{"null", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"NaN", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"Infinity", map[mlmodel.Kind]Peculiarity{anyKind: NotFinite}},
	{"-Infinity", map[mlmodel.Kind]Peculiarity{anyKind: NotFinite}},
	{"1e400", map[mlmodel.Kind]Peculiarity{anyKind: NotFinite, integers: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"1e300", map[mlmodel.Kind]Peculiarity{mlmodel.Float: NotFinite, mlmodel.Double: Huge, integers: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"1.5", map[mlmodel.Kind]Peculiarity{integers: Fraction, mlmodel.Boolean: NoTruth}},
	{"-0.25", map[mlmodel.Kind]Peculiarity{integers: Fraction, mlmodel.Boolean: NoTruth}},
	{"0", nil},
	{"1", nil},
	{"1.0", nil},
	{"-0.0", nil},
	{"2", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"true", nil},
	{"false", nil},
	{"3000000000", map[mlmodel.Kind]Peculiarity{mlmodel.Integer: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"9223372036854775807", map[mlmodel.Kind]Peculiarity{mlmodel.Integer: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"9223372036854775808", map[mlmodel.Kind]Peculiarity{integers: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"18446744073709551617", map[mlmodel.Kind]Peculiarity{integers: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"1" + strings.Repeat("0", 400), map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"0.7"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"5"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`" 5\t"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"+5e0"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"1_0"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"_10"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"0x10"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"nan"`, map[mlmodel.Kind]Peculiarity{anyKind: Missing, mlmodel.Boolean: NoTruth}},
	{`"-inf"`, map[mlmodel.Kind]Peculiarity{anyKind: NotFinite, mlmodel.Boolean: NoTruth}},
	{`"infinity"`, map[mlmodel.Kind]Peculiarity{anyKind: NotFinite, mlmodel.Boolean: NoTruth}},
	{`"strong"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"göod"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"True"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`""`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"\u0035"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"[]", map[mlmodel.Kind]Peculiarity{anyKind: Missing, mlmodel.Boolean: NoTruth}},
	{"[1]", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"[[1]]", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`{"x":1}`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"{}", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
}

// csvValues are fields of CSV.
var csvValues = []value{
	{"", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"NA", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"nan", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"null", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"None", map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{`""`, map[mlmodel.Kind]Peculiarity{anyKind: Missing}},
	{"NAN", nil},
	{"inf", map[mlmodel.Kind]Peculiarity{anyKind: NotFinite}},
	{"-Infinity", map[mlmodel.Kind]Peculiarity{anyKind: NotFinite}},
	{"1e400", map[mlmodel.Kind]Peculiarity{anyKind: NotFinite, integers: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"1e300", map[mlmodel.Kind]Peculiarity{mlmodel.Float: NotFinite, mlmodel.Double: Huge, integers: OutOfRange, mlmodel.Boolean: NoTruth}},
	{"1.5", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"0", nil},
	{"1", nil},
	{"2.0", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{" 5 ", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"+5", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{".5", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"5.", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"007", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"1e3", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"1e", nil},
	{"1_0", nil},
	{"0x10", nil},
	{"--1", nil},
	{"1 2", nil},
	{"strong", nil},
	{"'1'", nil},
	{"göod", nil},
	{"True", nil},
	{"false", nil},
	{"TRUE", nil},
	{"yes", nil},
	{`"5"`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`"5,5"`, nil},
	{`"5""5"`, nil},
	{`"5"5`, map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{`5"5"`, nil},
	{"\"5\n\"", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
	{"3000000000", map[mlmodel.Kind]Peculiarity{mlmodel.Boolean: NoTruth}},
}

// spoilCell puts something else in a cell.
func (d *draft) spoilCell(csv bool) {
	if len(d.cells) == 0 {
		return
	}
	from := values
	if csv {
		from = csvValues
	}
	v := pick(d.rand, from...)
	i := d.rand.IntN(len(d.cells))
	if len(d.cells[i]) == 0 {
		return
	}
	j := d.rand.IntN(len(d.cells[i]))
	d.cells[i][j] = v.text
	d.nested = d.nested || !csv && strings.ContainsAny(v.text, "[{")
	if j >= len(d.names) {
		return
	}
	kind := d.kindOf(j)
	p, ok := v.peculiar[kind]
	if !ok && (kind == mlmodel.Long || kind == mlmodel.Integer) {
		p, ok = v.peculiar[integers]
	}
	if !ok {
		p, ok = v.peculiar[anyKind]
	}
	if ok && kind != "" {
		d.mark(p)
	}
}

// spoilTable changes the table's columns and rows.
func (d *draft) spoilTable(csv bool) {
	if len(d.cells) == 0 || d.ragged {
		return
	}
	extra := []string{"7", `"text"`, "null", "[1]", "[1,2]", `{"x":1}`, "true"}
	if csv {
		extra = []string{"7", "text", "", `"a,b"`, "true"}
	}
	if d.in.Tensor {
		d.mark(Missing) // a null beside the values of a tensor may become one of them
	}
	j := d.rand.IntN(len(d.names))
	switch d.rand.IntN(9) {
	case 0, 1: // a column that is not the model's
		name := pick(d.rand, "pH", "quality", "", "0", "göod", `a"b`)
		for i := range d.cells {
			d.cells[i] = slices.Insert(d.cells[i], j, pick(d.rand, extra...))
		}
		d.names = slices.Insert(d.names, j, name)
	case 2: // the same kind of value in all of it
		v := pick(d.rand, extra...)
		for i := range d.cells {
			d.cells[i] = append(d.cells[i], v)
		}
		d.names = append(d.names, "further")
	case 3: // a column too few
		d.names = slices.Delete(d.names, j, j+1)
		for i := range d.cells {
			d.cells[i] = slices.Delete(d.cells[i], j, j+1)
		}
		if len(d.names) == 0 {
			d.names = []string{"none"}
			d.mark(Missing)
		}
	case 4: // another name
		d.names[j] = pick(d.rand, strings.ToUpper(d.names[j]), d.names[j]+" ", "x", "")
	case 5: // a name twice
		from := d.rand.IntN(len(d.names))
		d.names = append(d.names, d.names[from])
		for i := range d.cells {
			d.cells[i] = append(d.cells[i], d.cells[i][from])
		}
	case 6: // a value too few
		i := d.rand.IntN(len(d.cells))
		d.cells[i] = d.cells[i][:max(0, len(d.cells[i])-1)]
		d.ragged = true
		d.mark(Missing)
	case 7: // a value too many
		i := d.rand.IntN(len(d.cells))
		d.cells[i] = append(d.cells[i], "7")
		d.ragged = true
		d.mark(Missing) // a first row that is longer moves the others in CSV
	case 8:
		d.cells = nil
		d.mark(NoRows)
	}
}
