package scoring

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Types of content that are read, and the one that MLflow reads beside them.
const (
	jsonType    = "application/json"
	csvType     = "text/csv"
	parquetType = "application/vnd.apache.parquet"
)

// formats are the members of a body that hold its table.
var formats = []string{"dataframe_split", "dataframe_records", "instances", "inputs"}

// languageModel are the members that make MLflow take a body for one of a language model, and pass it on as it is.
var languageModel = []string{"messages", "prompt", "input"}

// Parse reads a body of MLflow's scoring protocol into t.
func (in *Input) Parse(t *Table, contentType string, body []byte, limits Limits) *Error {
	t.reset(limits)
	kind, err := mediaType(contentType)
	if err != nil {
		return err
	}
	if kind == csvType {
		if !utf8.Valid(body) {
			return malformed("the body is not UTF-8 text")
		}
		if err := in.parseCSV(t, body); err != nil {
			return err
		}
		return t.complete(in)
	}
	if err := t.doc.read(body); err != nil {
		return err
	}
	if err := in.parseJSON(t); err != nil {
		return err
	}
	if err := t.complete(in); err != nil {
		return err
	}
	params, _ := t.doc.member(0, "params")
	return in.checkParams(&t.doc, params)
}

// mediaType checks a header Content-Type to the letter, as MLflow does.
func mediaType(header string) (string, *Error) {
	parts := strings.Split(header, ";")
	kind := strings.TrimSpace(parts[0])
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name != "charset":
			return "", unsupported("the content type %q has the parameter %q; the only one that is known is charset", Excerpt([]byte(header)), Excerpt([]byte(name)))
		case !strings.EqualFold(value, "utf-8"):
			return "", unsupported("the content type %q has another charset than utf-8", Excerpt([]byte(header)))
		}
	}
	switch kind {
	case jsonType, csvType:
		return kind, nil
	case parquetType:
		return "", unsupported("Parquet is not read here; send %s or %s", jsonType, csvType)
	case "":
		return "", unsupported("the header Content-Type is missing; expected %s or %s", jsonType, csvType)
	}
	return "", unsupported("the content type %q is not read here; expected %s or %s", Excerpt([]byte(header)), jsonType, csvType)
}

// parseJSON reads the table in t.doc.
func (in *Input) parseJSON(t *Table) *Error {
	d := &t.doc
	if d.nodes[0].kind != object {
		return malformed("%s, got %s; %s", shape, d.what(0), in.hint())
	}
	format, value, found := "", uint32(0), 0
	for _, name := range formats {
		if at, ok := d.member(0, name); ok {
			format, value, found = name, at, found+1
		}
	}
	for key := range d.members(0) {
		if name := string(d.textOf(key)); slices.Contains(languageModel, name) {
			return unfit("the member %q is one of a language model's request, which this is not; %s", name, in.hint())
		}
	}
	if found != 1 {
		return malformed("%s, and it has %d of them; %s", shape, found, in.hint())
	}
	switch format {
	case "dataframe_split":
		return in.split(t, value)
	case "dataframe_records":
		return in.records(t, value)
	default:
		if in.Tensor {
			return in.tensor(t, value, format)
		}
		return in.named(t, value, format)
	}
}
