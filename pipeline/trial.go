package pipeline

import (
	"context"
	"time"

	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/score"
)

// Trial is one set of hyper-parameters with what it achieved on the test part.
type Trial struct {
	// Number counts the trials of a study from 1.
	Number int
	Params forest.Params
	// Report holds the figures of the test part; Report.Accuracy is what a study maximises.
	Report *score.Report
	// FitTime and ScoreTime are wall time.
	FitTime, ScoreTime time.Duration
	// Curve is the accuracy of the forest's first trees, where a study measured it.
	Curve []CurvePoint
	// Points is the number of points of the space that this trial settles: 1, or more with the exhaustive sampler.
	Points int
	// Stopped tells that a [Halving] ended the trial early. It is then what it had become, the forest of fewer trees: Params names their
	// number, and all figures are that forest's.
	Stopped bool
	// Restored tells that the trial was finished before the study was taken up again.
	Restored bool
	// RunID is the trial's run in MLflow, empty when the study is not tracked.
	RunID string

	// ended is when the figures were known, so that logging them twice, to the run and to its model, makes one point.
	ended time.Time
	// place orders the trials as one that runs after the other has them; what runs at once may number them otherwise.
	place int
	// deepest is the depth of the deepest tree.
	deepest int
	// logged tells that the trial's run in MLflow is complete already.
	logged bool
}

// CurvePoint is the accuracy of the forest of the first Trees trees.
type CurvePoint struct {
	Trees    int
	Accuracy float64
}

// try trains a forest on the split's training part and scores it on the test part.
func try(ctx context.Context, split *Split, params forest.Params, opts ...forest.Option) (Trial, *forest.Classifier, error) {
	trial := Trial{Params: params, Points: 1}
	start := time.Now()
	model, err := forest.Fit(ctx, split.TrainX, split.TrainY, params, opts...)
	if err != nil {
		return trial, nil, err
	}
	trial.FitTime = time.Since(start)
	start = time.Now()
	predicted, err := model.Predict(ctx, split.TestX)
	if err != nil {
		return trial, nil, err
	}
	trial.ScoreTime = time.Since(start)
	trial.ended = time.Now()
	trial.Report, err = score.New(split.TestY, predicted)
	return trial, model, err
}
