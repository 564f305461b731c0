package pipeline

import (
	"bytes"
	"context"
	"fmt"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/skops"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// ForestModel is a trained forest with what belongs to it when it leaves this program: the scaler before it, and the names of what goes in
// and comes out.
type ForestModel struct {
	// Forest was trained, by this program, on what Scaler makes of the features.
	Forest *forest.Classifier
	Scaler *forest.StandardScaler
	// Features are the names of the columns, in the order in which Scaler takes them.
	Features []string
	// Labels are the texts of the classes, in ascending order: class i of Forest stands for Labels[i]. Nil when the classes are the
	// labels themselves.
	Labels []string
	// Example are some rows of features, as they are before scaling, for the model's input example; no rows for none.
	Example forest.Matrix
}

// exampleRows is the number of rows in the input example of a split's model.
const exampleRows = 5

// Model puts a forest that was trained on the split together with the split's scaler and names; its example are the first test rows.
func (s *Split) Model(trained *forest.Classifier) ForestModel {
	rows := min(exampleRows, s.RawTestX.Rows)
	return ForestModel{
		Forest: trained, Scaler: s.Scaler, Features: s.Features, Labels: s.Classes.texts,
		Example: forest.Matrix{Data: s.RawTestX.Data[:rows*s.RawTestX.Cols], Rows: rows, Cols: s.RawTestX.Cols},
	}
}

// Export writes the model in the forms that MLflow gets: as an ONNX graph (flavor onnx), which this project's predictor serves, and as the
// Pipeline of scikit-learn's StandardScaler and RandomForestClassifier that it is (flavors sklearn and python_function). The signature names
// the features and holds what scikit-learn's predict gives: a vector of labels.
//
// Set RunID and ModelID of the result where they are known, and take its Files for [mlflowclient.LogModel] or [mlmodel.WriteFolder]. A model of
// 2,000 trees on the red wine data has 40 MB as ONNX and 28 MB as scikit-learn's, made in a second or two.
func (m ForestModel) Export(ctx context.Context) (mlmodel.ONNXModel, error) {
	if err := m.check(); err != nil {
		return mlmodel.ONNXModel{}, err
	}
	graph, err := m.onnx().Model()
	if err != nil {
		return mlmodel.ONNXModel{}, err
	}
	pipeline, err := m.sklearn()
	if err != nil {
		return mlmodel.ONNXModel{}, err
	}
	var object bytes.Buffer
	if err := pipeline.Write(ctx, &object); err != nil {
		return mlmodel.ONNXModel{}, err
	}
	out := m.described(&mlmodel.SklearnObject{Data: object.Bytes(), Version: skops.SklearnVersion, Trusted: []string{skops.TreeType}})
	out.Data = graph.Encode()
	return out, nil
}

// described is an object of scikit-learn with what MLflow tells of the model's columns, labels and rows.
func (m ForestModel) described(object *mlmodel.SklearnObject) mlmodel.ONNXModel {
	label := "int64"
	if m.Labels != nil {
		label = "object" // numpy's type of what pandas gives scikit-learn as text
	}
	return mlmodel.ONNXModel{
		Sklearn: object,
		Signature: &mlmodel.Signature{
			Inputs:  mlmodel.Columns(mlmodel.Double, m.Features...),
			Outputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{DType: label, Shape: []int64{-1}}}},
		},
		Example: m.example(),
	}
}

func (m ForestModel) check() error {
	if m.Forest == nil || m.Scaler == nil {
		return fmt.Errorf("a model needs a forest and a scaler")
	}
	if features := m.Forest.Features(); len(m.Features) != features || len(m.Scaler.Mean) != features || m.Example.Rows > 0 && m.Example.Cols != features {
		return fmt.Errorf("a forest of %d features with a scaler of %d, %d names and an example of %d columns",
			features, len(m.Scaler.Mean), len(m.Features), m.Example.Cols)
	}
	for _, class := range m.Forest.Classes() {
		if m.Labels != nil && (class < 0 || class >= len(m.Labels)) {
			return fmt.Errorf("the forest has a class %d, and there are %d labels", class, len(m.Labels))
		}
	}
	return nil
}

// example writes the rows of Example.
func (m ForestModel) example() *mlmodel.Example {
	if m.Example.Rows == 0 {
		return nil
	}
	example := &mlmodel.Example{Columns: m.Features}
	for r := range m.Example.Rows {
		var row []any
		for _, value := range m.Example.Row(r) {
			row = append(row, value)
		}
		example.Rows = append(example.Rows, row)
	}
	return example
}

// labelsOf are classes as the target column writes them: as integers, or with texts as theirs.
func labelsOf(classes []int, texts []string) skops.Labels {
	var labels skops.Labels
	for _, class := range classes {
		if texts == nil {
			labels.Ints = append(labels.Ints, int64(class))
		} else {
			labels.Texts = append(labels.Texts, texts[class])
		}
	}
	return labels
}

// onnx describes scaler and forest for ONNX.
func (m ForestModel) onnx() *onnx.Forest {
	out := &onnx.Forest{Mean: m.Scaler.Mean, Scale: m.Scaler.Scale, Features: len(m.Features), Producer: "mlopsgo"}
	labels := labelsOf(m.Forest.Classes(), m.Labels)
	out.IntClasses, out.StringClasses = labels.Ints, labels.Texts
	for _, tree := range m.Forest.Trees() {
		out.Trees = append(out.Trees, onnx.Tree{
			Left: converted[int](tree.Left), Right: converted[int](tree.Right), Feature: converted[int](tree.Feature), Threshold: tree.Threshold, Values: tree.Values,
		})
	}
	return out
}

// converted gives integers the type in which another format takes them.
func converted[To, From int | int32 | int64](values []From) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = To(v)
	}
	return out
}
