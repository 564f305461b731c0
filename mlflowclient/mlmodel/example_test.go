package mlmodel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mlopsgo/mlflowclient/mlmodel"
)

// A model folder for an ONNX file, and what is in it.
func ExampleONNXModel() {
	files, err := mlmodel.ONNXModel{
		Data:      []byte("the bytes of an ONNX model"),
		Signature: &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, "sulphates", "alcohol")},
		Example:   &mlmodel.Example{Columns: []string{"sulphates", "alcohol"}, Rows: [][]any{{0.56, 9.4}}},
		ModelID:   "m-0123456789abcdef0123456789abcdef",
		Created:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}.Files()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range files {
		fmt.Println(f.Name)
	}
	model, err := mlmodel.Parse(files[len(files)-1].Data)
	if err != nil {
		fmt.Println(err)
		return
	}
	inputs, err := model.Signature.Inputs.JSON()
	fmt.Println(model.ModelUUID, inputs, err)
	// Output:
	// model.onnx
	// input_example.json
	// serving_input_example.json
	// requirements.txt
	// conda.yaml
	// python_env.yaml
	// MLmodel
	// m-0123456789abcdef0123456789abcdef [{"type": "double", "name": "sulphates", "required": true}, {"type": "double", "name": "alcohol", "required": true}] <nil>
}

// A folder that any MLflow wrote.
func ExampleOpenFolder() {
	tmp, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	dir := filepath.Join(tmp, "model")
	files := []mlmodel.File{
		{Name: "MLmodel", Data: []byte("flavors:\n  onnx:\n    data: model.onnx\nmlflow_version: 3.17.2\n")},
		{Name: "model.onnx", Data: []byte("bytes")},
	}
	if err := mlmodel.WriteFolder(dir, files); err != nil {
		fmt.Println(err)
		return
	}
	folder, err := mlmodel.OpenFolder(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := folder.ONNX()
	fmt.Printf("%s %q %v\n", folder.Model.MLflowVersion, data, err)
	// Output:
	// 3.17.2 "bytes" <nil>
}
