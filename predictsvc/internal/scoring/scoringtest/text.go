package scoringtest

import "strings"

// spoilText changes the text of a body.
func (g *Generator) spoilText(b *Body) {
	data := string(b.Data)
	at := g.rand.IntN(len(data) + 1)
	b.Faults++
	if strings.HasPrefix(b.ContentType, "text/csv") {
		b.Peculiar = append(b.Peculiar, Missing) // a row may end anywhere
	}
	switch g.rand.IntN(9) {
	case 0, 1:
		data = data[:at]
	case 2, 3:
		data = data[:at] + pick(g.rand, `"`, "{", "}", "[", "]", ",", ":", "\\", "\x00", "-", ".", "e", "x", "\u00e9", " ", "\n", `\ud800`, `\u00e9`) + data[at:]
		b.Peculiar = append(b.Peculiar, Missing) // in one row, a column may have another name now
	case 4:
		data += pick(g.rand, "x", "{}", "]", "}", ",", "\x1a")
	case 5:
		data = "\ufeff" + data
	case 6:
		data = data[:at] + "\xff" + data[at:]
	case 7:
		data = pick(g.rand, "", " ", "null", "[]", "{}", "5", `"x"`, "nan", "{'inputs':[]}", "[[1,2]]", "a", "<xml/>", "\x00", `{"inputs":`)
	case 8:
		data = g.huge(b)
	}
	b.Data = []byte(data)
}

func (g *Generator) huge(b *Body) string {
	if g.rand.IntN(2) == 0 {
		b.Peculiar = append(b.Peculiar, Deep)
		return `{"inputs":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}"
	}
	b.Peculiar = append(b.Peculiar, HugeNumber)
	return `{"inputs":[[` + strings.Repeat("9", 5000) + "]]}"
}

// spoilType changes the header Content-Type.
func (g *Generator) spoilType(b *Body) {
	b.ContentType = pick(g.rand, "", "text/plain", "application/x-www-form-urlencoded", "Application/JSON", "application/json; charset=latin-1", "application/json;",
		"application/json; charset=utf-8; charset=utf-8", "application/json; version=2", `application/json; charset="utf-8"`, "text/csv; header=present", "*/*",
		"application/vnd.apache.parquet", "text/csv", "application/json", "application/json ; charset=utf-8", "application/json; Charset=utf-8")
	b.Faults++
	switch b.ContentType {
	case "":
		b.Peculiar = append(b.Peculiar, NoType)
	case "application/vnd.apache.parquet":
		b.Peculiar = append(b.Peculiar, Parquet)
	case "text/csv": // a JSON text is a line of names
		b.Peculiar = append(b.Peculiar, NoRows)
	}
}
