package monitoring_test

import (
	"fmt"
	"strings"
	"time"

	"mlopsgo/monitoring"
	"mlopsgo/monitoring/outlier"
)

func ExampleComparer() {
	var csv strings.Builder
	csv.WriteString("alcohol,quality,prediction\n")
	for i := range 100 {
		fmt.Fprintf(&csv, "%.1f,%d,%d\n", 9+float64(i%20)/10, 5+i%2, 5+i%2)
	}
	reference, err := monitoring.ReadReference(strings.NewReader(csv.String()), "reference.csv", "quality")
	if err != nil {
		fmt.Println(err)
		return
	}
	comparer, err := monitoring.NewComparer(reference, outlier.Config{Contamination: 0.01})
	if err != nil {
		fmt.Println(err)
		return
	}
	var predictions []monitoring.Prediction
	for i := range 50 {
		predictions = append(predictions, monitoring.Prediction{
			ID: fmt.Sprint(i), Features: map[string]any{"alcohol": 10.5 + float64(i%20)/10}, Label: fmt.Sprint(5 + i%2),
		})
	}
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	result, err := comparer.Compare(monitoring.Window{Model: "wine", Version: "1", Start: noon, End: noon.Add(time.Hour)}, predictions)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range result.Drift.Columns {
		fmt.Printf("%s: drifted %t by %s\n", c.Name, c.Drifted, c.Method.DisplayName())
	}
	// Output:
	// alcohol: drifted true by K-S p_value
	// prediction: drifted false by Z-test p_value
}
