package mlmodel_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient/mlmodel"
)

func python(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), append([]string{"testdata/" + script}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", script, args, err, &stderr)
	}
	return out
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFoldersOfPython reads what the real MLflow writes for several flavors, and writes every file again: the bytes
// must be the same.
func TestFoldersOfPython(t *testing.T) {
	dir := t.TempDir()
	python(t, "folders.py", dir)
	for _, name := range []string{"sklearn", "onnx", "pyfunc", "tensors", "unnamed", "plain", "text", "logged"} {
		t.Run(name, func(t *testing.T) {
			f, err := mlmodel.OpenFolder(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "MLmodel", f.Model.Encode, read(t, dir, name, "MLmodel"))
			env, err := f.Environment()
			if err != nil {
				t.Fatal(err)
			}
			same(t, "conda.yaml", env.CondaYAML, read(t, dir, name, "conda.yaml"))
			same(t, "python_env.yaml", env.PythonEnvYAML, read(t, dir, name, "python_env.yaml"))
			if got, want := env.RequirementsTXT(), read(t, dir, name, "requirements.txt"); !bytes.Equal(got, want) {
				t.Errorf("requirements.txt\ngot  %q\nwant %q", got, want)
			}
			if name == "sklearn" {
				sameFlavors(t, f.Model)
			}
			example, err := f.Example()
			if err != nil {
				t.Fatal(err)
			}
			if wantExample := slices.Contains([]string{"sklearn", "text", "logged"}, name); wantExample != (example != nil) {
				t.Fatalf("example %v", example)
			}
			if example != nil {
				same(t, "input_example.json", example.JSON, read(t, dir, name, "input_example.json"))
				same(t, "serving_input_example.json", example.ServingJSON, read(t, dir, name, "serving_input_example.json"))
			}
		})
	}
}

// sameFlavors compares what a scikit-learn object gets in a new model with what mlflow.sklearn gives it.
func sameFlavors(t *testing.T, python *mlmodel.Model) {
	t.Helper()
	files, err := mlmodel.ONNXModel{
		Data: []byte("onnx"), Sklearn: &mlmodel.SklearnObject{Data: []byte("skops"), Trusted: []string{"sklearn.tree._tree.Tree"}},
	}.Files()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := mlmodel.Parse(files[len(files)-1].Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, flavor := range []string{"sklearn", "python_function"} {
		got, _ := ours.Flavor(flavor)
		if want, ok := python.Flavor(flavor); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("flavor %s is\n%v, Python writes\n%v", flavor, got, want)
		}
	}
}

func same(t *testing.T, file string, write func() ([]byte, error), want []byte) {
	t.Helper()
	got, err := write()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %v\ngot:\n%s\nwant:\n%s", file, err, got, want)
	}
}

// randomForest makes a forest on n features whose leaves are random.
func randomForest(n, classes int) *onnx.Forest {
	rng := rand.New(rand.NewPCG(1, 2))
	f := &onnx.Forest{Producer: "mlopsgo"}
	for i := range n {
		f.Mean, f.Scale = append(f.Mean, float64(i)), append(f.Scale, 1+float64(i)/2)
	}
	for c := range classes {
		f.IntClasses = append(f.IntClasses, int64(3+c))
	}
	for range 30 {
		var t onnx.Tree
		for i := range 31 { // a full tree of depth 4
			left, right, feature := 2*i+1, 2*i+2, rng.IntN(n)
			if i >= 15 {
				left, right, feature = -1, -1, -2
			}
			t.Left, t.Right, t.Feature = append(t.Left, left), append(t.Right, right), append(t.Feature, feature)
			t.Threshold = append(t.Threshold, rng.NormFloat64())
			for range classes {
				t.Values = append(t.Values, rng.Float64())
			}
		}
		f.Trees = append(f.Trees, t)
	}
	return f
}

type table struct {
	Columns []string    `json:"columns"`
	Data    [][]float64 `json:"data"`
}

// TestFolderInPython writes a folder in Go and loads it in the real MLflow in every way: pyfunc with columns in another
// order, onnx, the command line. The predictions are those of our evaluator.
func TestFolderInPython(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "models", "red wine")
	rows := table{Columns: []string{"volatile acidity", "citric acid", "sulphates", "alcohol"}}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		rows.Data = append(rows.Data, []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), 5 * rng.Float64()})
	}
	graph, err := randomForest(4, 3).Model()
	if err != nil {
		t.Fatal(err)
	}
	files, err := mlmodel.ONNXModel{
		Data: graph.Encode(),
		Signature: &mlmodel.Signature{
			Inputs:  mlmodel.Columns(mlmodel.Double, rows.Columns...),
			Outputs: &mlmodel.Schema{Columns: []mlmodel.Column{{Name: "label", Type: mlmodel.Type{Kind: mlmodel.Long}}}},
		},
		Example:  &mlmodel.Example{Columns: rows.Columns, Rows: [][]any{{0.7, 0.0, 0.56, 9.4}, {1.0, 0.25, 1e-7, 12}}},
		Created:  time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		Metadata: mlmodel.Map{{Key: "trainer", Value: "mlopsgo"}},
	}.Files()
	if err == nil {
		err = mlmodel.WriteFolder(dir, files)
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rows.json")
	data, err := json.Marshal(rows)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	checkAnswers(t, dir, rows, python(t, "load.py", dir, path))
}

func checkAnswers(t *testing.T, dir string, rows table, out []byte) {
	t.Helper()
	var got struct {
		Predict, Mixed   map[string][]float64
		CLI              []map[string]float64
		YAML             string
		Inputs, Outputs  string
		Example, Serving any
		Requirements     string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := evaluate(t, dir, rows)
	if !reflect.DeepEqual(got.Predict, want) || !reflect.DeepEqual(got.Mixed, want) {
		t.Errorf("pyfunc answers\n%v\n%v\nwe answer\n%v", got.Predict, got.Mixed, want)
	}
	cli := map[string][]float64{}
	for _, row := range got.CLI {
		for name, v := range row {
			cli[name] = append(cli[name], float64(float32(v)))
		}
	}
	if !reflect.DeepEqual(cli, want) {
		t.Errorf("mlflow models predict answers\n%v\nwe answer\n%v", cli, want)
	}
	if file := string(read(t, dir, "MLmodel")); got.YAML != file {
		t.Errorf("MLflow writes the file again as\n%s\nit is\n%s", got.YAML, file)
	}
	f, err := mlmodel.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	inputs, _ := f.Model.Signature.Inputs.JSON()
	outputs, _ := f.Model.Signature.Outputs.JSON()
	if got.Inputs != inputs || got.Outputs != outputs {
		t.Errorf("signature %s → %s, want %s → %s", got.Inputs, got.Outputs, inputs, outputs)
	}
	if got.Example == nil || got.Serving == nil || filepath.Base(got.Requirements) != "requirements.txt" {
		t.Errorf("example %v, serving %v, requirements %q", got.Example, got.Serving, got.Requirements)
	}
}

// evaluate predicts with our evaluator from the folder; the columns as pyfunc names them.
func evaluate(t *testing.T, dir string, rows table) map[string][]float64 {
	t.Helper()
	f, err := mlmodel.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.ONNX()
	if err != nil {
		t.Fatal(err)
	}
	model, err := onnx.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	session, err := onnx.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	x := onnx.NewDoubles(slices.Concat(rows.Data...), int64(len(rows.Data)), 4)
	out, err := session.NewRunner().Run(x)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string][]float64{}
	for i, p := range session.Outputs() {
		for _, v := range out[i].I64 {
			answers[p.Name] = append(answers[p.Name], float64(v))
		}
		for _, v := range out[i].F32 {
			answers[p.Name] = append(answers[p.Name], float64(v))
		}
	}
	return answers
}
