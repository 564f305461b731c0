package score

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrUndefined is in the chain of errors for a figure that the rows at hand do not define, such as the area under a curve of one class.
var ErrUndefined = errors.New("score: the figure is not defined on these rows")

// Probabilities are a classifier's answers as shares: row r of class c has Data[r*len(Classes)+c].
type Probabilities struct {
	Classes []int // ascending
	Data    []float64
}

func (p Probabilities) row(r int) []float64 { return p.Data[r*len(p.Classes) : (r+1)*len(p.Classes)] }

// columns finds the column of each true class. All classes must be there, as scikit-learn demands.
func (p Probabilities) columns(truth []int) ([]int, error) {
	if len(p.Classes) == 0 || len(p.Data) != len(truth)*len(p.Classes) || len(truth) == 0 {
		return nil, fmt.Errorf("score: %d probabilities for %d rows of %d classes", len(p.Data), len(truth), len(p.Classes))
	}
	columns, seen := make([]int, len(truth)), make([]bool, len(p.Classes))
	for r, class := range truth {
		column, found := slices.BinarySearch(p.Classes, class)
		if !found {
			return nil, fmt.Errorf("%w: class %d has no probabilities", ErrUndefined, class)
		}
		columns[r], seen[column] = column, true
	}
	if missing := slices.Index(seen, false); missing >= 0 {
		return nil, fmt.Errorf("%w: no row has class %d", ErrUndefined, p.Classes[missing])
	}
	return columns, nil
}

// LogLoss is the mean of −log of the probability of the true class, probabilities kept away from 0 and 1 by 2⁻⁵²: scikit-learn's log_loss. It
// fails with [ErrUndefined] when a class has no row or a row has an unknown class.
func (p Probabilities) LogLoss(truth []int) (float64, error) {
	columns, err := p.columns(truth)
	if err != nil {
		return 0, err
	}
	const eps = 0x1p-52
	sum := 0.0
	for r, column := range columns {
		sum -= math.Log(min(max(p.row(r)[column], eps), 1-eps))
	}
	return sum / float64(len(truth)), nil
}

// AUC is the area under the ROC curve: that of the second class for two, otherwise the mean over all pairs of classes, each weighted by its
// rows: scikit-learn's roc_auc_score with average="weighted", multi_class="ovo" (Hand & Till 2001). It fails as LogLoss does.
func (p Probabilities) AUC(truth []int) (float64, error) {
	columns, err := p.columns(truth)
	if err != nil {
		return 0, err
	}
	if len(p.Classes) < 2 {
		return 0, fmt.Errorf("%w: the area under the curve of one class", ErrUndefined)
	}
	if len(p.Classes) == 2 {
		return p.pairArea(columns, 1, 0), nil
	}
	rows := make([]float64, len(p.Classes))
	for _, column := range columns {
		rows[column]++
	}
	sum, weights := 0.0, 0.0
	for a := range p.Classes {
		for b := a + 1; b < len(p.Classes); b++ {
			sum += (rows[a] + rows[b]) * (p.pairArea(columns, a, b) + p.pairArea(columns, b, a)) / 2
			weights += rows[a] + rows[b]
		}
	}
	return sum / weights, nil
}

// pairArea is the area for class a against b by the probability of a, among the rows of both.
func (p Probabilities) pairArea(columns []int, a, b int) float64 {
	var positive []bool
	var scores []float64
	for r, column := range columns {
		if column == a || column == b {
			positive, scores = append(positive, column == a), append(scores, p.row(r)[a])
		}
	}
	return area(count(positive, scores))
}

// Step is a threshold's effect: the rows with a score of at least Threshold, those that are positive and the others.
type Step struct {
	Threshold         float64
	TruePos, FalsePos int
}

// Steps counts, for each distinct score in descending order, what a classifier would find that takes it as its threshold. ROC and
// precision-recall curves are drawn from it. Lengths must be equal.
func Steps(positive []bool, scores []float64) ([]Step, error) {
	if len(positive) != len(scores) || len(positive) == 0 {
		return nil, fmt.Errorf("score: %d scores for %d rows", len(scores), len(positive))
	}
	return count(positive, scores), nil
}

func count(positive []bool, scores []float64) []Step {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	var steps []Step
	var now Step
	for i, row := range order {
		now.Threshold = scores[row]
		if positive[row] {
			now.TruePos++
		} else {
			now.FalsePos++
		}
		if i+1 == len(order) || scores[order[i+1]] != now.Threshold {
			steps = append(steps, now)
		}
	}
	return steps
}

// area is that under the ROC curve, by trapezia.
func area(steps []Step) float64 {
	last := steps[len(steps)-1]
	sum := 0.0
	var before Step
	for _, s := range steps {
		sum += float64(s.FalsePos-before.FalsePos) * float64(s.TruePos+before.TruePos) / 2
		before = s
	}
	return sum / float64(last.TruePos) / float64(last.FalsePos)
}

// ROC are the points of the ROC curve, from (0,0) to (1,1): the share of the other rows and that of the positive rows which a threshold
// finds; and the area under it. Both kinds of rows must be there.
func ROC(steps []Step) (falsePositive, truePositive []float64, under float64) {
	last := steps[len(steps)-1]
	falsePositive, truePositive = []float64{0}, []float64{0}
	for _, s := range steps {
		falsePositive = append(falsePositive, float64(s.FalsePos)/float64(last.FalsePos))
		truePositive = append(truePositive, float64(s.TruePos)/float64(last.TruePos))
	}
	return falsePositive, truePositive, area(steps)
}

// PrecisionRecall are the points of the precision-recall curve by rising recall, after one of recall 0 and precision 1; and the average
// precision, each threshold's weighted by the recall that it adds. There must be a positive row.
func PrecisionRecall(steps []Step) (recall, precision []float64, average float64) {
	last := steps[len(steps)-1]
	recall, precision = []float64{0}, []float64{1}
	for _, s := range steps {
		r, p := float64(s.TruePos)/float64(last.TruePos), float64(s.TruePos)/float64(s.TruePos+s.FalsePos)
		average += (r - recall[len(recall)-1]) * p
		recall, precision = append(recall, r), append(precision, p)
	}
	return recall, precision, average
}
