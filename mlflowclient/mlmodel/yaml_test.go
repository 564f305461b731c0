package mlmodel

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestYAMLEqualsPyYAML reads random documents that PyYAML wrote and writes them again: every byte must be the same.
func TestYAMLEqualsPyYAML(t *testing.T) {
	documents := bytes.Split(python(t, "documents.py", "3000"), []byte{0})
	if len(documents) < 3000 {
		t.Fatalf("%d documents", len(documents))
	}
	for i, want := range documents[:len(documents)-1] {
		doc, err := readYAML(want)
		if err != nil {
			t.Fatalf("document %d: %v\n%s", i, err, want)
		}
		got, err := writeYAML(doc, true)
		if err != nil {
			t.Fatalf("document %d: %v\n%s", i, err, want)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("document %d\ngot:\n%s\nwant:\n%s\nof %q", i, got, want, doc)
		}
	}
}

// TestReadYAML states values, also of forms that PyYAML reads but does not write.
func TestReadYAML(t *testing.T) {
	big1, _ := new(big.Int).SetString("100000000000000000000", 10)
	for text, want := range map[string]any{
		"1": int64(1), "-0b11": int64(-3), "0x1F": int64(31), "012": int64(10), "1_000": int64(1000), "1:30": int64(90),
		"100000000000000000000": big1, "1.5": 1.5, "1.e+3": 1000.0, "1e3": "1e3", "1:30.5": 90.5,
		"yes": true, "Off": false, "~": nil, "": nil, "null # comment": nil, "nullable": "nullable",
		"2024-01-02": Timestamp("2024-01-02"), "'2024-01-02'": "2024-01-02", "a b": "a b", "a\n  b\n\n  c": "a b\nc",
		"'it''s'": "it's", "'a\n\n  b'": "a\nb", `"a\tb\x41\u00e9\U0001F600"`: "a\tbAé😀", "\"a\\\n  \\ b\"": "a b",
		"[]": []any{}, "{}  # none": Map{}, "\n- 1\n- - a\n  - b: c\n    d: e\n": []any{int64(1), []any{"a", Map{{"b", "c"}, {"d", "e"}}}},
		"\n  x: y\n": Map{{"x", "y"}}, "&a\n- 1": []any{int64(1)}, "-r x": "-r x", "a:b": "a:b", "a #b": "a", "a#b": "a#b",
	} {
		doc, err := readYAML([]byte("k: " + text))
		if err != nil || !reflect.DeepEqual(doc.value("k"), want) {
			t.Errorf("%q: got %#v, %v; want %#v", text, doc.value("k"), err, want)
		}
	}
	doc, err := readYAML([]byte("---\n# comment\na: &x\n  b: 1\nc: *x\n"))
	if err != nil || !reflect.DeepEqual(doc.Sub("c"), Map{{"b", int64(1)}}) {
		t.Errorf("alias: %v, %v", doc, err)
	}
}

// TestReadYAMLRefuses states what is refused, in no time and with the line.
func TestReadYAMLRefuses(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0\n- x\n")
	for i := range 30 {
		fmt.Fprintf(&bomb, "a%d: &a%d\n- *a%d\n- *a%d\n", i+1, i+1, i, i)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"# nothing", "empty"},
		"list":            {"- a", "not a mapping"},
		"text":            {"hello", "not a mapping"},
		"tag":             {"a: !!python/object:os.system x", "not supported"},
		"block scalar":    {"a: |\n  x", "not supported"},
		"flow":            {"a: [1, 2]", "brackets"},
		"duplicate":       {"a: 1\nb: 2\na: 3", "line 3: the key a is there twice"},
		"merge":           {"<<: 1", "a key where"},
		"tab":             {"a:\n\tb: 1", "line 2: expected a key"},
		"indent":          {"a: 1\n  b: 2", "line 2"},
		"nested key":      {"a: b: c", "a key where a value was begun"},
		"open quote":      {"a: 'x\nb: 1", "ends inside quotes"},
		"after quote":     {"a: 'x' y", "unexpected text"},
		"escape":          {`a: "\q"`, "unknown escape"},
		"surrogate":       {`a: "\ud800"`, "not a character"},
		"alias":           {"a: *b", "no anchor"},
		"self":            {"a: &b\n- *b", "no anchor"},
		"bomb":            {bomb.String(), "more than 1048576 values"},
		"deep dashes":     {strings.Repeat("- ", 1<<16) + "a", "deeper than 64"},
		"deep brackets":   {"a: " + strings.Repeat("[", 1<<20), "brackets"},
		"deep anchors":    {"a: " + strings.Repeat("&a ", 1<<16) + "x", "deeper than 64"},
		"two documents":   {"a: 1\n---\nb: 2", "expected a key"},
		"not utf-8":       {"a: \xff", "UTF-8"},
		"too large":       {strings.Repeat("# ", maxYAMLBytes), "too many"},
		"question":        {"? a\n: b", "cannot begin"},
		"NaN key":         {".nan: 1", "a key where"},
		"text in between": {"a:\n  b: 1\n c: 2", "line 3"},
	} {
		start := time.Now()
		_, err := readYAML([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// TestWriteYAMLRefuses states which values cannot be written.
func TestWriteYAMLRefuses(t *testing.T) {
	for name, v := range map[string]any{
		"type": struct{}{}, "timestamp": Timestamp("x: y"), "key": Map{{strings.Repeat("k", 200), 1}}, "nil": (*big.Int)(nil),
		"key type": Map{{[]string{"a"}, 1}},
	} {
		if out, err := writeYAML(Map{{"k", v}}, true); err == nil {
			t.Errorf("%s: got %q", name, out)
		}
	}
}
