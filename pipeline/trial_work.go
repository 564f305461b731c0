package pipeline

import (
	"context"
	"slices"
	"time"

	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/score"
)

// assignment is a trial that is to be carried out.
type assignment struct {
	number int
	// place is Trial.place.
	place int
	// params are those of the largest forest that may be needed.
	params forest.Params
	// sizes are, for the exhaustive sampler, the numbers of trees to choose from: the best becomes the trial. None means params as they are.
	sizes []int
	// points are how many points of the space each of the sizes settles, before it is known how deep the trees are; 1 without sizes.
	points int
	// limits may stop the trial, see [Halving].
	limits []Limit
	// told are the trials whose results were known when this one was proposed.
	told numberSet

	// runID is the run in MLflow, when there is one already, and attempt counts the flow runs that were made for it.
	runID   string
	attempt int
}

// carry does the work: it grows the forest, as far as the limits let it, and scores its first trees on the way.
func (a *assignment) carry(ctx context.Context, split *Split) (Trial, error) {
	trial := Trial{Number: a.number, place: a.place, Params: a.params, Points: 1}
	model, err := a.grow(ctx, split, &trial)
	if err != nil {
		return trial, err
	}
	for _, tree := range model.Trees() {
		trial.deepest = max(trial.deepest, tree.MaxDepth)
	}
	start := time.Now()
	sizes := a.scored(model.NEstimators())
	predicted, err := model.PredictAt(ctx, split.TestX, sizes...)
	if err != nil {
		return trial, err
	}
	trial.ScoreTime += time.Since(start)
	trial.ended = time.Now()
	best := len(sizes) - 1
	for i, size := range sizes {
		trial.Curve = append(trial.Curve, CurvePoint{Trees: size, Accuracy: score.Accuracy(split.TestY, predicted[i])})
		if len(a.sizes) > 0 && (i == 0 || trial.Curve[i].Accuracy > trial.Curve[best].Accuracy) {
			best = i
		}
	}
	trial.Params.NEstimators = sizes[best]
	trial.Report, err = score.New(split.TestY, predicted[best])
	return trial, err
}

// grow trains the forest from limit to limit. It sets trial.Stopped at the first that is not reached.
func (a *assignment) grow(ctx context.Context, split *Split, trial *Trial) (*forest.Classifier, error) {
	start := time.Now()
	params := a.params
	if len(a.limits) > 0 {
		params.NEstimators = a.limits[0].Trees
	}
	model, err := forest.Fit(ctx, split.TrainX, split.TrainY, params)
	if err != nil {
		return nil, err
	}
	for i, limit := range a.limits {
		predicted, err := model.Predict(ctx, split.TestX)
		if err != nil {
			return nil, err
		}
		if score.Accuracy(split.TestY, predicted) < limit.Accuracy {
			trial.Stopped = true
			break
		}
		next := a.params.NEstimators
		if i+1 < len(a.limits) {
			next = a.limits[i+1].Trees
		}
		if err := model.Grow(ctx, next); err != nil {
			return nil, err
		}
	}
	trial.FitTime = time.Since(start)
	return model, nil
}

// scored lists the sizes at which a forest is scored: those to choose from, or 1, 2, 4, … with the limits on the way and the whole forest.
func (a *assignment) scored(trees int) []int {
	if len(a.sizes) > 0 {
		return a.sizes
	}
	sizes := []int{trees}
	for size := 1; size < trees; size *= 2 {
		sizes = append(sizes, size)
	}
	for _, limit := range a.limits {
		if limit.Trees < trees {
			sizes = append(sizes, limit.Trees)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}
