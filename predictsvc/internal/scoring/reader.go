package scoring

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// maxDepth bounds how deep arrays and objects may nest. A request's own parts lie at most six deep.
const maxDepth = 64

// reader reads what Python's json.loads reads: RFC 8259, and NaN, Infinity and -Infinity beside it.
type reader struct {
	*document
	at    int
	depth int
}

// read reads a body into d, whose memory is used again.
func (d *document) read(body []byte) *Error {
	d.body, d.nodes = bytes.TrimPrefix(body, []byte("\ufeff")), d.nodes[:0]
	if uint64(len(body)) >= math.MaxUint32 {
		return malformed("the body has 4 GiB or more")
	}
	if !utf8.Valid(d.body) {
		return malformed("the body is not UTF-8 text")
	}
	r := reader{document: d}
	r.space()
	if r.at == len(d.body) {
		return malformed("the body is empty; %s", shape)
	}
	if err := r.value(); err != nil {
		return err
	}
	if r.space(); r.at < len(d.body) {
		return r.syntax("the end of the body")
	}
	return nil
}

// shape says what a body has to be, for errors about one that is something else.
const shape = `expected a JSON object with exactly one of "dataframe_split", "dataframe_records", "instances" and "inputs"`

func (r *reader) space() {
	for r.at < len(r.body) {
		switch r.body[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// peek is the byte at the current place, 0 at the end.
func (r *reader) peek() byte {
	if r.at < len(r.body) {
		return r.body[r.at]
	}
	return 0
}

// value reads the value that stands here.
func (r *reader) value() *Error {
	switch c := r.peek(); {
	case c == '"':
		return r.text()
	case c == '{', c == '[':
		if r.depth == maxDepth {
			return malformed("arrays and objects nest deeper than %d levels", maxDepth)
		}
		r.depth++
		var err *Error
		if c == '{' {
			err = r.object()
		} else {
			err = r.list()
		}
		r.depth--
		return err
	case c >= '0' && c <= '9', c == '-':
		if c == '-' && r.word("-Infinity", constant) {
			return nil
		}
		return r.number()
	}
	if r.word("null", null) || r.word("true", truth) || r.word("false", truth) || r.word("NaN", constant) || r.word("Infinity", constant) {
		return nil
	}
	return r.syntax("a value")
}

// add adds a value that starts at a place and ends here.
func (r *reader) add(k kind, at int) {
	r.nodes = append(r.nodes, node{kind: k, at: uint32(at), end: uint32(r.at)})
}

func (r *reader) word(w string, k kind) bool {
	end := r.at + len(w)
	if end > len(r.body) || string(r.body[r.at:end]) != w {
		return false
	}
	start := r.at
	r.at = end
	r.add(k, start)
	return true
}

// open adds a list or an object; close completes it.
func (r *reader) open(k kind) (opened int) {
	r.at++
	r.add(k, r.at-1)
	r.space()
	return len(r.nodes) - 1
}

func (r *reader) close(opened int, size uint32) {
	r.at++
	n := &r.nodes[opened]
	n.size, n.end = size, uint32(len(r.nodes))
}

func (r *reader) list() *Error {
	return r.all(list, ']', "a comma or the end of the array", r.value)
}

func (r *reader) object() *Error {
	return r.all(object, '}', "a comma or the end of the object", r.member)
}

// all reads the items of a list or the members of an object, with the commas between them.
func (r *reader) all(k kind, end byte, expected string, one func() *Error) *Error {
	opened := r.open(k)
	if r.peek() == end {
		r.close(opened, 0)
		return nil
	}
	for size := uint32(1); ; size++ {
		r.space()
		if err := one(); err != nil {
			return err
		}
		r.space()
		switch r.peek() {
		case ',':
			r.at++
		case end:
			r.close(opened, size)
			return nil
		default:
			return r.syntax(expected)
		}
	}
}

// member reads a name and its value.
func (r *reader) member() *Error {
	if r.peek() != '"' {
		return r.syntax("a name in quotes")
	}
	if err := r.text(); err != nil {
		return err
	}
	r.space()
	if r.peek() != ':' {
		return r.syntax("a colon")
	}
	r.at++
	r.space()
	return r.value()
}

// text reads a text; r stands on its first quote.
func (r *reader) text() *Error {
	start, escaped := r.at+1, false
	for r.at++; r.at < len(r.body); r.at++ {
		switch c := r.body[r.at]; {
		case c == '"':
			r.add(text, start)
			r.nodes[len(r.nodes)-1].escaped = escaped
			r.at++
			return nil
		case c == '\\':
			escaped = true
			r.at++
			if !r.escape() {
				return r.syntax("a valid escape")
			}
		case c < ' ':
			return r.syntax("a text without control characters")
		}
	}
	return r.syntax("the end of a text")
}

// escape checks what follows a backslash, and leaves r on its last byte.
func (r *reader) escape() bool {
	switch r.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
	default:
		return false
	}
	for range 4 {
		r.at++
		if c := r.peek(); (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// number reads a number; r stands on its sign or first digit.
func (r *reader) number() *Error {
	end, whole, expected := ScanNumber(r.body, r.at)
	start, k := r.at, decimal
	r.at = end
	if expected != "" {
		return r.syntax(expected)
	}
	if whole {
		k = integer
	}
	r.add(k, start)
	return nil
}

// syntax is the error of a text that is not JSON here.
func (r *reader) syntax(expected string) *Error {
	if r.at >= len(r.body) {
		return malformed("not valid JSON: the body ends where %s was expected", expected)
	}
	return malformed("not valid JSON at byte %d: expected %s, got %q", r.at, expected, Excerpt(r.body[r.at:min(len(r.body), r.at+16)]))
}
