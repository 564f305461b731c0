package forest

import "slices"

// Sampling is what the trees of a forest drew their rows from.
type Sampling struct {
	// Rows is the number of rows the forest was trained on, Draws how many of them each tree drew; 0 without Bootstrap.
	Rows, Draws int
	// Weights are those of the rows that the classes' weights came to; nil when there were none, and for
	// ClassWeightBalancedSubsample, which weighs the rows of each tree by themselves.
	Weights []float64
}

// Sampling returns what the trees drew their rows from; false for a forest that came from Load, which does not hold it.
func (c *Classifier) Sampling() (Sampling, bool) {
	if c.plan == nil {
		return Sampling{}, false
	}
	s := Sampling{Rows: c.plan.data.rows, Weights: slices.Clone(c.plan.weights)}
	if c.plan.bootstrap != nil {
		s.Draws = c.plan.bootstrap.draws
	}
	return s, true
}
