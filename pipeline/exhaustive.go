package pipeline

import (
	"context"
	"fmt"
	"slices"

	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/score"
)

// runExhaustive settles every point of the space with as few forests as possible. Three rules, all exact, make points share one:
//
//   - the first k trees of a forest are the forest of k trees, so the largest n_estimators serves all;
//   - points of one [family] have the same trees;
//   - a max_depth that no tree of the forest reaches acts like none, so all larger ones give the same forest.
//
// Each forest is one trial. Its Params are the best point among those it settles (the fewest trees of equally accurate ones, the
// smallest depth and split), and its Curve the accuracy at every n_estimators of the space.
func (s Study) runExhaustive(ctx context.Context, tracking *tracking) ([]Trial, error) {
	families, err := s.Space.families(s.Split.TrainX.Cols)
	if err != nil {
		return nil, err
	}
	var trials []Trial
	depths := values(s.Space.MaxDepth)
	for _, family := range families {
		for i, depth := range depths {
			number := len(trials) + 1
			params := family.params
			params.MaxDepth = depth
			trial, deepest, err := s.settle(ctx, params)
			if err != nil {
				return trials, err
			}
			trial.Number = number
			equalDepths := 1
			if deepest < depth {
				equalDepths = len(depths) - i
			}
			trial.Points = family.equal * equalDepths * len(trial.Curve)
			tracking.start(number, trial.Params)
			trials = append(trials, trial)
			s.finished(trial, tracking)
			if deepest < depth {
				break
			}
		}
	}
	return trials, nil
}

// settle trains one forest and scores every prefix that the space names. It also returns the depth of the deepest tree.
func (s Study) settle(ctx context.Context, params forest.Params) (trial Trial, deepest int, err error) {
	trial, model, err := try(ctx, s.Split, params)
	if err != nil {
		return trial, 0, err
	}
	for _, tree := range model.Trees() {
		deepest = max(deepest, tree.MaxDepth)
	}
	sizes := values(s.Space.NEstimators)
	best := -1.0
	for trees, predicted := range model.StagedPredict(ctx, s.Split.TestX) {
		if _, wanted := slices.BinarySearch(sizes, trees); !wanted {
			continue
		}
		accuracy := score.Accuracy(s.Split.TestY, predicted)
		trial.Curve = append(trial.Curve, CurvePoint{Trees: trees, Accuracy: accuracy})
		if accuracy <= best {
			continue
		}
		best = accuracy
		trial.Params.NEstimators = trees
		if trial.Report, err = score.New(s.Split.TestY, predicted); err != nil {
			return trial, 0, err
		}
	}
	if err := ctx.Err(); err != nil {
		return trial, 0, err
	}
	if len(trial.Curve) != len(sizes) {
		return trial, 0, fmt.Errorf("%d of %d forest sizes were scored", len(trial.Curve), len(sizes))
	}
	return trial, deepest, nil
}
