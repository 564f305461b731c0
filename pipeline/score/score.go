// Package score measures a classifier by its predictions, with scikit-learn's definitions: accuracy, and precision, recall and F1 of
// each class with their macro averages.
//
// A [Report] is made once from the true and the predicted classes; everything in it follows from the confusion matrix, so the figures
// of one report always belong together.
//
// A ratio without a denominator (a class that was never predicted has no precision) counts as 0, as scikit-learn counts it with
// zero_division="warn".
package score

import (
	"fmt"
	"slices"
)

// Report holds the figures of one set of predictions.
type Report struct {
	// Classes are the distinct classes of truth and prediction together, ascending.
	Classes []int
	// Confusion counts predictions: Confusion[i][j] rows of true class Classes[i] were predicted as Classes[j].
	Confusion [][]int
	// Accuracy is the share of rows whose prediction is right, in [0, 1].
	Accuracy float64
	// PerClass holds precision, recall and F1 in the order of Classes.
	PerClass []ClassReport
	// Macro is the unweighted mean of PerClass.
	Macro ClassReport
}

// ClassReport holds the figures of one class, each in [0, 1].
type ClassReport struct {
	Precision float64
	Recall    float64
	F1        float64
	// Support is the number of rows whose true class this is.
	Support int
}

// New compares predicted with true classes, row by row. It fails when the lengths differ or there is no row.
func New(truth, predicted []int) (*Report, error) {
	if len(truth) != len(predicted) {
		return nil, fmt.Errorf("score: %d true classes but %d predictions", len(truth), len(predicted))
	}
	if len(truth) == 0 {
		return nil, fmt.Errorf("score: no rows to score")
	}
	classes := slices.Concat(truth, predicted)
	slices.Sort(classes)
	report := &Report{Classes: slices.Compact(classes)}
	report.count(truth, predicted)
	report.rate(len(truth))
	return report, nil
}

// FromConfusion makes the report anew from its confusion matrix, from which everything in it follows: counts[i][j] rows of true class
// classes[i] were predicted as classes[j]. It fails when the matrix is not square, the classes are not ascending, a count is negative, or
// there is no row.
func FromConfusion(classes []int, counts [][]int) (*Report, error) {
	report, rows := &Report{Classes: slices.Clone(classes)}, 0
	for i, row := range counts {
		if i > 0 && i < len(classes) && classes[i] <= classes[i-1] || len(row) != len(classes) || len(counts) != len(classes) {
			return nil, fmt.Errorf("score: %d classes with a confusion matrix of %d rows, of which row %d has %d", len(classes), len(counts), i, len(row))
		}
		for _, n := range row {
			if n < 0 || rows+n < rows {
				return nil, fmt.Errorf("score: a confusion matrix with the count %d", n)
			}
			rows += n
		}
		report.Confusion = append(report.Confusion, slices.Clone(row))
	}
	if rows == 0 {
		return nil, fmt.Errorf("score: no rows to score")
	}
	report.rate(rows)
	return report, nil
}

// count fills the confusion matrix.
func (r *Report) count(truth, predicted []int) {
	r.Confusion = make([][]int, len(r.Classes))
	for i := range r.Confusion {
		r.Confusion[i] = make([]int, len(r.Classes))
	}
	for row := range truth {
		i, _ := slices.BinarySearch(r.Classes, truth[row])
		j, _ := slices.BinarySearch(r.Classes, predicted[row])
		r.Confusion[i][j]++
	}
}

// rate derives every ratio from the confusion matrix.
func (r *Report) rate(rows int) {
	right := 0
	for i := range r.Classes {
		hits, actual, claimed := r.Confusion[i][i], 0, 0
		for j := range r.Classes {
			actual += r.Confusion[i][j]
			claimed += r.Confusion[j][i]
		}
		right += hits
		class := ClassReport{
			Precision: ratio(hits, claimed),
			Recall:    ratio(hits, actual),
			F1:        ratio(2*hits, actual+claimed),
			Support:   actual,
		}
		r.PerClass = append(r.PerClass, class)
		r.Macro.Precision += class.Precision
		r.Macro.Recall += class.Recall
		r.Macro.F1 += class.F1
	}
	n := float64(len(r.Classes))
	r.Macro.Precision /= n
	r.Macro.Recall /= n
	r.Macro.F1 /= n
	r.Macro.Support = rows
	r.Accuracy = ratio(right, rows)
}

func ratio(numerator, denominator int) float64 {
	if denominator == 0 {
		return 0
	}
	return float64(numerator) / float64(denominator)
}

// Accuracy is the share of rows whose prediction is right: [Report.Accuracy] without the rest of the report. Lengths must be equal;
// rows past the shorter one count as wrong, no rows give 0.
func Accuracy(truth, predicted []int) float64 {
	right := 0
	for row := range min(len(truth), len(predicted)) {
		if truth[row] == predicted[row] {
			right++
		}
	}
	return ratio(right, max(len(truth), len(predicted)))
}
