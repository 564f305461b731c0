package scoringtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// quote writes a text as JSON.
func quote(s string) string {
	b, _ := json.Marshal(s) //nolint:errchkjson // A text can always be written.
	return string(b)
}

// json writes the table in one of the protocol's forms, odd ones among them if they are asked for.
func (d *draft) json(odd bool) string {
	var members []string
	switch n := d.rand.IntN(10); {
	case n < 3:
		members = []string{`"dataframe_split":` + d.split(odd)}
	case n < 5:
		members = []string{`"dataframe_records":` + d.records(odd)}
	default:
		members = []string{pick(d.rand, `"inputs":`, `"instances":`) + d.arrays(odd)}
	}
	if d.rand.IntN(8) == 0 {
		members = append(members, pick(d.rand,
			`"params":{}`, `"params":null`, `"params":5`, `"params":{"top":3}`, `"params":{"top":"x"}`, `"params":{"top":3.0}`, `"params":{"top":null}`,
			`"params":{"weights":[1,2.5]}`, `"params":{"weights":[1,null]}`, `"params":{"weights":["x"]}`, `"params":{"weights":1}`, `"params":{"weights":[]}`,
			`"params":{"exact":true}`, `"params":{"exact":1}`, `"params":{"unknown":[{}]}`, `"params":[1]`, `"params":{"top":true}`, `"params":{"name":"x"}`, `"params":{"name":1}`))
	}
	if odd {
		members = append(members, d.oddMember())
	}
	d.rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return pick(d.rand, "", " ", "\n\t") + "{" + strings.Join(members, pick(d.rand, ",", ", ")) + "}" + pick(d.rand, "", "\n")
}

func (d *draft) oddMember() string {
	return pick(d.rand, `"comment":"more"`, `"signature_name":"x"`, `"inputs":[]`, `"instances":null`, `"dataframe_records":[{}]`, `"columns":["a"]`,
		`"input":"x"`, `"prompt":[1]`, `"messages":null`)
}

// split writes {"columns": […], "data": […]}.
func (d *draft) split(odd bool) string {
	names := make([]string, len(d.names))
	for i, n := range d.names {
		names[i] = quote(n)
	}
	columns, data, index := array(names), d.rows(), ""
	if d.rand.IntN(6) == 0 {
		index = array(numbers(len(d.cells)))
	}
	if odd {
		columns, data, index = d.oddSplit(columns, names, data, index)
	}
	var members []string
	if columns != "" {
		members = append(members, `"columns":`+columns)
	}
	if data != "" {
		members = append(members, `"data":`+data)
	}
	if index != "" {
		members = append(members, `"index":`+index)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (d *draft) oddSplit(columns string, names []string, data, index string) (_, _, _ string) {
	switch d.rand.IntN(12) {
	case 0:
		columns = pick(d.rand, "", "null", `"a"`, "5", "[]")
	case 1:
		columns = array(append(names[:len(names)-1:len(names)-1], pick(d.rand, "null", "5", "true")))
	case 2:
		d.mark(NestedName)
		columns = array(append(names[:len(names)-1:len(names)-1], pick(d.rand, `["x"]`, `{"x":1}`)))
	case 3:
		d.mark(NamesObject)
		columns = "{" + strings.Join(names, ":1,") + ":1}"
	case 4:
		data = pick(d.rand, "", "5", `"x"`, "true", `{"a":1}`)
	case 5:
		d.mark(NoRows)
		data = pick(d.rand, "null", "[]")
	case 6:
		d.mark(DataObject)
		data = d.byColumn()
	case 7:
		data = d.objects()
	case 8:
		data = pick(d.rand, `[[]]`, `[null]`, `[1,2]`, `[[1],2]`, `[{"a":1},[1]]`, `[[1],null]`, `["x"]`, `[[[1]]]`)
	case 9:
		index = pick(d.rand, "null", "5", `"x"`, "true")
	case 10:
		d.mark(OtherIndex)
		index = pick(d.rand, "[]", array(numbers(len(d.cells)+1)), `{"x":1}`)
	case 11:
		return `["a"],"more":1`, data, index
	}
	return columns, data, index
}

func (d *draft) records(odd bool) string {
	if !odd {
		return d.objects()
	}
	return pick(d.rand, "[]", "null", "5", `"x"`, "{}", `{"a":[1]}`, "[{}]", "[null]", "[5]", "[[1,2]]", `[["x"]]`, d.rows(), d.byColumn(),
		strings.TrimSuffix(d.objects(), "]")+pick(d.rand, ",5]", ",null]", ",[1]]", `,"x"]`))
}

// arrays writes the value of inputs or instances.
func (d *draft) arrays(odd bool) string {
	if odd {
		switch d.rand.IntN(4) {
		case 0:
			return pick(d.rand, "[]", "{}", "5", "null", `"x"`, `"5"`, "true", "[5]", "[null]", "[[]]", "[[],[]]", "[[1],[1,2]]", "[[[1]]]", `[["x"]]`, `{"a":1}`, `{"x":[[1,2],[3,4]]}`)
		case 1:
			d.mark(EmptyObject)
			return strings.TrimSuffix(d.objects(), "]") + pick(d.rand, ",{}]", ",5]", ",null]", ",[1]]", `,{"x":1}]`)
		case 2:
			d.mark(EmptyObject)
			return "[" + pick(d.rand, "5,", "null,", "[1],", "{},") + strings.TrimPrefix(d.objects(), "[")
		}
	}
	if d.in.Tensor {
		switch rows := d.rows(); {
		case d.rand.IntN(5) > 0:
			return rows
		case d.rand.IntN(2) == 0:
			return "{" + quote(d.in.Name) + ":" + rows + "}"
		default:
			return pick(d.rand, d.objects(), d.byColumn())
		}
	}
	return pick(d.rand, d.objects(), d.objects(), d.byColumn(), d.byColumn(), d.rows())
}

// rows writes an array of arrays.
func (d *draft) rows() string {
	rows := make([]string, len(d.cells))
	for i, cells := range d.cells {
		rows[i] = array(cells)
	}
	return array(rows)
}

// objects writes an array of objects.
func (d *draft) objects() string {
	rows := make([]string, len(d.cells))
	for i, cells := range d.cells {
		var members []string
		for j, cell := range cells {
			if j < len(d.names) {
				members = append(members, quote(d.names[j])+":"+cell)
			}
		}
		if d.rand.IntN(4) == 0 && !d.in.Tensor {
			d.rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		}
		rows[i] = "{" + strings.Join(members, ",") + "}"
	}
	return array(rows)
}

// byColumn writes an object of arrays, or of values when there is but one row.
func (d *draft) byColumn() string {
	single := len(d.cells) == 1 && d.rand.IntN(2) == 0
	var members []string
	for j, name := range d.names {
		var cells []string
		for _, row := range d.cells {
			if j < len(row) {
				cells = append(cells, row[j])
			}
		}
		switch {
		case single && len(cells) == 1:
			members = append(members, quote(name)+":"+cells[0])
		case len(cells) > 0 && !slices.ContainsFunc(cells, func(c string) bool { return c != cells[0] }) && d.rand.IntN(3) == 0:
			members = append(members, quote(name)+":"+cells[0])
		default:
			members = append(members, quote(name)+":"+array(cells))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func array(items []string) string { return "[" + strings.Join(items, ",") + "]" }

func numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// csv writes the table as pandas does, with the rows' own names in front now and then.
func (d *draft) csv() string {
	end := pick(d.rand, "\n", "\n", "\n", "\r\n", "\r")
	index := pick(d.rand, "", "", "", "named", "unnamed")
	var b strings.Builder
	for j, name := range d.names {
		if index == "named" && j == 0 {
			b.WriteByte(',')
		}
		if j > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsAny(name, `,"`) || d.rand.IntN(10) == 0 {
			name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
		b.WriteString(name)
	}
	for i, row := range d.cells {
		b.WriteString(end)
		if index != "" {
			fmt.Fprintf(&b, "%d,", i)
		}
		b.WriteString(strings.Join(row, ","))
		if d.rand.IntN(30) == 0 {
			b.WriteString(pick(d.rand, end, end+"  "))
		}
	}
	b.WriteString(pick(d.rand, "", end, end+end))
	return b.String()
}
