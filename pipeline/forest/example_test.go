package forest_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"mlopsgo/pipeline/forest"
)

// iris is petal length and width of a few flowers of three kinds.
func iris() (forest.Matrix, []int) {
	x := forest.Matrix{Rows: 12, Cols: 2, Data: []float64{
		1.4, 0.2, 1.3, 0.2, 1.5, 0.4, 1.7, 0.3,
		4.7, 1.4, 4.5, 1.5, 4.0, 1.3, 4.6, 1.5,
		6.0, 2.5, 5.1, 1.9, 5.9, 2.1, 5.6, 1.8,
	}}
	return x, []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}
}

func Example() {
	ctx := context.Background()
	x, y := iris()
	train, test, err := forest.TrainTestSplit(x.Rows, 0.25, 1)
	if err != nil {
		log.Fatal(err)
	}
	xTrain, err := x.Take(train)
	if err != nil {
		log.Fatal(err)
	}
	xTest, err := x.Take(test)
	if err != nil {
		log.Fatal(err)
	}
	yTrain := make([]int, len(train))
	for i, row := range train {
		yTrain[i] = y[row]
	}
	f, err := forest.Fit(ctx, xTrain, yTrain, forest.DefaultParams())
	if err != nil {
		log.Fatal(err)
	}
	labels, err := f.Predict(ctx, xTest)
	if err != nil {
		log.Fatal(err)
	}
	for i, row := range test {
		fmt.Printf("flower %d: kind %d, predicted %d\n", row, y[row], labels[i])
	}
	// Output:
	// flower 2: kind 0, predicted 0
	// flower 3: kind 0, predicted 0
	// flower 4: kind 1, predicted 1
}

func ExampleClassifier_PredictRow() {
	x, y := iris()
	f, err := forest.Fit(context.Background(), x, y, forest.DefaultParams())
	if err != nil {
		log.Fatal(err)
	}
	probabilities := make([]float64, len(f.Classes()))
	kind, err := f.PredictRow([]float64{5.0, 1.7}, probabilities)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kind, probabilities)
	// Output: 2 [0 0.19 0.81]
}

func ExampleClassifier_StagedPredict() {
	ctx := context.Background()
	x, y := iris()
	p := forest.DefaultParams()
	p.NEstimators = 5
	f, err := forest.Fit(ctx, x, y, p)
	if err != nil {
		log.Fatal(err)
	}
	for trees, labels := range f.StagedPredict(ctx, x) {
		right := 0
		for i, label := range labels {
			if label == y[i] {
				right++
			}
		}
		fmt.Printf("%d trees: %d of %d\n", trees, right, len(y))
	}
	// Output:
	// 1 trees: 12 of 12
	// 2 trees: 12 of 12
	// 3 trees: 12 of 12
	// 4 trees: 12 of 12
	// 5 trees: 12 of 12
}

func ExampleClassifier_Save() {
	x, y := iris()
	f, err := forest.Fit(context.Background(), x, y, forest.DefaultParams())
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := f.Save(&file); err != nil {
		log.Fatal(err)
	}
	g, err := forest.Load(&file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.NEstimators(), "trees for classes", g.Classes())
	// Output: 100 trees for classes [0 1 2]
}

func ExampleFitStandardScaler() {
	x, _ := iris()
	s, err := forest.FitStandardScaler(x)
	if err != nil {
		log.Fatal(err)
	}
	row := []float64{4.0, 1.3}
	if err := s.TransformRow(row, row); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("mean %.2f, scaled %.2f\n", s.Mean, row)
	// Output: mean [3.86 1.26], scaled [0.08 0.05]
}
