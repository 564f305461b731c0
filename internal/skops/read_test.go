package skops

import (
	"archive/zip"
	"bytes"
	"errors"
	"math"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/pyobject"
)

// archiveOf packs files, schema.json first.
func archiveOf(tb testing.TB, schema string, files ...string) []byte {
	tb.Helper()
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	for i, pair := 0, append([]string{schemaFile, schema}, files...); i+1 < len(pair); i += 2 {
		f, err := w.Create(pair[i])
		if err == nil {
			_, err = f.Write([]byte(pair[i+1]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return data.Bytes()
}

// node writes a node with more members.
func jsonNode(class, loader, more string) string {
	module, class, _ := strings.Cut(class, " ")
	return `{"__class__":"` + class + `","__module__":"` + module + `","__loader__":"` + loader + `"` + more + `}`
}

func constantNode(text string) string {
	return jsonNode("builtins str", "JsonNode", `,"content":`+quote(text)+`,"is_json":true`)
}

func listNode(items ...string) string {
	return jsonNode("builtins list", "ListNode", `,"content":[`+strings.Join(items, ", ")+"]")
}

func npy(header, data string) string {
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header) + 1), byte((len(header) + 1) >> 8)}) + header + "\n" + data
}

func arrayNode(file string) string {
	return jsonNode("numpy ndarray", "NdArrayNode", `,"type":"numpy","file":"`+file+`"`)
}

// attr follows attributes and elements down from a value.
func attr(t *testing.T, v pyobject.Value, path ...any) pyobject.Value {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, ok := v.(*pyobject.Object)
			if !ok {
				t.Fatalf("%s has no attributes", pyobject.Describe(v))
			}
			if v, ok = object.Attr(step); !ok {
				t.Fatalf("%s has no attribute %s", pyobject.Describe(v), step)
			}
		case int:
			switch list := v.(type) {
			case *pyobject.List:
				v = list.Items[step]
			case pyobject.Tuple:
				v = list[step]
			}
		}
	}
	return v
}

func TestReadsWhatWriteWrites(t *testing.T) {
	root, err := Read(write(t, small(3)))
	if err != nil {
		t.Fatal(err)
	}
	scaler, forest := attr(t, root, "steps", 0, 1), attr(t, root, "steps", 1, 1)
	if name := attr(t, root, "steps", 0, 0); name != "standardscaler" {
		t.Error(name)
	}
	scale, _ := attr(t, scaler, "scale_").(*pyobject.Array)
	if values, err := scale.Floats(); err != nil || !slices.Equal(values, []float64{1, 2}) {
		t.Error(values, err)
	}
	names, _ := attr(t, scaler, "feature_names_in_").(*pyobject.Array)
	if texts, err := names.Strings(); err != nil || !slices.Equal(texts, []string{"a", "ü"}) {
		t.Error(texts, err)
	}
	tree, _ := attr(t, forest, "estimators_", 2, "tree_").(*pyobject.Object)
	if tree.Class != TreeType || len(tree.Args) != 3 || tree.Args[0] != int64(2) {
		t.Error(tree)
	}
	nodes, _ := attr(t, tree, "nodes").(*pyobject.Array)
	left, err := nodes.Field("left_child")
	if err != nil {
		t.Fatal(err)
	}
	if values, err := left.Ints(); err != nil || len(values) != 5 || values[0] != 1 {
		t.Error(values, err)
	}
	if attr(t, forest, "estimators_", 0, "classes_") != attr(t, forest, "estimators_", 1, "classes_") {
		t.Error("a shared object is there twice")
	}
}

func TestReadsConstants(t *testing.T) {
	texts := []string{"null", "true", "-7", "0.5", "1e300", "Infinity", "-Infinity", `"a\u00fc\n"`, "123456789012345678901234567890"}
	var nodes []string
	for _, text := range texts {
		nodes = append(nodes, constantNode(text))
	}
	root, err := Read(archiveOf(t, " "+listNode(nodes...)+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []any{nil, true, int64(-7), 0.5, 1e300, math.Inf(1), math.Inf(-1), "aü\n"} {
		if got := attr(t, root, i); got != want {
			t.Errorf("%s is %v", texts[i], got)
		}
	}
}

func TestReadsArrays(t *testing.T) {
	const header = "{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }    "
	data := "\x00\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00"
	root, err := Read(archiveOf(t, arrayNode("1.npy"), "1.npy", npy(header, data)))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := root.(*pyobject.Array)
	if values, err := a.Ints(); err != nil || !slices.Equal(values, []int64{0, 1, 2, 3, 4, 5}) || !slices.Equal(a.Shape, []int{2, 3}) {
		t.Error(values, a.Shape, err)
	}
	root, err = Read(archiveOf(t, arrayNode("1.npy"), "1.npy", npy("{'descr': '<U2', 'fortran_order': False, 'shape': (2,), }", "a\x00\x00\x00\xfc\x00\x00\x00b\x00\x00\x00\x00\x00\x00\x00")))
	if err != nil {
		t.Fatal(err)
	}
	a, _ = root.(*pyobject.Array)
	if texts, err := a.Strings(); err != nil || !slices.Equal(texts, []string{"aü", "b"}) {
		t.Error(texts, err)
	}
}

// refusedFiles are files that must not be read, and what the error says.
func refusedFiles(tb testing.TB) map[string][]byte {
	tb.Helper()
	const id = `,"__id__":1`
	array := func(header, data string) []byte { return archiveOf(tb, arrayNode("1.npy"), "1.npy", npy(header, data)) }
	deep := constantNode("1")
	for range 101 {
		deep = listNode(deep)
	}
	return map[string][]byte{
		"zip":                         []byte("no archive"),
		"not JSON":                    archiveOf(tb, `{"a":`),
		"an object was expected":      archiveOf(tb, `[1]`),
		"without its class":           archiveOf(tb, `{}`),
		"a text was expected":         archiveOf(tb, `{"__class__":1}`),
		"os.system":                   archiveOf(tb, jsonNode("os system", "ObjectNode", "")),
		"builtins.eval":               archiveOf(tb, jsonNode("builtins eval", "TypeNode", "")),
		"FunctionNode":                archiveOf(tb, jsonNode("os system", "FunctionNode", "")),
		"PartialNode":                 archiveOf(tb, jsonNode("functools partial", "PartialNode", "")),
		"subprocess.Popen":            archiveOf(tb, jsonNode("subprocess Popen", "NdArrayNode", `,"type":"numpy","file":"1.npy"`)),
		"contains itself":             archiveOf(tb, jsonNode("builtins list", "ListNode", `,"content":[`+jsonNode("builtins list", "ListNode", `,"content":[]`+id)+`]`+id)),
		"not there":                   archiveOf(tb, jsonNode("builtins list", "CachedNode", id)),
		"nested more than 100":        archiveOf(tb, deep),
		`no file "2.npy"`:             archiveOf(tb, arrayNode("2.npy")),
		"no array of numpy":           archiveOf(tb, arrayNode("1.npy"), "1.npy", "x"),
		"the header":                  array("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "12345678"),
		"do not fill the shape":       array("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", "12345678"),
		"more than 2147483648":        array("{'descr': '<f8', 'fortran_order': False, 'shape': (2147483648, 9), }", "12345678"),
		"the shape (9999":             array("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", "12345678"),
		"\"<c16\"":                    array("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "1234567812345678"),
		"Python objects in an array":  array("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "12345678"),
		"the field":                   array("{'descr': [('a', '<f8', (2,))], 'fortran_order': False, 'shape': (1,), }", "1234567812345678"),
		"the value":                   archiveOf(tb, constantNode("[1]")),
		"an array of objects":         archiveOf(tb, jsonNode("numpy ndarray", "NdArrayNode", `,"type":"json","content":[],"shape":`+constantNode("7"))),
		"the arguments of":            archiveOf(tb, jsonNode("sklearn.tree._tree Tree", "TreeNode", `,"__reduce__":{"args":`+constantNode("1")+`}`)),
		"claims to have 4294967295 b": lying(tb),
	}
}

// lying is an archive whose schema says that it unpacks to 4 GB.
func lying(tb testing.TB) []byte {
	tb.Helper()
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	f, err := w.CreateRaw(&zip.FileHeader{Name: schemaFile, Method: zip.Deflate, CompressedSize64: 2, UncompressedSize64: 1<<32 - 1})
	if err == nil {
		_, err = f.Write([]byte{3, 0})
	}
	if err = errors.Join(err, w.Close()); err != nil {
		tb.Fatal(err)
	}
	return data.Bytes()
}

func TestReadRefuses(t *testing.T) {
	for says, data := range refusedFiles(t) {
		v, err := Read(data)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want one that says %q (%s)", err, says, pyobject.Describe(v))
		}
	}
	if _, err := read(write(t, small(40)), 10000); err == nil || !strings.Contains(err.Error(), "claims to have") {
		t.Error(err)
	}
}

// FuzzRead: nothing panics, and no file makes more of itself than a multiple of what it may unpack to.
func FuzzRead(f *testing.F) {
	for _, data := range refusedFiles(f) {
		f.Add(data)
	}
	f.Add(write(f, small(1)))
	f.Add(archiveOf(f, listNode(constantNode("1"), constantNode("null"))))
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		_, err := read(data, limit)
		if took := allocated() - before; took > 1000*(uint64(len(data))+limit) {
			t.Errorf("%d bytes took %d (%v)", len(data), took, err)
		}
	})
}

// FuzzSchema is FuzzRead without the archive around, which a fuzzer seldom gets right.
func FuzzSchema(f *testing.F) {
	f.Add(listNode(constantNode("1"), arrayNode("1.npy")), "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "12345678")
	f.Add(jsonNode("sklearn.svm._classes SVC", "ObjectNode", `,"__id__":7,"content":`+jsonNode("builtins dict", "DictNode", `,"content":{"a":`+constantNode("0.5")+"}")), "", "")
	f.Fuzz(func(t *testing.T, schema, header, data string) {
		_, _ = Read(archiveOf(t, schema, "1.npy", npy(header, data)))
	})
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
