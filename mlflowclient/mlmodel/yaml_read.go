package mlmodel

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a YAML file. Real ones are a few KiB; a wide signature makes some hundred.
const (
	maxYAMLBytes = 8 << 20
	maxYAMLDepth = 64
	// maxYAMLNodes counts what aliases repeat, so that a few lines cannot become gigabytes.
	maxYAMLNodes = 1 << 20
)

// readYAML reads the YAML that yaml.safe_dump(…, default_flow_style=False) writes: block mappings and sequences, plain
// and quoted strings, anchors and aliases, comments. Anything else (tags, flow collections other than [] and {}, block
// scalars, several documents) is refused. It is a parser of its own because it reads files from outside: the libraries
// tried need minutes or gigabytes for crafted files of some hundred KiB, and follow YAML 1.2, where PyYAML follows 1.1.
func readYAML(data []byte) (Map, error) {
	if len(data) > maxYAMLBytes {
		return nil, fmt.Errorf("%d bytes of YAML are too many, the limit is %d", len(data), maxYAMLBytes)
	}
	if !utf8.Valid(data) {
		return nil, errors.New("the file is not UTF-8 text")
	}
	r := &yamlReader{rules: newScalarRules(), anchors: map[string]anchored{}, budget: maxYAMLNodes}
	text := strings.TrimPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\ufeff")
	r.lines = strings.Split(text, "\n")
	if strings.TrimRight(r.lines[0], " ") == "---" {
		r.line = 1
	}
	if !r.content() {
		return nil, errors.New("the file is empty")
	}
	v, err := r.node(-1, 0, true)
	if err == nil && r.content() {
		err = errors.New("unexpected text after the end of the mapping")
	}
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", min(r.line+1, len(r.lines)), err)
	}
	m, ok := v.(Map)
	if !ok {
		return nil, errors.New("the file is not a mapping")
	}
	return m, nil
}

type yamlReader struct {
	rules   scalarRules
	lines   []string
	line    int
	col     int
	anchors map[string]anchored
	budget  int
}

type anchored struct {
	value any
	nodes int
}

// content moves over blanks and comments to the next text and reports whether there is any.
func (r *yamlReader) content() bool {
	for r.line < len(r.lines) {
		s := r.lines[r.line]
		for r.col < len(s) && s[r.col] == ' ' {
			r.col++
		}
		comment := r.col < len(s) && s[r.col] == '#' && (r.col == 0 || s[r.col-1] == ' ')
		if r.col < len(s) && !comment {
			return true
		}
		r.line, r.col = r.line+1, 0
	}
	return false
}

func (r *yamlReader) rest() string { return r.lines[r.line][r.col:] }

// onSameLine reports text after blanks on the line at which the reader stood, and moves to the next text in any case.
func (r *yamlReader) onSameLine() bool {
	line := r.line
	return r.content() && r.line == line
}

func isDash(s string) bool { return s == "-" || strings.HasPrefix(s, "- ") }

// node reads the value that begins at the current text. parent is the column of the mapping or sequence it belongs
// to; begins says that a collection may begin here (at a line's beginning or after a dash, not after a key).
func (r *yamlReader) node(parent, depth int, begins bool) (any, error) {
	if depth > maxYAMLDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxYAMLDepth)
	}
	if err := r.spend(1); err != nil {
		return nil, err
	}
	s := r.rest()
	switch {
	case strings.HasPrefix(s, "\t"):
		return nil, errors.New("a tab where only spaces may stand")
	case strings.HasPrefix(s, "&"):
		return r.anchor(parent, depth)
	case strings.HasPrefix(s, "*"):
		return r.alias()
	case strings.ContainsAny(s[:1], "!|>@`%"):
		return nil, fmt.Errorf("%q is not supported here: no tags, block scalars or directives", s[:1])
	case begins && isDash(s):
		return r.sequence(depth)
	case begins && r.isKey():
		return r.mapping(depth)
	default:
		return r.scalar(parent)
	}
}

func (r *yamlReader) spend(nodes int) error {
	r.budget -= nodes
	if r.budget < 0 {
		return fmt.Errorf("more than %d values", maxYAMLNodes)
	}
	return nil
}

func (r *yamlReader) mapping(depth int) (any, error) {
	column := r.col
	m := Map{}
	seen := map[any]bool{}
	for r.content() && r.col == column && !isDash(r.rest()) {
		key, err := r.key()
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("the key %v is there twice", key)
		}
		seen[key] = true
		var v any
		switch {
		case r.onSameLine():
			v, err = r.node(column, depth+1, false)
		case r.line < len(r.lines) && (r.col > column || (r.col == column && isDash(r.rest()))):
			v, err = r.node(column, depth+1, true)
		}
		if err != nil {
			return nil, err
		}
		m = append(m, Item{key, v})
	}
	if r.line < len(r.lines) && r.col > column {
		return nil, errors.New("the text is indented more than the mapping it continues")
	}
	return m, nil
}

func (r *yamlReader) sequence(depth int) (any, error) {
	column := r.col
	items := []any{}
	for r.content() && r.col == column && isDash(r.rest()) {
		r.col++
		var v any
		var err error
		if r.onSameLine() || (r.line < len(r.lines) && r.col > column) {
			v, err = r.node(column, depth+1, true)
		}
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	if r.line < len(r.lines) && r.col > column {
		return nil, errors.New("the text is indented more than the sequence it continues")
	}
	return items, nil
}

func (r *yamlReader) anchor(parent, depth int) (any, error) {
	name, _, _ := strings.Cut(r.rest()[1:], " ")
	if name == "" {
		return nil, errors.New("an anchor without name")
	}
	r.col += 1 + len(name)
	before := r.budget
	var v any
	var err error
	switch {
	case r.onSameLine():
		v, err = r.node(parent, depth+1, false)
	case r.line < len(r.lines) && (r.col > parent || (r.col == parent && isDash(r.rest()))):
		v, err = r.node(parent, depth+1, true)
	}
	if err == nil {
		r.anchors[name] = anchored{v, before - r.budget}
	}
	return v, err
}

func (r *yamlReader) alias() (any, error) {
	name, after, _ := strings.Cut(r.rest()[1:], " ")
	a, ok := r.anchors[name]
	if !ok || strings.TrimSpace(after) != "" {
		return nil, fmt.Errorf("the alias *%s has no anchor before it", name)
	}
	r.line, r.col = r.line+1, 0
	return a.value, r.spend(a.nodes)
}
