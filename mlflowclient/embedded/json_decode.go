package embedded

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The server reads request bodies with Python's json module and turns them into protocol buffers field by field, in
// the order of the text. Which requests it accepts follows from both, so bodies are read here by the same rules:
// NaN and Infinity are numbers, the order of keys is kept, and a number remembers how it was written.

// object is a JSON object in the order of its text; of a repeated key the last value counts, at the first place.
type object struct {
	keys   []string
	values map[string]any
	list   []any // of a body that is a list instead: the server takes it for an object without fields where it can
}

func (o *object) get(key string) (any, bool) {
	v, ok := o.values[key]
	return v, ok
}

// number is a JSON number as written.
type number string

// isInt reports whether Python reads the number as an int.
func (n number) isInt() bool { return !strings.ContainsAny(string(n), ".eENI") }

// float is Python's float(n).
func (n number) float() float64 {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return f
}

// brokenText is a string with half of a surrogate pair: Python's json takes it, protocol buffers do not.
type brokenText string

const maxJSONDepth = 200

var errJSON = errors.New("not JSON")

// decodeJSON returns nil, bool, number, string, brokenText, []any or *object.
func decodeJSON(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errJSON
	}
	d := jsonDecoder{text: string(text)}
	d.space()
	value, err := d.value(0)
	if err != nil {
		return nil, err
	}
	d.space()
	if d.at != len(d.text) {
		return nil, errJSON
	}
	return value, nil
}

type jsonDecoder struct {
	text string
	at   int
}

func (d *jsonDecoder) space() {
	for d.at < len(d.text) && strings.IndexByte(" \t\n\r", d.text[d.at]) >= 0 {
		d.at++
	}
}

func (d *jsonDecoder) peek() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *jsonDecoder) word(w string) bool {
	if strings.HasPrefix(d.text[d.at:], w) {
		d.at += len(w)
		return true
	}
	return false
}

func (d *jsonDecoder) value(depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, errJSON
	}
	switch c := d.peek(); {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.array(depth)
	case c == '"':
		return d.string()
	case d.word("null"):
		return nil, nil
	case d.word("true"):
		return true, nil
	case d.word("false"):
		return false, nil
	case d.word("NaN"):
		return number("NaN"), nil
	case d.word("Infinity"):
		return number("Infinity"), nil
	case d.word("-Infinity"):
		return number("-Infinity"), nil
	default:
		return d.number()
	}
}

func (d *jsonDecoder) object(depth int) (any, error) {
	d.at++
	o := &object{values: map[string]any{}}
	d.space()
	if d.peek() == '}' {
		d.at++
		return o, nil
	}
	for {
		d.space()
		if d.peek() != '"' {
			return nil, errJSON
		}
		name, err := d.string()
		if err != nil {
			return nil, err
		}
		key, ok := name.(string)
		if !ok {
			return nil, errServerFault // the server's handler fails on such a name
		}
		d.space()
		if d.peek() != ':' {
			return nil, errJSON
		}
		d.at++
		d.space()
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, repeated := o.values[key]; !repeated {
			o.keys = append(o.keys, key)
		}
		o.values[key] = value
		if done, err := d.next('}'); done || err != nil {
			return o, err
		}
	}
}

func (d *jsonDecoder) array(depth int) (any, error) {
	d.at++
	list := []any{}
	d.space()
	if d.peek() == ']' {
		d.at++
		return list, nil
	}
	for {
		d.space()
		value, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		if done, err := d.next(']'); done || err != nil {
			return list, err
		}
	}
}

// next passes the comma before another element, or the end of the list.
func (d *jsonDecoder) next(end byte) (done bool, err error) {
	d.space()
	switch d.peek() {
	case ',':
		d.at++
		return false, nil
	case end:
		d.at++
		return true, nil
	default:
		return false, errJSON
	}
}

func (d *jsonDecoder) number() (any, error) {
	start := d.at
	if d.peek() == '-' {
		d.at++
	}
	digits := d.digits()
	if digits == 0 || (digits > 1 && d.text[d.at-digits] == '0') {
		return nil, errJSON
	}
	if d.peek() == '.' {
		d.at++
		if d.digits() == 0 {
			return nil, errJSON
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.at++
		if c := d.peek(); c == '+' || c == '-' {
			d.at++
		}
		if d.digits() == 0 {
			return nil, errJSON
		}
	}
	return number(d.text[start:d.at]), nil
}

func (d *jsonDecoder) digits() int {
	start := d.at
	for c := d.peek(); c >= '0' && c <= '9'; c = d.peek() {
		d.at++
	}
	return d.at - start
}

// string returns a string, or brokenText when it holds half of a surrogate pair.
func (d *jsonDecoder) string() (any, error) {
	d.at++
	start := d.at
	for d.at < len(d.text) && d.text[d.at] != '"' && d.text[d.at] != '\\' && d.text[d.at] >= ' ' {
		d.at++
	}
	if d.peek() == '"' { // the common case: nothing escaped
		d.at++
		return d.text[start : d.at-1], nil
	}
	var b strings.Builder
	b.WriteString(d.text[start:d.at])
	broken := false
	for {
		switch c := d.peek(); {
		case c == '"':
			d.at++
			if broken {
				return brokenText(b.String()), nil
			}
			return b.String(), nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return nil, err
			}
			broken = broken || utf16.IsSurrogate(r)
			b.WriteRune(r)
		case c < ' ':
			return nil, errJSON
		default:
			b.WriteByte(c)
			d.at++
		}
	}
}

func (d *jsonDecoder) escape() (rune, error) {
	if d.at+1 >= len(d.text) {
		return 0, errJSON
	}
	c := d.text[d.at+1]
	d.at += 2
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, errJSON
	}
	r, err := d.hex()
	if err != nil || !utf16.IsSurrogate(r) || !strings.HasPrefix(d.text[d.at:], `\u`) {
		return r, err
	}
	back := d.at
	d.at += 2
	low, err := d.hex()
	if err != nil {
		return 0, err
	}
	if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
		return full, nil
	}
	d.at = back
	return r, nil
}

func (d *jsonDecoder) hex() (rune, error) {
	if d.at+4 > len(d.text) {
		return 0, errJSON
	}
	v, err := strconv.ParseUint(d.text[d.at:d.at+4], 16, 32)
	if err != nil {
		return 0, errJSON
	}
	d.at += 4
	return rune(v), nil
}
