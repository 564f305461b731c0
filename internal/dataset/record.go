package dataset

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Record is what MLflow stores for a dataset input: the fields of the REST message Dataset, as text. Schema and Profile are
// JSON written the way Python writes it, so that a run logged by Go and one logged by Python hold the same bytes.
type Record struct {
	Name       string
	Digest     string // [Table.Digest]
	SourceType string // "local", "http", "s3" or "code"
	Source     string // JSON, e.g. {"uri": "data.csv"}
	Schema     string // JSON, {"mlflow_colspec": [{"type": "double", "name": "pH", "required": true}, …]}
	Profile    string // JSON, {"num_rows": 1599, "num_elements": 19188}
}

// Record returns the table's record with the given source: the fields that
// mlflow.log_input(mlflow.data.from_pandas(df, source, targets, name)) sends. The target does not appear among them.
func (t *Table) Record(source Source) Record {
	return Record{
		Name:       t.name,
		Digest:     t.Digest(),
		SourceType: source.kind,
		Source:     source.json,
		Schema:     t.Schema(),
		Profile:    fmt.Sprintf(`{"num_rows": %d, "num_elements": %d}`, t.rows, t.rows*len(t.columns)),
	}
}

// Schema returns MLflow's column specification as JSON. Every column is required, since a Table has no missing values.
func (t *Table) Schema() string {
	specs := make([]string, len(t.columns))
	for i, c := range t.columns {
		specs[i] = fmt.Sprintf(`{"type": %q, "name": %s, "required": true}`, c.kind.mlflow(), pythonJSON(c.name))
	}
	return `{"mlflow_colspec": [` + strings.Join(specs, ", ") + `]}`
}

// mlflow is the kind's name in a schema.
func (k Kind) mlflow() string {
	switch k {
	case Int64:
		return "long"
	case Float64:
		return "double"
	case String:
		return "string"
	}
	return ""
}

// Source says where a table came from, in the terms of mlflow.data. Make one with [LocalSource], [HTTPSource], [S3Source] or
// [CodeSource].
type Source struct {
	kind, json string
}

// LocalSource is a file: what Python records for source="data.csv".
func LocalSource(path string) Source {
	return Source{"local", `{"uri": ` + pythonJSON(path) + `}`}
}

// HTTPSource is a web address. The caller takes passwords and signatures out of it first: MLflow shows it to everybody.
func HTTPSource(url string) Source {
	return Source{"http", `{"url": ` + pythonJSON(url) + `}`}
}

// S3Source is an object's address, s3://bucket/key.
func S3Source(uri string) Source {
	return Source{"s3", `{"uri": ` + pythonJSON(uri) + `}`}
}

// CodeSource is a table that is part of the program: what Python records when no source is given. Python's tags are the
// run's context tags in the order mlflow.user, mlflow.source.name, mlflow.source.type.
func CodeSource(tags ...Tag) Source {
	pairs := make([]string, len(tags))
	for i, tag := range tags {
		pairs[i] = pythonJSON(tag.Key) + ": " + pythonJSON(tag.Value)
	}
	return Source{"code", `{"tags": {` + strings.Join(pairs, ", ") + `}}`}
}

// Tag is a run tag, in the order it is recorded.
type Tag struct{ Key, Value string }

// Type is MLflow's source type: "local", "http", "s3" or "code"; empty for the zero Source.
func (s Source) Type() string { return s.kind }

// JSON is the source's description as MLflow stores it.
func (s Source) JSON() string { return s.json }

// pythonJSON writes a string as Python's json.dumps does by default: everything outside printable ASCII as \uXXXX, characters
// beyond the basic plane as a surrogate pair.
func pythonJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case strings.ContainsRune("\n\r\t\f\b", r):
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}[r])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
