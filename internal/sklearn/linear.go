package sklearn

import "math"

// linear is LogisticRegression and LinearSVC: a weighted sum for each class, or of two classes for the second alone.
type linear struct {
	weights, offsets []float64
	classes          int
	logistic         bool
}

func newLinearSVC(f *fields, features, classes int) classifier {
	c := &linear{classes: classes}
	rows := classes
	if classes == 2 {
		rows = 1
	}
	c.weights = f.floats("coef_", rows, features)
	if _, single := f.value("intercept_").(float64); single { // of fit_intercept=False
		c.offsets = make([]float64, rows)
		return c
	}
	if a := f.array("intercept_", -1); a != nil {
		c.offsets = f.floats("intercept_", rows)
	}
	return c
}

func newLogistic(f *fields, features, classes int) classifier {
	if f.has("multi_class") {
		checkRule(f, classes)
	}
	c, _ := newLinearSVC(f, features, classes).(*linear)
	c.logistic = true
	return c
}

// checkRule refuses models of scikit-learn before 1.8 whose probabilities are others than those that this package computes: several
// classes by one logistic function each, and two by the softmax of both.
func checkRule(f *fields, classes int) {
	rule, solver := f.text("multi_class"), f.text("solver")
	each := rule == "ovr" || rule == "warn" || (rule != "multinomial" && solver == "liblinear")
	if (each && classes > 2) || (rule == "multinomial" && classes == 2) {
		f.unsupported("multi_class=%q with solver=%q of %d classes, which scikit-learn 1.8 removed; train it anew with that version or a later one",
			rule, solver, classes)
	}
}

func (c *linear) probabilities() bool   { return c.logistic }
func (c *linear) check(v float64) error { return checkFinite(v) }

func (c *linear) classify(w *work, x []float64, labels []int, probabilities []float64) {
	n := len(c.offsets)
	features := len(c.weights) / n
	w.numbers = resize(w.numbers, n)
	for i := range labels {
		row := x[i*features : (i+1)*features]
		for k := range w.numbers {
			w.numbers[k] = dot(c.weights[k*features:(k+1)*features], row) + c.offsets[k]
		}
		labels[i] = sign(w.numbers)
		if c.logistic {
			shares(probabilities[i*c.classes:(i+1)*c.classes], w.numbers)
		}
	}
}

// sign is the class that sums mean: of one, the second if it is positive.
func sign(sums []float64) int {
	if len(sums) == 1 {
		if sums[0] > 0 {
			return 1
		}
		return 0
	}
	var label [1]int
	firstLargest(sums, label[:])
	return label[0]
}

// shares writes the probabilities that sums mean: the logistic function of one, the softmax of several.
func shares(into, sums []float64) {
	if len(sums) == 1 {
		into[1] = logistic(sums[0])
		into[0] = 1 - into[1]
		return
	}
	most := math.Inf(-1)
	for _, v := range sums {
		most = max(most, v)
	}
	total := 0.0
	for k, v := range sums {
		into[k] = math.Exp(v - most)
		total += into[k]
	}
	for k := range into {
		into[k] /= total
	}
}

func logistic(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
