package chart

import (
	"fmt"
	"image"
)

// Confusion draws a confusion matrix: counts[i][j] rows of true class classes[i] were predicted as classes[j]. A row stands for a true class, the
// first at the top, as scikit-learn draws it; a cell is the darker the larger its share of its row is. It fails when the matrix is not
// square or has no class.
func Confusion(title string, classes []string, counts [][]int) (image.Image, error) {
	n := len(classes)
	if n == 0 || len(counts) != n {
		return nil, fmt.Errorf("chart: a confusion matrix of %d classes with %d rows", n, len(counts))
	}
	h := HeatMap{Title: title, XLabel: "predicted", YLabel: "true", Rows: classes, Columns: classes, Format: "%.0f", Low: 0, High: 1}
	for _, row := range counts {
		total := 0
		for _, count := range row {
			total += count
		}
		values, shares := make([]float64, len(row)), make([]float64, len(row))
		for j, count := range row {
			values[j], shares[j] = float64(count), float64(count)/float64(max(total, 1))
		}
		h.Values, h.Shades = append(h.Values, values), append(h.Shades, shares)
	}
	picture, err := h.Draw()
	if err != nil {
		return nil, err
	}
	return picture.Image()
}
