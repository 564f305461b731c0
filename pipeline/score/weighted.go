package score

// Weighted is the mean of PerClass weighted by the number of rows of each true class: scikit-learn's average="weighted". Its Support is the
// number of rows.
func (r *Report) Weighted() ClassReport {
	var mean ClassReport
	for _, class := range r.PerClass {
		n := float64(class.Support)
		mean.Precision += n * class.Precision
		mean.Recall += n * class.Recall
		mean.F1 += n * class.F1
		mean.Support += class.Support
	}
	rows := float64(mean.Support)
	mean.Precision /= rows
	mean.Recall /= rows
	mean.F1 /= rows
	return mean
}
