package pipeline

import (
	"mlopsgo/internal/onnx"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// modelHome is where a model is kept, which its MLmodel file repeats.
type modelHome struct{ artifactPath, runID, modelID string }

// modelFiles writes the split's scaler and the forest as the files of an MLflow model, with the features as its signature and the first test
// rows as its input example.
func modelFiles(split *Split, model *forest.Classifier, home modelHome) ([]mlmodel.File, error) {
	file := exportForest(split, model)
	label := mlmodel.Long
	if len(file.StringClasses) > 0 {
		label = mlmodel.String
	}
	encoded, err := file.Model()
	if err != nil {
		return nil, err
	}
	outputs := []mlmodel.Column{{Name: "label", Type: mlmodel.Type{Kind: label}}}
	for _, class := range model.Classes() {
		outputs = append(outputs, mlmodel.Column{Name: "probability_" + split.Classes.Text(class), Type: mlmodel.Type{Kind: mlmodel.Float}})
	}
	return mlmodel.ONNXModel{
		Data: encoded.Encode(),
		Signature: &mlmodel.Signature{
			Inputs:  mlmodel.Columns(mlmodel.Double, split.Features...),
			Outputs: &mlmodel.Schema{Columns: outputs},
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
	for _, class := range model.Classes() {
		if split.Classes.texts == nil {
			out.IntClasses = append(out.IntClasses, int64(class))
		} else {
			out.StringClasses = append(out.StringClasses, split.Classes.Text(class))
		}
	}
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
