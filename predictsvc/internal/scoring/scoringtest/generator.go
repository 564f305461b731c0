package scoringtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
)

// Body is a request for predictions.
type Body struct {
	ContentType string
	Data        []byte
	// Peculiar are what it has of the things for which this project's server knowingly differs from MLflow's.
	Peculiar []Peculiarity
	// Faults is how many things were done to a good body that may have made it a bad one.
	Faults int
	// Nested says that an array or an object may stand where a number is expected.
	Nested bool
}

// Generator makes bodies for one model.
type Generator struct {
	in   *scoring.Input
	rand *rand.Rand
	// Values gives a good number for a column; nil is a number from 0 to 10.
	Values func(r *rand.Rand, column int) float64
}

// New makes a generator; the same seed gives the same bodies.
func New(in *scoring.Input, seed uint64) *Generator {
	return &Generator{in: in, rand: rand.New(rand.NewPCG(seed, 7))}
}

// draft is a body before it is written.
type draft struct {
	*Generator
	names    []string   // as they stand in the body, without quotes
	cells    [][]string // JSON, or CSV fields
	ragged   bool
	peculiar []Peculiarity
	nested   bool
}

// Next makes a body: half of them are good, or nearly so.
func (g *Generator) Next() Body {
	d := &draft{Generator: g}
	d.table()
	contentType := pick(g.rand, "application/json", "application/json", "application/json", "application/json; charset=utf-8")
	if !g.in.Tensor && g.rand.IntN(5) == 0 || g.rand.IntN(50) == 0 {
		contentType = pick(g.rand, "text/csv", "text/csv", "text/csv; charset=utf-8", "text/csv;charset=UTF-8")
	}
	isCSV := strings.HasPrefix(contentType, "text/csv")
	faults := 0
	if g.rand.IntN(2) == 0 {
		faults = 1 + g.rand.IntN(2)
	}
	for range faults {
		if g.rand.IntN(3) > 0 {
			d.spoilCell(isCSV)
		} else {
			d.spoilTable(isCSV)
		}
	}
	var data string
	if isCSV {
		data = d.csv()
	} else {
		odd := faults > 0 && g.rand.IntN(3) == 0
		if odd {
			faults++
		}
		data = d.json(odd)
	}
	body := Body{ContentType: contentType, Data: []byte(data), Peculiar: d.peculiar, Faults: faults, Nested: d.nested}
	if g.rand.IntN(15) == 0 {
		g.spoilText(&body)
	}
	if g.rand.IntN(40) == 0 {
		g.spoilType(&body)
	}
	return body
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// table makes good rows. The first tables of a kind have one row, most have few.
func (d *draft) table() {
	for _, c := range d.in.Columns {
		d.names = append(d.names, c.Name)
	}
	for range pick(d.rand, 1, 1, 1, 2, 3, 5, 17) {
		var row []string
		for i := range d.in.Columns {
			row = append(row, d.cell(i))
		}
		d.cells = append(d.cells, row)
	}
	if d.rand.IntN(3) == 0 && !d.in.Tensor {
		order := d.rand.Perm(len(d.names))
		d.names = reorder(d.names, order)
		for i := range d.cells {
			d.cells[i] = reorder(d.cells[i], order)
		}
	}
}

func reorder(list []string, order []int) []string {
	out := make([]string, len(list))
	for i, from := range order {
		out[i] = list[from]
	}
	return out
}

// cell is a good value of a column, in one of the ways in which JSON and CSV write it.
func (d *draft) cell(column int) string {
	v := 10 * d.rand.Float64()
	if d.Values != nil {
		v = d.Values(d.rand, column)
	}
	switch d.in.Columns[column].Kind {
	case mlmodel.Boolean:
		return pick(d.rand, "true", "false")
	case mlmodel.Long, mlmodel.Integer:
		return pick(d.rand, fmt.Sprint(int(v)), fmt.Sprintf("%d.0", int(v)), fmt.Sprint(-int(v)))
	default:
		return pick(d.rand, fmt.Sprint(v), fmt.Sprint(v), fmt.Sprintf("%.3f", v), fmt.Sprintf("%e", v), fmt.Sprint(int(v)))
	}
}

// kindOf is the type of the column with a name; Double for names that are no column's.
func (d *draft) kindOf(j int) mlmodel.Kind {
	if d.in.Tensor {
		return d.in.Columns[0].Kind
	}
	i := slices.IndexFunc(d.in.Columns, func(c scoring.Column) bool { return c.Name == d.names[j] })
	if i < 0 {
		return ""
	}
	return d.in.Columns[i].Kind
}

func (d *draft) mark(p ...Peculiarity) { d.peculiar = append(d.peculiar, p...) }
