package mlmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// inputExamples are those of testdata/examples.py.
func inputExamples(t *testing.T) map[string]*InputExample {
	t.Helper()
	table := func(e *Example) *InputExample {
		input, err := e.Input()
		if err != nil {
			t.Fatal(err)
		}
		return input
	}
	object := func(v any) *InputExample { return &InputExample{Kind: ObjectExample, Data: v} }
	array := func(v any) *InputExample { return &InputExample{Kind: NDArrayExample, Data: v} }
	data, indices, indptr := []float64{1.5, 2, -3.25}, []int{0, 2, 1}, []int{0, 2, 2, 3}
	withParams := table(&Example{Columns: []string{"a"}, Rows: [][]any{{1.0}}})
	withParams.Params = Map{{"n", 3}}
	return map[string]*InputExample{
		"table":     table(&Example{Columns: []string{"a b", "ü", "n"}, Rows: [][]any{{0.7, "x", 1}, {1.0, math.NaN(), 2}}}),
		"positions": table(&Example{Rows: [][]any{{1.5, 2.0}, {3.0, 4.25}}}),
		"array":     array([]any{[]any{1.5, 2.0}, []any{nil, 1e-7}}),
		"integers":  array([]any{[]any{[]any{1, 2}, []any{3, 4}}}),
		"booleans":  array([]any{true, false}),
		"texts":     array([]any{"a", "ü"}),
		"tensors":   array(Map{{"first", []any{[]any{1.0, 2.0}}}, {"second", []any{3, 4}}}),
		"dict":      object(Map{{"question", "what"}, {"list", []any{1, 2.5, nil, true}}, {"nested", Map{{"k", []any{"v"}}}}}),
		"chat":      object(Map{{"messages", []any{Map{{"role", "user"}, {"content", "hello"}}}}}),
		"list":      object([]any{"one", "two"}),
		"dicts":     object([]any{Map{{"a", 1}}, Map{{"a", 2}}}),
		"scalar":    object("a text"),
		"number":    object(3),
		"bytes":     object(bytes.Repeat([]byte{0, 255}, 60)),
		"csr":       {Kind: CSRExample, Data: SparseMatrix(data, indices, indptr, [2]int{3, 4})},
		"csc":       {Kind: CSCExample, Data: SparseMatrix(data, indices, indptr, [2]int{4, 3})},
		"array with params": {
			Kind: NDArrayExample, Data: []any{1.0, 2.0}, Params: Map{{"temperature", 0.5}, {"stop", []any{"a"}}},
		},
		"table with params": withParams,
		"chat with params":  {Kind: ObjectExample, Data: Map{{"prompt", "p"}}, Params: Map{{"n", 3}}},
	}
}

// signatures are those of testdata/examples.py: every type of MLflow, columns and tensors, params.
func signatures() map[string]*Signature {
	scalar := func(k Kind) Type { return Type{Kind: k} }
	of := func(k, elem Kind) Type { return Type{Kind: k, Elem: &Type{Kind: elem}} }
	all := &Schema{}
	for _, k := range []Kind{Boolean, Integer, Long, Float, Double, String, Binary, Datetime} {
		all.Columns = append(all.Columns, Column{Name: "c_" + string(k), Type: scalar(k)})
	}
	inner := Type{Kind: Object, Properties: []Property{{Name: "z", Type: scalar(Double)}}}
	longs := of(Array, Long)
	all.Columns = append(all.Columns,
		Column{Name: "array", Type: of(Array, String), Optional: true},
		Column{Name: "object", Type: Type{Kind: Object, Properties: []Property{
			{Name: "b", Type: scalar(Long), Optional: true}, {Name: "a", Type: Type{Kind: Array, Elem: &inner}},
		}}},
		Column{Name: "map", Type: of(Mapping, Double)},
		Column{Name: "any", Type: scalar(Any)},
		Column{Name: "nested", Type: Type{Kind: Mapping, Elem: &longs}},
		Column{Name: "vector", Type: scalar(SparkMLVector)},
		Column{Name: "name \"quoted\" ü 😀", Type: scalar(String), Optional: true},
	)
	return map[string]*Signature{
		"columns": {
			Inputs: all, Outputs: Columns(Double, ""),
			Params: []Param{
				{Name: "temperature", Type: scalar(Double), Default: 0.5},
				{Name: "stop", Type: scalar(String), Default: []any{"a", "b"}, Vector: true},
				{Name: "when", Type: scalar(Datetime), Default: "2024-01-02T03:04:05"},
				{Name: "n", Type: scalar(Long), Default: 3},
				{Name: "object", Type: Type{Kind: Object, Properties: []Property{{Name: "k", Type: scalar(String)}}}, Default: Map{{"k", "v"}}},
				{Name: "none", Type: scalar(String)},
				{Name: "flag", Type: scalar(Boolean), Default: true},
				{Name: "inf", Type: scalar(Double), Default: math.Inf(1)},
				{Name: "small", Type: scalar(Double), Default: 1e-10},
			},
		},
		"named tensors": {
			Inputs: &Schema{Tensors: []TensorSpec{
				{Name: "img", DType: "int64", Shape: []int64{-1, 28, 28}},
				{Name: "txt", DType: "str", Shape: []int64{-1}},
				{Name: "t", DType: "datetime64[ns]", Shape: []int64{-1}},
			}},
			Outputs: &Schema{Tensors: []TensorSpec{{DType: "float32", Shape: []int64{-1, 3}}}},
		},
		"inputs only": {Inputs: &Schema{Columns: []Column{{Type: scalar(Long)}, {Type: scalar(String)}}}},
	}
}

// TestExamplesAndSignaturesBothWays writes examples of every form and signatures of every type. The real MLflow reads from them what it was
// given itself, and the files that it writes for that are the same to the byte, as Go reads and writes them again too.
func TestExamplesAndSignaturesBothWays(t *testing.T) {
	dir := t.TempDir()
	goDir, pythonDir := filepath.Join(dir, "go"), filepath.Join(dir, "python")
	examples := inputExamples(t)
	for name, e := range examples {
		writeModel(t, filepath.Join(goDir, name), &Model{ExampleInfo: e.Info()}, e)
	}
	for name, s := range signatures() {
		writeModel(t, filepath.Join(goDir, name), &Model{Signature: s}, nil)
	}
	var different []string
	if err := json.Unmarshal(python(t, "examples.py", goDir, pythonDir), &different); err != nil {
		t.Fatal(err)
	}
	for _, line := range different {
		t.Error(line)
	}
	for name := range examples {
		f, err := OpenFolder(filepath.Join(pythonDir, name))
		if err != nil {
			t.Fatal(err)
		}
		read, err := f.InputExample()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for file, write := range map[string]func() ([]byte, error){exampleFile: read.JSON, servingFile: read.ServingJSON} {
			want, err := f.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := write(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s read and written again: %v\ngot  %s\nwant %s", name, file, err, got, want)
			}
			if got, err := os.ReadFile(filepath.Join(goDir, name, file)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s: %v\ngot  %s\nwant %s", name, file, err, got, want)
			}
		}
		if diff := cmp.Diff(f.Model.ExampleInfo, examples[name].Info(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: what MLmodel says of it (-Python +Go):\n%s", name, diff)
		}
	}
}

// writeModel writes MLmodel and the example of a model without data.
func writeModel(t *testing.T, dir string, m *Model, e *InputExample) {
	t.Helper()
	m.ModelUUID, m.TimeCreated, m.MLflowVersion = "u", "t", mlflowVersion
	m.Flavors = []Flavor{{"python_function", Map{{"loader_module", "m"}}}}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	files := []File{{FileName, data}}
	if e != nil {
		input, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		serving, err := e.ServingJSON()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{exampleFile, input}, File{servingFile, serving})
	}
	if err := WriteFolder(dir, files); err != nil {
		t.Fatal(err)
	}
}

func TestInputExampleRefuses(t *testing.T) {
	matrix := `{"data": [1], "indices": [0], "indptr": [0, 1], "shape": [1, 1]}`
	for _, test := range []struct {
		kind ExampleKind
		text string
		want string
	}{
		{"image", "{}", "unknown type"},
		{DataFrameExample, "[]", "no table"},
		{DataFrameExample, `{"columns": "a", "data": []}`, "no table"},
		{DataFrameExample, `{"data": [[1], [1, 2]]}`, "has 2 values for 0"},
		{NDArrayExample, "3", "is an array"},
		{NDArrayExample, `{"a": 3}`, "tensor a"},
		{CSRExample, strings.Replace(matrix, "[1, 1]", "[1]", 1), "shape [1]"},
		{CSRExample, strings.Replace(matrix, "[1, 1]", "[100000, 100000]", 1), "shape"},
		{CSCExample, strings.Replace(matrix, "[0]", "[-1]", 1), "-1 in indices"},
		{CSCExample, strings.Replace(matrix, `"indptr": [0, 1], `, "", 1), "without indptr"},
		{CSCExample, "[]", "without data"},
		{ObjectExample, "{", "JSON"},
	} {
		_, err := ParseInputExample(&ExampleInfo{Type: string(test.kind)}, []byte(test.text))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %q", test.kind, test.text, err, test.want)
		}
	}
	_, err := ParseInputExample(&ExampleInfo{Type: string(ObjectExample), Extra: Map{{"params", "true"}}}, []byte(`{"inputs": 1}`))
	if !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	_, err = ONNXModel{Data: []byte{1}, Example: &Example{Rows: [][]any{{1}}}, Input: &InputExample{Kind: ObjectExample}}.Files()
	if err == nil || !strings.Contains(err.Error(), "two examples") {
		t.Error(err)
	}
}
