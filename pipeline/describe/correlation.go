package describe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// Correlation is Pearson's coefficient between every two columns: a symmetric matrix with a row and a column for each of them. A column
// of one value has no correlation with another: NaN, as in pandas.
func Correlation(columns [][]float64) ([][]float64, error) {
	matrix := make([][]float64, len(columns))
	for i, a := range columns {
		if len(a) != len(columns[0]) {
			return nil, fmt.Errorf("describe: column %d has %d rows, column 0 has %d", i, len(a), len(columns[0]))
		}
		matrix[i] = make([]float64, len(columns))
		for j, b := range columns[:i+1] {
			r := stat.Correlation(a, b, nil)
			if i == j && !math.IsNaN(r) {
				r = 1
			}
			matrix[i][j], matrix[j][i] = r, r
		}
	}
	return matrix, nil
}

// CorrelationRatio is η, the share of a column's deviation that its classes explain: the root of the sum of squares between the classes
// by the total sum of squares (R. A. Fisher, "Statistical Methods for Research Workers", 1925). It lies between 0 and 1, and is for
// classes without an order what Pearson's coefficient is for numbers. A column of one value gives NaN. Class i is that of row i.
func CorrelationRatio(values []float64, classes []int) (float64, error) {
	if len(values) != len(classes) {
		return 0, fmt.Errorf("describe: %d values and %d classes", len(values), len(classes))
	}
	sums, counts := map[int]float64{}, map[int]float64{}
	for i, v := range values {
		sums[classes[i]] += v
		counts[classes[i]]++
	}
	mean := stat.Mean(values, nil)
	var between, total float64
	for i, v := range values {
		class := classes[i]
		d := sums[class]/counts[class] - mean
		between += d * d
		total += (v - mean) * (v - mean)
	}
	return math.Sqrt(between / total), nil
}
