package pipeline

import (
	"fmt"
	"slices"
)

// Halving stops trials that fall behind early: successive halving, asynchronous, with the number of trees as the resource. It costs no
// tree twice, because the first k trees of a forest are the forest of k trees.
//
// A trial that is to have n trees is scored when it has MinTrees, MinTrees·Factor, MinTrees·Factor², … of them, below n: its rungs. It
// goes on while its accuracy is among the best 1/Factor of those that were measured at this rung, its own included (the best one, where that
// is less than one); equal ones go on. That is the rule of Optuna's SuccessiveHalvingPruner with min_resource=MinTrees and
// reduction_factor=Factor, over the trials that had ended when this one was proposed; what runs at the same time is not waited for, and
// a trial needs no news once it has begun.
//
// Who stops is told to the TPE sampler as pruned, with the accuracies at its rungs. In MLflow it is the finished run of the forest
// that it had become. A study with it does not try what Optuna without a pruner tries, so it is off by default; the exhaustive sampler, which
// scores every number of trees anyway, refuses it.
type Halving struct {
	// MinTrees is the first rung; 0 means 32.
	MinTrees int `json:"min_trees"`
	// Factor is how many trials come to a rung for each that goes on, 2 or more; 0 means 4.
	Factor int `json:"factor"`
}

// Limit is the accuracy that a trial needs with its first Trees trees to go on.
type Limit struct {
	Trees    int     `json:"trees"`
	Accuracy float64 `json:"accuracy"`
}

// complete checks the rule and fills it in.
func (h *Halving) complete() (*Halving, error) {
	if h == nil {
		return nil, nil
	}
	full := *h
	if full.MinTrees == 0 {
		full.MinTrees = 32
	}
	if full.Factor == 0 {
		full.Factor = 4
	}
	if full.MinTrees < 1 || full.Factor < 2 {
		return nil, fmt.Errorf("halving from %d trees by a factor of %d: at least 1 tree and a factor of 2 are needed", h.MinTrees, h.Factor)
	}
	return &full, nil
}

// rungs lists the numbers of trees below n at which a trial is judged.
func (h *Halving) rungs(n int) []int {
	if h == nil {
		return nil
	}
	var all []int
	for trees := h.MinTrees; trees < n; trees *= h.Factor {
		all = append(all, trees)
	}
	return all
}

// limits gives what a trial of n trees must reach, from what earlier ones did.
func (h *Halving) limits(n int, earlier []Trial) []Limit {
	var all []Limit
	for _, trees := range h.rungs(n) {
		limit := Limit{Trees: trees}
		var measured []float64
		for _, trial := range earlier {
			for _, point := range trial.Curve {
				if point.Trees == trees && !trial.onlyPassed(point) {
					measured = append(measured, point.Accuracy)
				}
			}
		}
		if at := max(1, (len(measured)+1)/h.Factor); at <= len(measured) {
			slices.Sort(measured)
			limit.Accuracy = measured[len(measured)-at]
		}
		all = append(all, limit)
	}
	return all
}

// onlyPassed tells a point of the curve at which the trial was not judged, because it was the whole forest.
func (t Trial) onlyPassed(point CurvePoint) bool {
	return !t.Stopped && point.Trees == t.Params.NEstimators
}
