package mlmodel

import (
	"bytes"
	"testing"
)

const sampleMLmodel = `flavors:
  onnx:
    code: null
    data: model.onnx
  python_function:
    env: &id001
      conda: conda.yaml
    loader_module: mlflow.onnx
    more: *id001
metadata:
  list:
  - 1.5
  - - a
    - 'it''s'
  text: "tab\t\u00e9 \
    \ folded"
mlflow_version: 3.17.2
model_size_bytes: 12
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  type: dataframe
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}, {"type": "array", "items":
    {"type": "object", "properties": {"z": {"type": "long", "required": false}}}, "name": "b", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: '[{"name": "t", "default": -Infinity, "shape": null, "type": "double"}]'
utc_time_created: '2026-11-23 04:36:11.877737'
`

// FuzzParse: no file panics, and what was read is written so that it is read again the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(sampleMLmodel))
	f.Add([]byte("flavors:\n  a: {}\n? b\n: [c]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		once, err := m.Encode()
		if err != nil {
			return // a name that appears twice in another form, or a type that is not complete
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("its own output is refused: %v\n%s", err, once)
		}
		twice, err := again.Encode()
		if err != nil || !bytes.Equal(twice, once) {
			t.Fatalf("%v\nfirst:\n%s\nsecond:\n%s", err, once, twice)
		}
	})
}

// FuzzExample: no example panics, and what was read is written and read again the same.
func FuzzExample(f *testing.F) {
	f.Add([]byte(`{"columns": ["a", 1], "data": [[NaN, null], [1e5, "ü\n"]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseExample(data)
		if err != nil {
			return
		}
		once, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseExample(once)
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if twice, err := again.JSON(); err != nil || !bytes.Equal(twice, once) {
			t.Fatalf("%v\n%s\n%s", err, once, twice)
		}
	})
}

// FuzzInputExample: no example of any form panics or takes much memory, and what was read is written and read again the same.
func FuzzInputExample(f *testing.F) {
	for kind, text := range map[ExampleKind]string{
		NDArrayExample:   `{"a": [[1, null], ["x"]], "b": [NaN]}`,
		ObjectExample:    `{"messages": [{"role": "user"}], "t": 0.5}`,
		CSRExample:       `{"data": [1.0, 2], "indices": [0, 2], "indptr": [0, 1, 2], "shape": [2, 3]}`,
		CSCExample:       `{"data": [1], "indices": [0], "indptr": [0, 1], "shape": [9999999999, 99999999]}`,
		DataFrameExample: `{"data": [[1, 2], [3, 4]]}`,
	} {
		f.Add(string(kind), false, []byte(text))
		f.Add(string(kind), true, []byte(`{"inputs": `+text+`, "params": {"n": 3}}`))
	}
	f.Fuzz(func(t *testing.T, kind string, params bool, data []byte) {
		info := &ExampleInfo{Type: kind}
		if params {
			info.Extra = Map{{"params", "true"}}
		}
		e, err := ParseInputExample(info, data)
		if err != nil {
			return
		}
		once, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.ServingJSON(); err != nil {
			t.Fatal(err)
		}
		again, err := ParseInputExample(info, once)
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if twice, err := again.JSON(); err != nil || !bytes.Equal(twice, once) {
			t.Fatalf("%v\n%s\n%s", err, once, twice)
		}
	})
}
