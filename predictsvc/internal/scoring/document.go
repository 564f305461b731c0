package scoring

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// kind is what a value of a JSON text is.
type kind uint8

const (
	null kind = iota
	truth
	integer
	decimal
	constant // NaN, Infinity and -Infinity, which Python's reader takes
	text
	list
	object
)

// node is a value of a JSON text. The nodes of a text lie one after the other in its order: those of a list's items follow it, and
// behind an object the names and values of its members take turns. Nothing is converted before somebody asks for it, so that what a
// request holds beside the model's columns costs only its bytes. A value of a text takes at least two bytes, so that its nodes take at
// most eight times its length.
type node struct {
	kind kind
	// escaped says that a text has to be unquoted.
	escaped bool
	// size is the number of a list's items and an object's members.
	size uint32
	// at is where the value starts in the body, a text without its quote.
	at uint32
	// end is where it ends there; of lists and objects, the number of the node behind all that belongs to it.
	end uint32
}

// document is a JSON text, read.
type document struct {
	body  []byte
	nodes []node
}

// next is the number of the node behind a value and all that belongs to it.
func (d *document) next(i uint32) uint32 {
	if n := &d.nodes[i]; n.kind == list || n.kind == object {
		return n.end
	}
	return i + 1
}

// bytes are a value that is neither list nor object, as it stands in the body.
func (d *document) bytes(i uint32) []byte { return d.body[d.nodes[i].at:d.nodes[i].end] }

// textOf is a text without its escapes. The result may be a part of the body.
func (d *document) textOf(i uint32) []byte {
	n := &d.nodes[i]
	if !n.escaped {
		return d.bytes(i)
	}
	var s string
	_ = json.Unmarshal(d.body[n.at-1:n.end+1], &s) // the reader has checked every escape
	return []byte(s)
}

// member finds a member of an object by its name; of two with the same name, the last one counts, as in Python.
func (d *document) member(of uint32, name string) (value uint32, ok bool) {
	for key := range d.members(of) {
		if string(d.textOf(key)) == name {
			value, ok = key+1, true
		}
	}
	return value, ok
}

// members goes through the names of an object; the value of each is the node behind it.
func (d *document) members(of uint32) func(yield func(key uint32) bool) {
	return func(yield func(uint32) bool) {
		key := of + 1
		for range d.nodes[of].size {
			if !yield(key) {
				return
			}
			key = d.next(key + 1)
		}
	}
}

// items goes through the items of a list, with their numbers.
func (d *document) items(of uint32) func(yield func(i int, item uint32) bool) {
	return func(yield func(int, uint32) bool) {
		item := of + 1
		for i := range d.nodes[of].size {
			if !yield(int(i), item) {
				return
			}
			item = d.next(item)
		}
	}
}

// first is the kind of a list's first item.
func (d *document) first(of uint32) kind {
	if d.nodes[of].size == 0 {
		return null
	}
	return d.nodes[of+1].kind
}

// what says what a value is, for an error message.
func (d *document) what(i uint32) string {
	switch n := &d.nodes[i]; n.kind {
	case text:
		return "the text " + strconv.Quote(Excerpt(d.textOf(i)))
	case list:
		return "an array"
	case object:
		return "an object"
	default:
		return Excerpt(d.bytes(i))
	}
}

// Excerpt is the beginning of what a client sent, short enough for an error message.
func Excerpt(text []byte) string {
	const most = 64
	if len(text) <= most {
		return string(text)
	}
	return Beginning(string(text[:most+1]), most) + "…"
}

// Beginning is at most so many bytes of a text, in whole characters.
func Beginning(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
