package pipeline

import (
	"bytes"
	"context"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/skops"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// modelHome is where a model is kept, which its MLmodel file repeats.
type modelHome struct{ artifactPath, runID, modelID string }

// modelFiles writes the split's scaler and the forest as the files of an MLflow model: as an ONNX graph, which Go serves, and as the
// pipeline of scikit-learn that it is. Its signature holds the features and what scikit-learn's predict gives, its input example the first
// test rows.
func modelFiles(ctx context.Context, split *Split, model *forest.Classifier, home modelHome) ([]mlmodel.File, error) {
	graph, err := exportForest(split, model).Model()
	if err != nil {
		return nil, err
	}
	pipeline, err := exportPipeline(split, model)
	if err != nil {
		return nil, err
	}
	var sklearn bytes.Buffer
	if err := pipeline.Write(ctx, &sklearn); err != nil {
		return nil, err
	}
	label := "int64"
	if split.Classes.texts != nil {
		label = "object" // numpy's type of what pandas gives scikit-learn as text
	}
	return mlmodel.ONNXModel{
		Data:    graph.Encode(),
		Sklearn: &mlmodel.SklearnObject{Data: sklearn.Bytes(), Version: skops.SklearnVersion, Trusted: []string{skops.TreeType}},
		Signature: &mlmodel.Signature{
			Inputs:  mlmodel.Columns(mlmodel.Double, split.Features...),
			Outputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{DType: label, Shape: []int64{-1}}}},
		},
		Example:      split.example(),
		ArtifactPath: home.artifactPath,
		RunID:        home.runID,
		ModelID:      home.modelID,
	}.Files()
}

// exampleRows is the number of rows in a model's input example.
const exampleRows = 5

// example takes the first test rows as they were before scaling.
func (s *Split) example() *mlmodel.Example {
	example := &mlmodel.Example{Columns: s.Features}
	for r := range min(exampleRows, s.RawTestX.Rows) {
		var row []any
		for _, value := range s.RawTestX.Row(r) {
			row = append(row, value)
		}
		example.Rows = append(example.Rows, row)
	}
	return example
}

// exportForest describes the scaled forest for ONNX.
func exportForest(split *Split, model *forest.Classifier) *onnx.Forest {
	out := &onnx.Forest{
		Mean: split.Scaler.Mean, Scale: split.Scaler.Scale, Features: len(split.Features),
		Producer: "mlopsgo",
	}
	out.IntClasses, out.StringClasses = split.labels(model)
	for _, tree := range model.Trees() {
		out.Trees = append(out.Trees, onnx.Tree{
			Left: ints(tree.Left), Right: ints(tree.Right), Feature: ints(tree.Feature), Threshold: tree.Threshold, Values: tree.Values,
		})
	}
	return out
}

func ints(narrow []int32) []int {
	wide := make([]int, len(narrow))
	for i, v := range narrow {
		wide[i] = int(v)
	}
	return wide
}
