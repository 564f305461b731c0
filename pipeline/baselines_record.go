package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"mlopsgo/internal/dataset"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/score"
)

// baselineRecorder writes baselines to MLflow, as mlflow.sklearn.autolog does with a Pipeline that is fitted, and scored on X_test.
type baselineRecorder struct {
	Baselines
	experiment string
	inputs     []mlflowclient.DatasetInput
}

// inputs are the table, and its features in the training part, of which autolog makes a data set named "dataset".
func (b Baselines) inputs() ([]mlflowclient.DatasetInput, error) {
	whole := b.Data.TrainingInput(b.Client)
	features, err := b.Data.Table.Select(b.Split.Features...)
	if err != nil {
		return nil, err
	}
	if features, err = features.Take(b.Split.trainRows...); err != nil {
		return nil, err
	}
	training := whole
	record := features.Named("dataset").Record(dataset.Source{})
	training.Name, training.Digest, training.Schema, training.Profile = record.Name, record.Digest, record.Schema, record.Profile
	training.Context = "train"
	return []mlflowclient.DatasetInput{training, whole}, nil
}

// carryOut trains one classifier within a run of its own.
func (r *baselineRecorder) carryOut(ctx context.Context, kind baselineKind) (one Baseline, err error) {
	if r.Client == nil {
		one, _, err = r.train(ctx, kind)
		return one, err
	}
	if run := r.recorded[kind.class]; run != nil {
		one, _, err = r.train(ctx, kind)
		one.RunID, one.ExperimentID = run.ID, run.ExperimentID
		if len(run.ModelOutputs) > 0 {
			one.ModelID = run.ModelOutputs[0].ModelID
		}
		return one, err
	}
	tags := map[string]string{"estimator_name": "Pipeline", "estimator_class": "sklearn.pipeline.Pipeline"}
	maps.Copy(tags, r.Tags)
	start := mlflowclient.StartRun{
		ExperimentID: r.experiment, Name: kind.class, Tags: tags,
		Description: fmt.Sprintf("scikit-learn's %s with its default parameters, behind a StandardScaler.", kind.class),
	}
	err = r.Client.Track(ctx, start, func(ctx context.Context, run *mlflowclient.ActiveRun) (err error) {
		one, err = r.inRun(ctx, run, kind)
		return err
	})
	return one, err
}

func (r *baselineRecorder) inRun(ctx context.Context, run *mlflowclient.ActiveRun, kind baselineKind) (Baseline, error) {
	params := kind.pipelineParams()
	err := errors.Join(
		run.LogBatch(ctx, mlflowclient.Batch{Params: params}),
		run.LogInputs(ctx, mlflowclient.Inputs{Datasets: r.inputs}),
	)
	if err != nil {
		return Baseline{}, err
	}
	one, model, err := r.train(ctx, kind)
	if err != nil {
		return one, err
	}
	one.RunID, one.ExperimentID = run.ID, run.ExperimentID
	training, err := r.figures(ctx, "training_", model, r.Split.TrainX, r.Split.TrainY, one.Training)
	if err != nil {
		return one, err
	}
	training = append(training, mlflowclient.Metric{Key: "training_score", Value: one.Training.Accuracy})
	test, err := r.figures(ctx, "test_", model, r.Split.TestX, r.Split.TestY, one.Test)
	if err != nil {
		return one, err
	}
	test = append(
		test,
		mlflowclient.Metric{Key: "Pipeline_score_X_test", Value: one.Test.Accuracy},
		mlflowclient.Metric{Key: "accuracy", Value: one.Test.Accuracy},
		mlflowclient.Metric{Key: "f1_macro", Value: one.Test.Macro.F1},
		mlflowclient.Metric{Key: "fit_time", Value: one.FitTime.Seconds()},
		mlflowclient.Metric{Key: "score_time", Value: one.ScoreTime.Seconds()},
	)
	if one.ModelID, err = r.keepModel(ctx, run, model, params, training); err != nil {
		return one, err
	}
	for i := range test {
		test[i].ModelID = one.ModelID
	}
	if err := run.LogBatch(ctx, mlflowclient.Batch{Metrics: test}); err != nil {
		return one, err
	}
	return one, r.keepFiles(ctx, run, kind, model, one)
}

// figures are those that autolog records of a part.
func (r *baselineRecorder) figures(
	ctx context.Context, prefix string, model *fittedBaseline, x forest.Matrix, truth []int, report *score.Report,
) ([]mlflowclient.Metric, error) {
	mean := report.Weighted()
	metrics := []mlflowclient.Metric{
		{Key: prefix + "precision_score", Value: mean.Precision},
		{Key: prefix + "recall_score", Value: mean.Recall},
		{Key: prefix + "f1_score", Value: mean.F1},
		{Key: prefix + "accuracy_score", Value: report.Accuracy},
	}
	if model.proba == nil {
		return metrics, nil
	}
	shares, err := model.proba(ctx, x)
	if err != nil {
		return nil, err
	}
	answers := score.Probabilities{Classes: model.classes, Data: shares.Data}
	for _, figure := range []struct {
		name string
		of   func([]int) (float64, error)
	}{{"log_loss", answers.LogLoss}, {"roc_auc", answers.AUC}} {
		value, err := figure.of(truth)
		if errors.Is(err, score.ErrUndefined) {
			continue // a class that the part lacks: autolog leaves the figure out, too
		}
		if err != nil {
			return nil, err
		}
		metrics = append(metrics, mlflowclient.Metric{Key: prefix + figure.name, Value: value})
	}
	return metrics, nil
}

// keepModel logs the pipeline as a model.
func (r *baselineRecorder) keepModel(
	ctx context.Context, run *mlflowclient.ActiveRun, model *fittedBaseline, params map[string]string, metrics []mlflowclient.Metric,
) (id string, err error) {
	logged, err := run.LogModel(ctx, mlflowclient.LogModel{
		Name: LoggedModelName, Type: "classifier", Params: params, Metrics: metrics, Dataset: &r.inputs[0],
		Files: func(modelID string) ([]mlmodel.File, error) {
			entry, err := r.Client.LoggedModels.Get(ctx, modelID)
			if err != nil {
				return nil, err
			}
			export, err := model.export(ctx)
			if err != nil {
				return nil, err
			}
			export.ArtifactPath, export.RunID, export.ModelID = entry.ArtifactURI, run.ID, modelID
			return export.Files()
		},
	})
	if err != nil {
		return "", fmt.Errorf("log the model: %w", err)
	}
	return logged.ID, nil
}
