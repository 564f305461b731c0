package pipeline

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

const (
	// ReferenceFile is the file of a registered model that holds the rows it was trained on: a CSV table of the features, the target and
	// the model's own label. Monitoring compares with it what the model is asked later.
	ReferenceFile = "reference.csv"
	// PredictionColumn is the column of the model's label in it.
	PredictionColumn = "prediction"
)

// reference writes [ReferenceFile] for a model that was trained on the split. Numbers are in their shortest form that reads back equal.
func reference(ctx context.Context, split *Split, model *forest.Classifier) (mlmodel.File, error) {
	header := append(slices.Clone(split.Features), split.Target)
	if slices.Contains(header, PredictionColumn) {
		return mlmodel.File{}, fmt.Errorf("a column of the data is named %q, as %s names the model's label: rename it", PredictionColumn, ReferenceFile)
	}
	predicted, err := model.Predict(ctx, split.TrainX)
	if err != nil {
		return mlmodel.File{}, err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	rows := [][]string{append(header, PredictionColumn)}
	for r := range split.RawTrainX.Rows {
		var row []string
		for _, value := range split.RawTrainX.Row(r) {
			row = append(row, strconv.FormatFloat(value, 'g', -1, 64))
		}
		rows = append(rows, append(row, split.Classes.Text(split.TrainY[r]), split.Classes.Text(predicted[r])))
	}
	if err := w.WriteAll(rows); err != nil {
		return mlmodel.File{}, err
	}
	return mlmodel.File{Name: ReferenceFile, Data: text.Bytes()}, nil
}
