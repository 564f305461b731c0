package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// smallModel is a forest on two features and three text classes, one of which no row has.
func smallModel(t *testing.T) ForestModel {
	t.Helper()
	x := forest.Matrix{Data: []float64{0, 1, 1, 0, 2, 5, 3, 4}, Rows: 4, Cols: 2}
	scaler, err := forest.FitStandardScaler(x)
	if err != nil {
		t.Fatal(err)
	}
	scaled, err := scaler.Transform(x)
	if err != nil {
		t.Fatal(err)
	}
	p := forest.DefaultParams()
	p.NEstimators = 3
	trained, err := forest.Fit(t.Context(), scaled, []int{0, 0, 2, 2}, p)
	if err != nil {
		t.Fatal(err)
	}
	return ForestModel{Forest: trained, Scaler: scaler, Features: []string{"a", "b"}, Labels: []string{"x", "y", "z"}, Example: x}
}

func TestExportRefuses(t *testing.T) {
	good := smallModel(t)
	var saved bytes.Buffer
	if err := good.Forest.Save(&saved); err != nil {
		t.Fatal(err)
	}
	loaded, err := forest.Load(&saved)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*ForestModel){
		"needs a forest":           func(m *ForestModel) { m.Forest = nil },
		"and a scaler":             func(m *ForestModel) { m.Scaler = nil },
		"1 names":                  func(m *ForestModel) { m.Features = m.Features[:1] },
		"a scaler of 1":            func(m *ForestModel) { m.Scaler = &forest.StandardScaler{Mean: []float64{1}} },
		"an example of 1 columns":  func(m *ForestModel) { m.Example = forest.Matrix{Data: []float64{1}, Rows: 1, Cols: 1} },
		"a class 2, and there are": func(m *ForestModel) { m.Labels = m.Labels[:2] },
		"train it again":           func(m *ForestModel) { m.Forest = loaded },
	} {
		m := good
		change(&m)
		if _, err := m.Export(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := good.Export(stopped); err == nil {
		t.Error("a cancelled export succeeds")
	}
	good.Example = forest.Matrix{}
	export, err := good.Export(t.Context())
	if err != nil || export.Example != nil {
		t.Error(export.Example, err)
	}
}

// A forest on a user's own numbers becomes an MLflow model.
func ExampleForestModel() {
	ctx := context.Background()
	x := forest.Matrix{Data: []float64{5.1, 3.5, 4.9, 3, 6.3, 2.9, 6.5, 3}, Rows: 4, Cols: 2}
	scaler, err := forest.FitStandardScaler(x)
	if err != nil {
		panic(err)
	}
	scaled, err := scaler.Transform(x)
	if err != nil {
		panic(err)
	}
	trained, err := forest.Fit(ctx, scaled, []int{0, 0, 1, 1}, forest.DefaultParams())
	if err != nil {
		panic(err)
	}
	model, err := ForestModel{
		Forest: trained, Scaler: scaler, Features: []string{"sepal length", "sepal width"}, Labels: []string{"setosa", "virginica"}, Example: x,
	}.Export(ctx)
	if err != nil {
		panic(err)
	}
	files, err := model.Files() // for mlflowclient.LogModel, or mlmodel.WriteFolder
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		fmt.Println(file.Name)
	}
	read, err := mlmodel.Parse(files[len(files)-1].Data)
	if err != nil {
		panic(err)
	}
	for _, flavor := range read.Flavors {
		fmt.Printf("flavor %s %q\n", flavor.Name, flavor.Config.Text("loader_module"))
	}
	// Output:
	// model.onnx
	// model.skops
	// input_example.json
	// serving_input_example.json
	// requirements.txt
	// conda.yaml
	// python_env.yaml
	// MLmodel
	// flavor onnx ""
	// flavor python_function "mlflow.sklearn"
	// flavor sklearn ""
}
