package mlmodel

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestParse states where each part of the file goes.
func TestParse(t *testing.T) {
	m, err := Parse([]byte(sampleMLmodel))
	if err != nil {
		t.Fatal(err)
	}
	z := Type{Kind: Object, Properties: []Property{{Name: "z", Type: Type{Kind: Long}, Optional: true}}}
	want := &Signature{
		Inputs:  &Schema{Columns: []Column{{Name: "a", Type: Type{Kind: Double}}, {Name: "b", Type: Type{Kind: Array, Elem: &z}}}},
		Outputs: &Schema{Tensors: []TensorSpec{{DType: "int64", Shape: []int64{-1}}}},
		Params:  []Param{{Name: "t", Type: Type{Kind: Double}, Default: Number("-Infinity")}},
	}
	if !reflect.DeepEqual(m.Signature, want) {
		t.Errorf("signature %+v, want %+v", m.Signature, want)
	}
	pyfunc, ok := m.Flavor("python_function")
	if !ok || pyfunc.Text("loader_module") != "mlflow.onnx" || pyfunc.Sub("more").Text("conda") != "conda.yaml" {
		t.Errorf("python_function %v, %v", pyfunc, ok)
	}
	metadata := m.Extra.Sub("metadata")
	if text := metadata.Text("text"); text != "tab\té  folded" {
		t.Errorf("text %q", text)
	}
	list, _ := metadata.Get("list")
	if !reflect.DeepEqual(list, []any{1.5, []any{"a", "it's"}}) {
		t.Errorf("list %v", list)
	}
	if m.SizeBytes != 12 || m.MLflowVersion != "3.17.2" || m.ExampleInfo.PandasOrient != "split" || m.ModelID != "" {
		t.Errorf("model %+v", m)
	}
}

// TestParseRefuses states that an error wraps ErrFormat and names the key.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"mlflow_version: 3.17.2":                     "no flavors",
		"flavors: 1":                                 "flavors: want a mapping",
		"flavors:\n  a: 1":                           "flavor a is not a mapping",
		"flavors:\n  a:\n    b: 1\nrun_id: 5":        "run_id: want text, not 5",
		"flavors:\n  a: {}\nmodel_size_bytes: x":     "model_size_bytes: want a positive integer",
		"flavors:\n  a: {}\nsignature: x":            "signature: want a mapping",
		"flavors:\n  a: {}\nsignature:\n  inputs: x": "signature: inputs: JSON",
		"flavors:\n  a: {}\nsignature:\n  inputs: '[{\"type\": \"complex\"}]'":                    `unknown type "complex"`,
		"flavors:\n  a: {}\nsignature:\n  inputs: '[{\"type\": \"array\"}]'":                      "type array needs items",
		"flavors:\n  a: {}\nsignature:\n  inputs: '[]'":                                           "either columns or tensors",
		"flavors:\n  a: {}\nsignature:\n  inputs: '[{\"type\": \"tensor\"}]'":                     "dtype and shape",
		"flavors:\n  a: {}\nsignature:\n  inputs: '" + strings.Repeat("[", 1<<20) + "'":           "deeper than 64",
		"flavors:\n  a: {}\nsignature:\n  inputs: '" + deepArray(50) + "'":                        "nest deeper",
		"flavors:\n  a: {}\nsignature:\n  params: '[{\"type\": \"long\", \"type\": \"double\"}]'": `"type" is there twice`,
	} {
		_, err := Parse([]byte(text))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: got %v, want %q", text, err, want)
		}
	}
}

func deepArray(n int) string {
	return "[" + strings.Repeat(`{"type": "array", "items": `, n) + `{"type": "long"}` + strings.Repeat("}", n) + "]"
}

// TestFolderStaysInside states that a folder cannot make a reader leave it.
func TestFolderStaysInside(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	model := filepath.Join(dir, "model")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "flavors:\n  onnx:\n    data: %\n"
	for name, path := range map[string]string{"parent": "../secret", "absolute": secret, "link": "link", "folder": "sub", "hidden": "sub/../../secret"} {
		if err := os.RemoveAll(model); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(model, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../secret", filepath.Join(model, "link")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(model, FileName), []byte(strings.Replace(text, "%", path, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFolder(model)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := f.ONNX(); err == nil {
			t.Errorf("%s: read %q", name, data)
		} else if local := filepath.IsLocal(path); !local && !errors.Is(err, ErrOutside) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := WriteFolder(filepath.Join(dir, "new"), []File{{"a", nil}, {"../b", nil}})
	if !errors.Is(err, ErrOutside) {
		t.Errorf("WriteFolder: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); !slices.Equal(left, []string{model, secret}) {
		t.Errorf("left behind: %v", left)
	}
}

// TestWriteFolder states that a folder appears whole, and that an existing one is not touched.
func TestWriteFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "model")
	if err := WriteFolder(dir, []File{{"MLmodel", []byte("1")}, {"sub/file", []byte("2")}}); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "sub", "file")); err != nil || string(data) != "2" {
		t.Fatalf("%q, %v", data, err)
	}
	if err := WriteFolder(dir, []File{{"MLmodel", []byte("3")}}); err == nil {
		t.Fatal("an existing folder was replaced")
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "MLmodel")); string(data) != "1" {
		t.Fatalf("the existing folder holds %q", data)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".mlmodel-*")); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}

// TestONNXModelRefuses states what a new model needs.
func TestONNXModelRefuses(t *testing.T) {
	good := ONNXModel{Data: []byte{1}, Signature: &Signature{Inputs: Columns(Double, "a", "b")}}
	for want, change := range map[string]func(*ONNXModel){
		"without data":              func(m *ONNXModel) { m.Data = nil },
		"lacks the column b":        func(m *ONNXModel) { m.Example = &Example{[]string{"a"}, [][]any{{1.0}}} },
		"has 1 values for 2":        func(m *ONNXModel) { m.Example = &Example{[]string{"a", "b"}, [][]any{{1.0}}} },
		"cannot be written":         func(m *ONNXModel) { m.Example = &Example{[]string{"a", "b"}, [][]any{{1.0, struct{}{}}}} },
		"with a line break":         func(m *ONNXModel) { m.Environment = Environment{Python: "3.11", Requirements: []string{"a\nb"}} },
		`the name "a" is there`:     func(m *ONNXModel) { m.Signature.Inputs = Columns(Double, "a", "a") },
		"either columns or tensors": func(m *ONNXModel) { m.Signature.Outputs = &Schema{} },
		`type "map" is unknown`:     func(m *ONNXModel) { m.Signature.Inputs = Columns(Mapping, "a") },
		"cannot have type binary":   func(m *ONNXModel) { m.Signature.Params = []Param{{Name: "p", Type: Type{Kind: Binary}}} },
	} {
		m := good
		s := *good.Signature
		m.Signature = &s
		change(&m)
		if _, err := m.Files(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestOpenFolderBoundsMLmodel(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, FileName), 1<<30); err != nil { // takes no room
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := OpenFolder(dir)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || !strings.Contains(err.Error(), "larger than") || took > 16<<20 {
		t.Errorf("%d bytes of memory, error %v", took, err)
	}
}
