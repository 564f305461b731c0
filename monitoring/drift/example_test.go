package drift_test

import (
	"fmt"
	"log"

	"mlopsgo/monitoring/drift"
)

func ExampleDetect() {
	columns := []drift.Column{
		{
			Name:      "alcohol",
			Reference: drift.Floats{9.4, 9.8, 10.0, 9.5, 9.9, 10.5, 9.3, 9.7},
			Current:   drift.Floats{11.8, 12.1, 12.9, 11.7, 12.4, 12.0, 13.1, 11.9},
		},
		{
			Name:      "quality",
			Reference: drift.Ints{5, 5, 6, 5, 7, 6, 5, 6},
			Current:   drift.Ints{5, 6, 6, 5, 7, 5, 5, 6},
		},
	}
	report, err := drift.Detect(columns, drift.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Columns {
		fmt.Printf("%s (%s): %s %.4f, drifted: %v\n", c.Name, c.Kind, c.Method.DisplayName(), c.Score, c.Drifted)
	}
	fmt.Printf("%d of %d columns, the table has drifted: %v\n", report.Drifted, len(report.Columns), report.DatasetDrift)
	// Output:
	// alcohol (num): K-S p_value 0.0002, drifted: true
	// quality (cat): chi-square p_value 1.0000, drifted: false
	// 1 of 2 columns, the table has drifted: true
}

func ExamplePSI() {
	training, today := []float64{0.2, 0.5, 0.3}, []float64{0.1, 0.5, 0.4}
	psi, err := drift.PSI(training, today)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f, drifted: %v\n", psi, drift.MethodPSI.Drifted(psi, drift.MethodPSI.Threshold()))
	// Output: 0.0981, drifted: false
}

func ExampleKolmogorovSmirnov() {
	statistic, p, err := drift.KolmogorovSmirnov([]float64{1, 2, 3, 4, 5}, []float64{3, 4, 5, 6, 7, 8})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("D = %.2f, p = %.4f\n", statistic, p)
	// Output: D = 0.50, p = 0.3571
}
