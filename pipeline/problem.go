package pipeline

import (
	"fmt"
	"math"
	"slices"

	"mlopsgo/internal/dataset"
	"mlopsgo/pipeline/forest"
)

// Problem says what is to be learnt from a table and how its rows are divided.
type Problem struct {
	// Features are the numeric columns that tell. None means every column but the target.
	Features []string `json:"features,omitempty"`
	// Target is the column that holds the class: integers, or text.
	Target string `json:"target"`
	// TestSize is the share of rows kept back for the test, above 0 and below 1.
	TestSize float64 `json:"test_size"`
	// Seed is the random_state of the split.
	Seed uint32 `json:"seed"`
}

// RedWine is the problem of the red wine table as the project poses it: four measurements, found most telling, predict the taster's
// quality; a quarter of the rows is the test part.
func RedWine() Problem {
	return Problem{
		Features: []string{"volatile acidity", "citric acid", "sulphates", "alcohol"},
		Target:   "quality",
		TestSize: 0.25,
	}
}

// Split is a problem ready for training: rows divided, features scaled by the training part's mean and deviation, classes as integers.
// Everything in it is shared by the trials of a study and never changed.
type Split struct {
	Features []string
	Target   string
	Classes  Classes
	// Scaler was fitted on the training part only.
	Scaler *forest.StandardScaler
	// TrainX and TestX are scaled, one column a feature.
	TrainX, TestX forest.Matrix
	TrainY, TestY []int
	// RawTrainX and RawTestX are TrainX and TestX before scaling.
	RawTrainX, RawTestX forest.Matrix

	// trainRows are the table's rows that make the training part, in its order.
	trainRows []int
}

// namedFeatures reads the columns that a user names: the word all stands for every column but the target.
func namedFeatures(named []string) []string {
	if slices.Equal(named, []string{allFeatures}) {
		return nil
	}
	return named
}

const allFeatures = "all"

// Prepare applies the problem to a table with scikit-learn's train_test_split and StandardScaler. It fails when a column is missing, a
// feature is not numeric, or the target holds no classes.
func (p Problem) Prepare(table *dataset.Table) (*Split, error) {
	features := p.Features
	if len(features) == 0 {
		features = slices.DeleteFunc(table.Names(), func(name string) bool { return name == p.Target })
	}
	if slices.Contains(features, p.Target) {
		return nil, fmt.Errorf("the target %q is among the features: a forest would only repeat it", p.Target)
	}
	for i, name := range features {
		if slices.Contains(features[:i], name) {
			return nil, fmt.Errorf("feature %q is named twice", name)
		}
	}
	target, err := table.Column(p.Target)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	classes, y, err := newClasses(target)
	if err != nil {
		return nil, err
	}
	values, err := table.Matrix(features...)
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	x := forest.Matrix{Data: values, Rows: table.Rows(), Cols: len(features)}
	split := &Split{Features: features, Target: p.Target, Classes: classes}
	return split, p.divide(x, y, split)
}

// divide fills the parts of split.
func (p Problem) divide(x forest.Matrix, y []int, split *Split) error {
	train, test, err := forest.TrainTestSplit(x.Rows, p.TestSize, p.Seed)
	if err != nil {
		return err
	}
	trainX, err := x.Take(train)
	if err != nil {
		return err
	}
	testX, err := x.Take(test)
	if err != nil {
		return err
	}
	split.RawTrainX, split.RawTestX, split.trainRows = trainX, testX, train
	if split.Scaler, err = forest.FitStandardScaler(trainX); err != nil {
		return err
	}
	if split.TrainX, err = split.Scaler.Transform(trainX); err != nil {
		return err
	}
	if split.TestX, err = split.Scaler.Transform(testX); err != nil {
		return err
	}
	split.TrainY, split.TestY = take(y, train), take(y, test)
	return nil
}

func take(y, rows []int) []int {
	part := make([]int, len(rows))
	for i, row := range rows {
		part[i] = y[row]
	}
	return part
}

// Classes translates between the target column's values and the integers that a forest learns. An integer column needs no translation;
// of a text column, class i is the i-th of the distinct texts in ascending order.
type Classes struct{ texts []string }

// Text is how the target column writes a class.
func (c Classes) Text(class int) string {
	if c.texts == nil {
		return fmt.Sprint(class)
	}
	return c.texts[class]
}

// newClasses reads the classes of a target column, row by row.
func newClasses(column dataset.Column) (Classes, []int, error) {
	y := make([]int, column.Len())
	switch column.Kind() {
	case dataset.Int64:
		for row, value := range column.Ints() {
			y[row] = int(value)
		}
		return Classes{}, y, nil
	case dataset.Float64:
		for row, value := range column.Floats() {
			if value != math.Trunc(value) || math.Abs(value) > 1<<53 {
				return Classes{}, nil, fmt.Errorf("target %q holds %v in row %d: classes are whole numbers or text (a regression is not offered)",
					column.Name(), value, row+1)
			}
			y[row] = int(value)
		}
		return Classes{}, y, nil
	case dataset.String:
	}
	texts := column.Strings()
	distinct := slices.Compact(slices.Sorted(slices.Values(texts)))
	for row, text := range texts {
		y[row], _ = slices.BinarySearch(distinct, text)
	}
	return Classes{texts: distinct}, y, nil
}
