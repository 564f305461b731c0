package mlmodel

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// writeYAML writes a mapping the way yaml.safe_dump(value, default_flow_style=False) does, byte for byte: block style,
// keys sorted when they can be compared, sequences not indented inside mappings, lines folded after column 80.
func writeYAML(m Map, sorted bool) ([]byte, error) {
	w := &yamlWriter{rules: newScalarRules(), sorted: sorted}
	if len(m) == 0 {
		return []byte("{}\n"), nil
	}
	if err := w.mapping(m, 0, false); err != nil {
		return nil, err
	}
	return []byte(w.out.String()), nil
}

type yamlWriter struct {
	rules  scalarRules
	sorted bool
	out    strings.Builder
	column int
}

func (w *yamlWriter) write(s string) {
	w.out.WriteString(s)
	w.column += len([]rune(s))
}

func (w *yamlWriter) newline(indent int) {
	w.out.WriteString("\n")
	w.column = 0
	w.write(strings.Repeat(" ", indent))
}

// mapping writes the entries of a non-empty mapping. inline says that the first stands on a line already begun, after
// the dash of a sequence.
func (w *yamlWriter) mapping(m Map, indent int, inline bool) error {
	m = w.order(m)
	for i, it := range m {
		if i > 0 || !inline {
			w.column = 0
			w.write(strings.Repeat(" ", indent))
		}
		key, err := w.key(it.Key)
		if err != nil {
			return err
		}
		w.write(key + ":")
		if err := w.value(it.Value, indent, true); err != nil {
			return fmt.Errorf("%v: %w", it.Key, err)
		}
	}
	return nil
}

// value writes what follows a key (inMap) or a dash, and ends the line.
func (w *yamlWriter) value(v any, indent int, inMap bool) error {
	switch v := v.(type) {
	case Map:
		if len(v) == 0 {
			w.out.WriteString(" {}\n")
			return nil
		}
		if inMap {
			w.out.WriteString("\n")
		} else {
			w.write(" ")
		}
		return w.mapping(v, indent+2, !inMap)
	case []any:
		if len(v) == 0 {
			w.out.WriteString(" []\n")
			return nil
		}
		if inMap {
			w.out.WriteString("\n")
			return w.sequence(v, indent, false)
		}
		w.write(" ")
		return w.sequence(v, indent+2, true)
	default:
		w.write(" ")
		if err := w.scalar(v, indent+2); err != nil {
			return err
		}
		w.out.WriteString("\n")
		return nil
	}
}

func (w *yamlWriter) sequence(items []any, indent int, inline bool) error {
	for i, it := range items {
		if i > 0 || !inline {
			w.column = 0
			w.write(strings.Repeat(" ", indent))
		}
		w.write("-")
		if err := w.value(it, indent, false); err != nil {
			return err
		}
	}
	return nil
}

// order sorts the entries by key. Keys of different types cannot be compared in Python; then the order stays.
func (w *yamlWriter) order(m Map) Map {
	if !w.sorted {
		return m
	}
	texts, numbers := 0, 0
	for _, it := range m {
		switch it.Key.(type) {
		case string:
			texts++
		case bool, int64, float64:
			numbers++
		}
	}
	if texts != len(m) && numbers != len(m) {
		return m
	}
	m = slices.Clone(m)
	slices.SortStableFunc(m, func(a, b Item) int {
		if texts > 0 {
			return cmp.Compare(a.Key.(string), b.Key.(string))
		}
		return cmp.Compare(numberOf(a.Key), numberOf(b.Key))
	})
	return m
}

func numberOf(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
	}
	return 0
}

// key writes a key on one line; for others PyYAML needs its "? " form, which this package does not read.
func (w *yamlWriter) key(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return w.plain(v)
	}
	if n := len([]rune(s)); n == 0 || n >= 128 || strings.ContainsAny(s, lineBreaks) {
		return "", fmt.Errorf("a key of %d characters is empty, too long, or has a line break", n)
	}
	k := &yamlWriter{rules: w.rules, column: math.MinInt32} // never folded
	k.text(s, 0)
	return k.out.String(), nil
}

func (w *yamlWriter) scalar(v any, indent int) error {
	if s, ok := v.(string); ok {
		w.text(s, indent)
		return nil
	}
	s, err := w.plain(v)
	w.folded(s, indent, false) // a time has a blank
	return err
}

// plain is the text of a value that is not a string.
func (w *yamlWriter) plain(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case *big.Int:
		if v == nil {
			return "", errors.New("a nil number")
		}
		return v.String(), nil
	case float64:
		return yamlFloat(v), nil
	case Timestamp:
		if !w.rules.timestamp.MatchString(string(v)) {
			return "", fmt.Errorf("%q is not a YAML timestamp", string(v))
		}
		return string(v), nil
	default:
		return "", fmt.Errorf("a value of type %T cannot be written", v)
	}
}
