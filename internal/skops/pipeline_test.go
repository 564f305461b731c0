package skops

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// twoSplits is a tree of five nodes on two features and two classes.
func twoSplits() Tree {
	return Tree{
		Left: []int32{1, -1, 3, -1, -1}, Right: []int32{2, -1, 4, -1, -1}, Feature: []int32{0, -2, 1, -2, -2},
		Threshold: []float64{0.5, -2, 1.5, -2, -2}, Impurity: []float64{0.48, 0, 0.44, 0, 0}, NodeSamples: []int32{5, 2, 3, 2, 1},
		WeightedNodeSamples: []float64{5, 2, 3, 2, 1}, MissingGoToLeft: []bool{true, false, false, false, false},
		Values: []float64{0.4, 0.6, 0, 1, 0.67, 0.33, 1, 0, 0, 1}, MaxDepth: 2, Seed: 7,
	}
}

func small(trees int) *Pipeline {
	p := &Pipeline{
		Scaler: Scaler{Features: []string{"a", "ü"}, Mean: []float64{0, 1}, Var: []float64{1, 4}, Scale: []float64{1, 2}, Rows: 5},
		Forest: Forest{
			Params:  Params{Criterion: "gini", MinSamplesSplit: 2, MinSamplesLeaf: 1, MaxFeatures: "sqrt", Bootstrap: true},
			Classes: Labels{Ints: []int64{3, 4}}, MaxFeatures: 1, Rows: 5, Draws: 5,
		},
	}
	for range trees {
		p.Forest.Trees = append(p.Forest.Trees, twoSplits())
	}
	return p
}

func write(tb testing.TB, p *Pipeline) []byte {
	tb.Helper()
	var file bytes.Buffer
	if err := p.Write(tb.Context(), &file); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

// TestFilesHoldTogether reads a file as skops does: every id that is referred to was there before, every array has its file, no file is left
// over, and the same pipeline gives the same bytes.
func TestFilesHoldTogether(t *testing.T) {
	data := write(t, small(40))
	if !bytes.Equal(data, write(t, small(40))) {
		t.Error("the same pipeline gives other bytes")
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	var schema map[string]any
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r) // which checks the checksum
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		files[f.Name] = true
		if f.Name == "schema.json" {
			if err := json.Unmarshal(content, &schema); err != nil {
				t.Fatal(err)
			}
		}
	}
	if schema["protocol"] != 2.0 || schema["_skops_version"] != "0.16.0" {
		t.Errorf("protocol %v of version %v", schema["protocol"], schema["_skops_version"])
	}
	delete(files, "schema.json")
	r := reader{files: files, seen: map[float64]bool{}}
	r.visit(t, schema)
	if len(files) != 0 || r.arrays != 4+1+3+2*40 || r.cached == 0 {
		t.Errorf("files left over: %v; %d arrays, %d references", files, r.arrays, r.cached)
	}
}

// reader follows a schema in skops' order.
type reader struct {
	files          map[string]bool
	seen           map[float64]bool
	arrays, cached int
}

func (r *reader) visit(t *testing.T, node map[string]any) {
	t.Helper()
	id, _ := node["__id__"].(float64)
	if r.seen[id] {
		r.cached++
		return
	}
	if node["__loader__"] == string(CachedLoader) || id == 0 {
		t.Fatalf("an unknown node is referred to: %v", node)
	}
	r.seen[id] = true
	if file, ok := node["file"].(string); ok {
		if !r.files[file] || file != strconv.Itoa(int(id))+".npy" {
			t.Fatalf("no file %s", file)
		}
		delete(r.files, file)
		r.arrays++
	}
	if types, ok := node["key_types"].(map[string]any); ok {
		r.visit(t, types)
	}
	r.visitAll(t, node["content"])
	r.visitAll(t, node["shape"])
	if reduce, ok := node["__reduce__"].(map[string]any); ok {
		r.visitAll(t, reduce["args"])
	}
}

// visitAll visits a node, a list of nodes, or the values of a dict, whose new nodes have ascending ids.
func (r *reader) visitAll(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, child := range v {
			r.visitAll(t, child)
		}
	case map[string]any:
		if _, ok := v["__loader__"]; ok {
			r.visit(t, v)
			return
		}
		values := slices.Collect(maps.Values(v))
		id := func(v any) float64 {
			node, _ := v.(map[string]any)
			id, _ := node["__id__"].(float64)
			if node["__loader__"] == string(CachedLoader) {
				id += 0.5 // after the node itself, when both are in this dict
			}
			return id
		}
		slices.SortFunc(values, func(a, b any) int { return cmp.Compare(id(a), id(b)) })
		r.visitAll(t, values)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Pipeline)
		want   string
	}{
		"no scaler":          {func(p *Pipeline) { p.Scaler = Scaler{} }, "0 means"},
		"names":              {func(p *Pipeline) { p.Scaler.Features = p.Scaler.Features[:1] }, "1 names for 2 features"},
		"no rows":            {func(p *Pipeline) { p.Scaler.Rows = 0 }, "no rows"},
		"no classes":         {func(p *Pipeline) { p.Forest.Classes = Labels{} }, "classes"},
		"two kinds":          {func(p *Pipeline) { p.Forest.Classes.Texts = []string{"a", "b"} }, "classes"},
		"no trees":           {func(p *Pipeline) { p.Forest.Trees = nil }, "without trees"},
		"draws":              {func(p *Pipeline) { p.Forest.Draws = 0 }, "0 draws"},
		"row weights":        {func(p *Pipeline) { p.Forest.RowWeights = []float64{1} }, "1 weights for 5 rows"},
		"out of bag":         {func(p *Pipeline) { p.Forest.OOB = &OutOfBag{Decision: []float64{1}} }, "out-of-bag"},
		"parameter":          {func(p *Pipeline) { p.Forest.Params.MaxFeatures = int64(2) }, "max_features is a int64"},
		"a cycle":            {func(p *Pipeline) { p.Forest.Trees[1].Left[2] = 0 }, "tree 1: node 2 of 5 has children 0 and 4"},
		"a link astray":      {func(p *Pipeline) { p.Forest.Trees[0].Right[2] = 5 }, "children 3 and 5"},
		"half a leaf":        {func(p *Pipeline) { p.Forest.Trees[0].Left[2] = -1 }, "children -1 and 4"},
		"a feature too many": {func(p *Pipeline) { p.Forest.Trees[0].Feature[0] = 2 }, "feature 2 of 2"},
		"shares":             {func(p *Pipeline) { p.Forest.Trees[0].Values = nil }, "0 shares"},
		"arrays":             {func(p *Pipeline) { p.Forest.Trees[0].Impurity = nil }, "5 and 0 nodes"},
	} {
		p := small(2)
		test.change(p)
		var out bytes.Buffer
		err := p.Write(t.Context(), &out)
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), test.want) || out.Len() > 0 {
			t.Errorf("%s: %v, and %d bytes", name, err, out.Len())
		}
	}
}

// failing takes some bytes and then no more.
type failing struct{ room int }

var errFull = errors.New("no room")

func (f *failing) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := small(3).Write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, room := range []int{0, 5000, 30000} {
		if err := small(200).Write(t.Context(), &failing{room}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", room, err)
		}
	}
}

func TestPythonReadsNumbersAsWritten(t *testing.T) {
	for value, want := range map[*Node]string{
		float(1): "1.0", float(1e-7): "1e-07", float(1e300): "1e+300", float(0.1): "0.1", integer(uint32(4294967295)): "4294967295",
		truth(true): "true", text("ü\"\x00"): `"ü\"\u0000"`, number(nil): "null", number("sqrt"): `"sqrt"`, number(2): "2", number(2.0): "2.0",
	} {
		if value.JSON != want || !json.Valid([]byte(want)) {
			t.Errorf("%s, want %s", value.JSON, want)
		}
	}
}

func TestInOrder(t *testing.T) {
	var items, got []int
	for i := range 100 {
		items = append(items, i)
	}
	err := inOrder(t.Context(), items, func(i int) (int, error) { return i, nil }, func(i int) error { got = append(got, i); return nil })
	if err != nil || !slices.Equal(got, items) {
		t.Error(got, err)
	}
	errOdd := errors.New("odd")
	err = inOrder(t.Context(), items, func(i int) (int, error) {
		if i == 31 {
			return 0, errOdd
		}
		return i, nil
	}, func(i int) error {
		if i > 30 {
			t.Error("goes on after an error")
		}
		return nil
	})
	if !errors.Is(err, errOdd) {
		t.Error(err)
	}
}
