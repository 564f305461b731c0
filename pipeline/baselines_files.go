package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/chart"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/score"
)

// keepFiles logs the pictures that autolog draws of the training part, those of the test part beside them, and a description of the pipeline.
func (r *baselineRecorder) keepFiles(ctx context.Context, run *mlflowclient.ActiveRun, kind baselineKind, model *fittedBaseline, one Baseline) error {
	for _, part := range []struct {
		prefix string
		x      forest.Matrix
		truth  []int
		report *score.Report
	}{
		{"training_", r.Split.TrainX, r.Split.TrainY, one.Training},
		{"test_", r.Split.TestX, r.Split.TestY, one.Test},
	} {
		pictures, err := r.pictures(ctx, kind, model, part.x, part.truth, part.report)
		if err != nil {
			return err
		}
		for name, picture := range pictures {
			if err := run.LogImageFile(ctx, part.prefix+name+".png", picture); err != nil {
				return err
			}
		}
	}
	return errors.Join(
		run.LogText(ctx, "estimator.html", kind.html()),
		run.LogDict(ctx, "metric_info.json", map[string]string{"Pipeline_score_X_test": "Pipeline.score(X=X_test, y=y_test)"}),
	)
}

// pictures are a confusion matrix, and for two classes the two curves.
func (r *baselineRecorder) pictures(
	ctx context.Context, kind baselineKind, model *fittedBaseline, x forest.Matrix, truth []int, report *score.Report,
) (map[string]image.Image, error) {
	var names []string
	for _, class := range report.Classes {
		names = append(names, r.Split.Classes.Text(class))
	}
	confusion, err := chart.Confusion(kind.class+": confusion matrix", names, report.Confusion)
	if err != nil {
		return nil, err
	}
	pictures := map[string]image.Image{"confusion_matrix": confusion}
	steps, err := model.steps(ctx, x, truth)
	if steps == nil || err != nil {
		return pictures, err
	}
	x0, y0, area := score.ROC(steps)
	if pictures["roc_curve"], err = curve(chart.Lines{
		Title: kind.class + ": ROC curve", XLabel: "false positive rate", YLabel: "true positive rate", Diagonal: true, LegendBelow: true,
		Series: []chart.Line{{Name: fmt.Sprintf("area %.3f", area), X: x0, Y: y0}},
	}); err != nil {
		return nil, err
	}
	recall, precision, average := score.PrecisionRecall(steps)
	pictures["precision_recall_curve"], err = curve(chart.Lines{
		Title: kind.class + ": precision-recall curve", XLabel: "recall", YLabel: "precision", LegendBelow: true,
		Series: []chart.Line{{Name: fmt.Sprintf("average precision %.3f", average), X: recall, Y: precision}},
	})
	return pictures, err
}

func curve(lines chart.Lines) (image.Image, error) {
	picture, err := lines.Draw()
	if err != nil {
		return nil, err
	}
	return picture.Image()
}

// steps are the thresholds of the second of two classes; nil when there are not two, or not both among the rows.
func (f *fittedBaseline) steps(ctx context.Context, x forest.Matrix, truth []int) ([]score.Step, error) {
	if len(f.classes) != 2 {
		return nil, nil
	}
	answer, column := f.decision, 0
	if answer == nil {
		answer, column = f.proba, 1
	}
	values, err := answer(ctx, x)
	if err != nil {
		return nil, err
	}
	positive, scores, count := make([]bool, len(truth)), make([]float64, len(truth)), 0
	for i, class := range truth {
		scores[i] = values.Row(i)[column]
		if positive[i] = class == f.classes[1]; positive[i] {
			count++
		}
	}
	if count == 0 || count == len(truth) {
		return nil, nil
	}
	return score.Steps(positive, scores)
}
