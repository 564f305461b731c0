package mlflowclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// yamlOf writes JSON as YAML in block style that every reader understands alike, PyYAML with its YAML 1.1 above all: a
// text is quoted unless it is plainly a word, and a number has the form that 1.1 takes for one. The libraries write for
// readers of YAML 1.2, to whom "1e21" is a number and "=" a text.
func yamlOf(text []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	w := yamlWriter{dec: dec}
	if err := w.value(0, ""); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is something behind the first JSON value")
	}
	return w.out.Bytes(), nil
}

type yamlWriter struct {
	dec *json.Decoder
	out bytes.Buffer
}

// value writes the next value behind what stands in the line already ("", "key:" or "-"). Below it, lines are indented by depth.
func (w *yamlWriter) value(depth int, line string) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	opening, ok := token.(json.Delim)
	if !ok {
		w.put(line, yamlScalar(token))
		return nil
	}
	if !w.dec.More() {
		closing, err := w.dec.Token()
		w.put(line, opening.String()+fmt.Sprint(closing))
		return err
	}
	if line != "" {
		w.out.WriteString(line)
		w.out.WriteByte('\n')
	}
	indent := strings.Repeat("  ", depth)
	keys := map[json.Token]bool{}
	for w.dec.More() {
		item := indent + "-"
		if opening == '{' {
			key, err := w.dec.Token()
			if err != nil {
				return err
			}
			if keys[key] {
				return fmt.Errorf("the key %q occurs twice", key)
			}
			keys[key] = true
			item = indent + yamlKey(fmt.Sprint(key), indent)
		}
		if err := w.value(depth+1, item); err != nil {
			return err
		}
	}
	_, err = w.dec.Token()
	return err
}

func (w *yamlWriter) put(line, value string) {
	if line != "" {
		line += " "
	}
	w.out.WriteString(line + value + "\n")
}

// longestKey is what a reader looks ahead for the colon of a simple key; YAML says 1024 characters.
const longestKey = 1000

// yamlKey is a key with its colon; one that is too long for a simple key is marked as such.
func yamlKey(key, indent string) string {
	text := yamlText(key)
	if len(text) > longestKey {
		return "? " + text + "\n" + indent + ":"
	}
	return text + ":"
}

func yamlScalar(token json.Token) string {
	switch v := token.(type) {
	case string:
		return yamlText(v)
	case json.Number:
		return yamlNumber(v.String())
	case nil:
		return "null"
	default:
		return fmt.Sprint(v)
	}
}

// yamlNumber gives a number with an exponent the point and the sign without which YAML 1.1 sees a text.
func yamlNumber(number string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return number
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if !strings.HasPrefix(exponent, "-") && !strings.HasPrefix(exponent, "+") {
		exponent = "+" + exponent
	}
	return mantissa + "e" + exponent
}

var (
	yamlWord  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)
	yamlOther = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`) // words that mean something else
)

// yamlText is a word as it is, and everything else in double quotes, in which YAML has all the escapes of Go that occur here.
func yamlText(text string) string {
	if yamlWord.MatchString(text) && !yamlOther.MatchString(text) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r > 0xffff && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
