package outlier_test

import (
	"fmt"
	"log"
	"math"

	"mlopsgo/monitoring/outlier"
)

// Wines are scored by alcohol and pH: the third is stronger and less acid than any wine.
func Example() {
	var training [][]float64
	for i := range 500 {
		phase := float64(i)
		training = append(training, []float64{10.4 + math.Sin(phase), 3.3 + 0.15*math.Cos(phase*1.7)})
	}
	model, err := outlier.Fit(training, outlier.Config{Contamination: 0.01, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	outliers, _, err := model.Predict([][]float64{{10.2, 3.31}, {11, 3.25}, {16, 4.1}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outliers)
	// Output: [false false true]
}
