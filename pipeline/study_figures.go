package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/chart"
	"mlopsgo/pipeline/forest"
)

// pictured is how many of the best trials get a picture of their confusion matrix. Every trial has the matrix itself as a tag; a picture costs as
// much time as a small forest, so only those that somebody will compare get one, when the study is over.
const pictured = 5

// pictureKey names the picture, which MLflow's image charts compare between runs.
const pictureKey = "confusion_matrix"

// conclude writes down what a study came to, on its run: the note, pictures of the best trial, and of the other best ones on theirs.
func (t *tracking) conclude(ctx context.Context, s Study, trials []Trial, complete bool) error {
	text := s.note() + s.result(trials)
	if !complete {
		text += fmt.Sprintf("\nThe study was ended early; `go run ./pipeline/hpo --resume %s` carries it on.\n", t.study.ID)
	}
	if err := t.study.SetTag(ctx, mlflowclient.TagNote, text); err != nil {
		return fmt.Errorf("describe the study's run: %w", err)
	}
	if !complete || len(trials) == 0 || t.tracker.plain {
		return nil
	}
	best := Best(trials)
	err := t.importances(ctx, s, best[0])
	for i, trial := range best[:min(pictured, len(best))] {
		if trial.Report.Confusion == nil {
			continue
		}
		picture, drawErr := s.Split.confusion(trial)
		if drawErr != nil {
			return errors.Join(err, drawErr)
		}
		if i == 0 {
			err = errors.Join(err, t.study.LogImage(ctx, mlflowclient.Image{Key: pictureKey, Picture: picture}))
		}
		err = errors.Join(err, t.picture(ctx, trial, picture))
	}
	if err != nil {
		return fmt.Errorf("the study's pictures: %w", err)
	}
	return nil
}

// picture logs a confusion matrix to a trial's run, which has ended.
func (t *tracking) picture(ctx context.Context, trial Trial, picture image.Image) error {
	run, err := t.tracker.Client.Runs.Get(ctx, trial.RunID)
	if err != nil || run.Tags[mlflowclient.TagLoggedImages] != "" {
		return err // an earlier process of the study has drawn it
	}
	return t.tracker.Client.Attach(run.RunInfo).LogImage(ctx, mlflowclient.Image{Key: pictureKey, Picture: picture})
}

// importances trains the best forest once more, because forests are not kept, and draws what its features tell.
func (t *tracking) importances(ctx context.Context, s Study, best Trial) error {
	model, err := forest.Fit(ctx, s.Split.TrainX, s.Split.TrainY, best.Params)
	if err != nil {
		return err
	}
	values, order := model.FeatureImportances(), make([]int, len(s.Split.Features))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	order = order[:min(mostBars, len(order))]
	var names []string
	var sizes []float64
	for _, i := range order {
		names, sizes = append(names, s.Split.Features[i]), append(sizes, values[i])
	}
	picture, err := chart.Bars(fmt.Sprintf("Feature importances of trial %d", best.Number), "mean decrease in impurity", names, sizes)
	if err != nil {
		return err
	}
	return t.study.LogImage(ctx, mlflowclient.Image{Key: "feature_importances", Picture: picture})
}

// mostBars is how many features the chart of importances shows.
const mostBars = 30

// confusion draws a trial's confusion matrix.
func (s *Split) confusion(trial Trial) (image.Image, error) {
	var names []string
	for _, class := range trial.Report.Classes {
		names = append(names, s.Classes.Text(class))
	}
	return chart.Confusion(fmt.Sprintf("Trial %d, accuracy %v", trial.Number, trial.Report.Accuracy), names, trial.Report.Confusion)
}
