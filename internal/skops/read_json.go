package skops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"mlopsgo/internal/pyobject"
)

const schemaFile = "schema.json"

// specials are values that are frequent, or that JSON does not know.
var specials = map[string]pyobject.Value{
	"null": nil, "true": true, "false": false, "NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1),
}

// span is a value in the text of a schema, which is known to be JSON.
type span struct{ from, to int }

func (s span) given() bool { return s.to > s.from }

// readNode is what stands in a node, its parts not looked at yet.
type readNode struct {
	class                string // with its module
	loader               Loader
	id, kind, file       string
	content, shape, args span
}

// all is the whole schema without the white space around it.
func (r *archiveReader) all() span {
	from := r.blank(0)
	return span{from, r.end(from)}
}

// node finds the parts of a node.
func (r *archiveReader) node(at span) (n readNode, err error) {
	var class, module, loader string
	texts := map[string]*string{"__class__": &class, "__module__": &module, "__loader__": &loader, "type": &n.kind, "file": &n.file}
	err = r.members(at, func(key string, at span) error {
		switch key {
		case "__id__":
			n.id = string(r.schema[at.from:at.to])
		case "content":
			n.content = at
		case "shape":
			n.shape = at
		case "__reduce__":
			return r.members(at, func(key string, at span) error {
				if key == "args" {
					n.args = at
				}
				return nil
			})
		default:
			into, ok := texts[key]
			if !ok {
				return nil
			}
			var err error
			*into, err = r.text(at)
			return err
		}
		return nil
	})
	if err == nil && (class == "" || module == "" || loader == "") {
		err = fmt.Errorf("%w: an object without its class, module or loader", ErrFormat)
	}
	n.class, n.loader = module+"."+class, Loader(loader)
	return n, err
}

// members calls found for every member of an object.
func (r *archiveReader) members(at span, found func(key string, at span) error) error {
	if !at.given() || r.schema[at.from] != '{' {
		return fmt.Errorf("%w: %s has %.30q where an object was expected", ErrFormat, schemaFile, r.schema[at.from:at.to])
	}
	for i := r.blank(at.from + 1); r.schema[i] != '}'; {
		end := r.end(i)
		key, err := r.text(span{i, end})
		if err != nil {
			return err
		}
		i = r.blank(r.blank(end) + 1) // behind the colon
		end = r.end(i)
		if err := found(key, span{i, end}); err != nil {
			return err
		}
		if i = r.blank(end); r.schema[i] == ',' {
			i = r.blank(i + 1)
		}
	}
	return nil
}

// elements finds the elements of an array.
func (r *archiveReader) elements(at span) ([]span, error) {
	if !at.given() || r.schema[at.from] != '[' {
		return nil, fmt.Errorf("%w: %s has %.30q where a list was expected", ErrFormat, schemaFile, r.schema[at.from:at.to])
	}
	var found []span
	for i := r.blank(at.from + 1); r.schema[i] != ']'; {
		end := r.end(i)
		found = append(found, span{i, end})
		if i = r.blank(end); r.schema[i] == ',' {
			i = r.blank(i + 1)
		}
	}
	return found, nil
}

// text is the value of a string.
func (r *archiveReader) text(at span) (string, error) {
	text := r.schema[at.from:at.to]
	if len(text) < 2 || text[0] != '"' {
		return "", fmt.Errorf("%w: %s has %.30q where a text was expected", ErrFormat, schemaFile, text)
	}
	if inner := text[1 : len(text)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return "", fmt.Errorf("%w: the text %.30q", ErrFormat, text)
	}
	return s, nil
}

// blank skips white space.
func (r *archiveReader) blank(i int) int {
	for i < len(r.schema) && (r.schema[i] == ' ' || r.schema[i] == '\n' || r.schema[i] == '\r' || r.schema[i] == '\t') {
		i++
	}
	return i
}

// end is the end of the value that begins at i.
func (r *archiveReader) end(i int) int {
	for depth := 0; ; {
		switch r.schema[i] {
		case '"':
			i = r.quoteEnd(i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\r', '\t':
			i++
			continue
		default: // a number or a word
			for i < len(r.schema) && bytes.IndexByte([]byte(",]} \n\r\t"), r.schema[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// quoteEnd is behind the string that begins at i.
func (r *archiveReader) quoteEnd(i int) int {
	for i++; ; i++ {
		i += bytes.IndexAny(r.schema[i:], `"\`)
		if r.schema[i] == '"' {
			return i + 1
		}
		i++ // what is escaped
	}
}
