package mlmodel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Number is a JSON number in its own digits, or Python's Infinity, -Infinity and NaN.
type Number string

func (n Number) int64() (int64, error) { return strconv.ParseInt(string(n), 10, 64) }

// parseObjects reads a list of objects.
func parseObjects(text string) ([]Map, error) {
	v, err := parseJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	items, ok := v.([]any)
	if !ok {
		return nil, errors.New("want a list in JSON")
	}
	var objects []Map
	for i, it := range items {
		o, ok := it.(Map)
		if !ok {
			return nil, fmt.Errorf("item %d is not an object", i)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// parseJSON reads JSON as Python writes it: with the bare words NaN, Infinity and -Infinity.
func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(quoteSpecials(data)))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("JSON: text after the value")
	}
	return v, nil
}

// specialMark begins the strings that stand for bare words while encoding/json reads.
const specialMark = "\ue000mlmodel:"

func quoteSpecials(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	var out []byte
	inText := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case inText && c == '\\' && i+1 < len(data):
			out = append(out, c, data[i+1])
			i++
			continue
		case c == '"':
			inText = !inText
		case !inText:
			if word := specialAt(data[i:]); word != "" {
				out = append(out, `"`+specialMark+word+`"`...)
				i += len(word) - 1
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func specialAt(data []byte) string {
	for _, w := range []string{"-Infinity", "Infinity", "NaN"} {
		if bytes.HasPrefix(data, []byte(w)) {
			return w
		}
	}
	return ""
}

const maxJSONDepth = 64

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxJSONDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return Number(t.String()), nil
	case string:
		if w, ok := strings.CutPrefix(t, specialMark); ok {
			return Number(w), nil
		}
		return t, nil
	case json.Delim:
		if t == '[' {
			return parseList(d, depth)
		}
		return parseFields(d, depth)
	default:
		return t, nil
	}
}

func parseList(d *json.Decoder, depth int) (any, error) {
	items := []any{}
	for d.More() {
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := d.Token()
	return items, err
}

func parseFields(d *json.Decoder, depth int) (any, error) {
	o := Map{}
	seen := map[json.Token]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fmt.Errorf("the name %q is there twice", name)
		}
		seen[name] = true
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, Item{fmt.Sprint(name), v})
	}
	_, err := d.Token()
	return o, err
}

// pythonJSON writes a value as json.dumps does, on one line for indent 0.
func pythonJSON(v any, indent int) (string, error) {
	var b strings.Builder
	err := appendJSON(&b, v, indent, 0)
	return b.String(), err
}

func appendJSON(b *strings.Builder, v any, indent, depth int) error {
	switch v := v.(type) {
	case []any:
		return appendItems(b, "[", "]", len(v), indent, depth, func(i int) error {
			return appendJSON(b, v[i], indent, depth+1)
		})
	case Map:
		return appendItems(b, "{", "}", len(v), indent, depth, func(i int) error {
			name, ok := v[i].Key.(string)
			if !ok {
				return fmt.Errorf("the key %v is not text, as JSON wants", v[i].Key)
			}
			b.WriteString(quoteASCII(name) + ": ")
			return appendJSON(b, v[i].Value, indent, depth+1)
		})
	default:
		s, err := jsonScalar(v)
		b.WriteString(s)
		return err
	}
}

func jsonScalar(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(v), nil
	case string:
		return quoteASCII(v), nil
	case []byte:
		return quoteASCII(encodeBytes(v)), nil
	case Number:
		if specialAt([]byte(v)) != string(v) && !json.Valid([]byte(v)) {
			return "", fmt.Errorf("%q is not a number", string(v))
		}
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN", nil
		case math.IsInf(v, 1):
			return "Infinity", nil
		case math.IsInf(v, -1):
			return "-Infinity", nil
		}
		return pythonFloat(v), nil
	default:
		return "", fmt.Errorf("a value of type %T cannot be written as JSON", v)
	}
}

// encodeBytes is base64.encodebytes of Python: lines of 76 characters, each ended.
func encodeBytes(data []byte) string {
	var b strings.Builder
	for line := range slices.Chunk(data, 57) {
		b.WriteString(base64.StdEncoding.EncodeToString(line) + "\n")
	}
	return b.String()
}

func appendItems(b *strings.Builder, open, end string, n, indent, depth int, item func(i int) error) error {
	b.WriteString(open)
	newline := func(depth int) {
		if indent > 0 && n > 0 {
			b.WriteString("\n" + strings.Repeat(" ", indent*depth))
		}
	}
	for i := range n {
		if i > 0 {
			b.WriteString(",")
			if indent == 0 {
				b.WriteString(" ")
			}
		}
		newline(depth + 1)
		if err := item(i); err != nil {
			return err
		}
	}
	newline(depth)
	b.WriteString(end)
	return nil
}

// quoteASCII is json.dumps of a string: everything outside ASCII is escaped.
func quoteASCII(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case strings.ContainsRune("\n\r\t\b\f", c):
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}[c])
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		case c > 0xffff:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
