package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/score"
)

// BaselinesExperiment is where the original keeps its first models.
const BaselinesExperiment = "red-wine-quality-prediction"

// Baselines are the four classifiers to start from, with scikit-learn's defaults behind a StandardScaler: LinearSVC, SVC,
// KNeighborsClassifier and RandomForestClassifier. Their predictions are scikit-learn's. Each becomes a run in MLflow that holds what
// mlflow.sklearn.autolog records for the same pipeline in Python.
type Baselines struct {
	Split *Split
	// Seed is the random_state of the forest; the others draw nothing at random.
	Seed uint32
	// Client is where the runs go; nil records nothing. Experiment is made when missing; empty is [BaselinesExperiment]. Data is the table
	// that Split comes from, logged as the runs' input.
	Client     *mlflowclient.Client
	Experiment string
	Data       *Data
	// Tags are set on every run, such as one that names a flow run.
	Tags map[string]string
	// OnStart is called with a classifier's name before it is trained, OnDone when it is trained and recorded. Nil is fine.
	OnStart func(name string)
	OnDone  func(Baseline)

	// recorded are the finished runs of an attempt before this one, by the classifiers' names: these are trained again and not recorded again.
	recorded map[string]*mlflowclient.Run
}

// Baseline is one of the classifiers with what it achieved.
type Baseline struct {
	// Name is scikit-learn's class.
	Name string
	// Training and Test hold the figures of both parts.
	Training, Test *score.Report
	// FitTime and ScoreTime are the wall time of training and of predicting the test part.
	FitTime, ScoreTime time.Duration
	// RunID, ExperimentID and ModelID name what was recorded in MLflow; empty without a client.
	RunID, ExperimentID, ModelID string

	// predicted is the test part's.
	predicted []int
}

// Predicted are the labels of the test part, in its order, as the integers of the split.
func (b Baseline) Predicted() []int { return b.predicted }

// BaselineNames are the classifiers in the order in which they are trained.
func BaselineNames() []string {
	var names []string
	for _, kind := range baselineKinds(0) {
		names = append(names, kind.class)
	}
	return names
}

// Run trains and records them one after the other. The first error ends it; what is recorded stays, and the run under way ends FAILED, or
// KILLED when the context ended.
func (b Baselines) Run(ctx context.Context) ([]Baseline, error) {
	record, err := b.recorder(ctx)
	if err != nil {
		return nil, err
	}
	var done []Baseline
	for _, kind := range baselineKinds(b.Seed) {
		if b.OnStart != nil {
			b.OnStart(kind.class)
		}
		one, err := record.carryOut(ctx, kind)
		if err != nil {
			return done, fmt.Errorf("baseline %s: %w", kind.class, err)
		}
		done = append(done, one)
		if b.OnDone != nil {
			b.OnDone(one)
		}
	}
	return done, nil
}

// recorder makes sure of the experiment.
func (b Baselines) recorder(ctx context.Context) (*baselineRecorder, error) {
	if b.Split == nil {
		return nil, fmt.Errorf("baselines without a split: nothing to learn from")
	}
	r := &baselineRecorder{Baselines: b}
	if b.Client == nil {
		return r, nil
	}
	if b.Data == nil {
		return nil, fmt.Errorf("baselines recorded without their table: set Baselines.Data")
	}
	name := cmp.Or(b.Experiment, BaselinesExperiment)
	experiment, err := b.Client.Experiments.GetOrCreate(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", name, err)
	}
	tracker := Tracker{Client: b.Client}
	if err := tracker.describe(ctx, experiment); err != nil {
		return nil, fmt.Errorf("experiment %q: %w", name, err)
	}
	r.experiment = experiment.ID
	if r.inputs, err = b.inputs(); err != nil {
		return nil, err
	}
	return r, nil
}

// train fits one classifier and measures it on both parts.
func (b Baselines) train(ctx context.Context, kind baselineKind) (Baseline, *fittedBaseline, error) {
	one := Baseline{Name: kind.class}
	start := time.Now()
	model, err := kind.fit(ctx, b.Split)
	if err != nil {
		return one, nil, err
	}
	one.FitTime = time.Since(start)
	start = time.Now()
	if one.predicted, err = model.predict(ctx, b.Split.TestX); err != nil {
		return one, nil, err
	}
	one.ScoreTime = time.Since(start)
	if one.Test, err = score.New(b.Split.TestY, one.predicted); err != nil {
		return one, nil, err
	}
	training, err := model.predict(ctx, b.Split.TrainX)
	if err != nil {
		return one, nil, err
	}
	one.Training, err = score.New(b.Split.TrainY, training)
	return one, model, err
}
