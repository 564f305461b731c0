package monitoring

import "math"

// judge counts the predictions whose truth is known.
func (r *Result) judge(predictions []Prediction) {
	for i := range predictions {
		if predictions[i].Truth == "" {
			continue
		}
		r.Judged++
		if predictions[i].Truth == predictions[i].Label {
			r.Correct++
		}
	}
}

// Accuracy is the share of the judged predictions that were right, NaN when none was judged. Feedback comes late: look at a window again, by
// Range.From and To, for that of today, or at the view judged_predictions, which is always of today.
func (r *Result) Accuracy() float64 {
	if r.Judged == 0 {
		return math.NaN()
	}
	return float64(r.Correct) / float64(r.Judged)
}
