package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/forest"
)

// modelTag is what the original writes on each run, so that runs of several kinds of models can share an experiment.
const modelTag = "random_forest_classifier"

// flushTime is how long a study that was interrupted may still write to MLflow.
const flushTime = 30 * time.Second

// Tracker says where a study is recorded: one parent run for the study, one child run a trial.
type Tracker struct {
	Client *mlflowclient.Client
	// Experiment is made when it does not exist.
	Experiment string
	// Dataset is logged as the input of every run.
	Dataset mlflowclient.DatasetInput
	// OnStart is called with the study's run before the first trial. Nil is fine.
	OnStart func(run mlflowclient.RunInfo)
}

// tracking records one study while it goes on. A single goroutine writes, in order, so that training never waits for the server; the
// first error ends the study. The nil *tracking records nothing.
type tracking struct {
	tracker *Tracker
	study   *mlflowclient.ActiveRun
	queue   chan func(context.Context) error
	done    chan struct{} // closed when the writer has ended
	stop    context.CancelFunc

	// Only the writer touches these until done is closed.
	err  error
	open map[int]*mlflowclient.ActiveRun
	ids  map[int]string
	best float64
}

// begin opens the study's run. The context it returns ends when writing fails.
func (t *Tracker) begin(ctx context.Context, s Study) (context.Context, *tracking, error) {
	if t == nil {
		return ctx, nil, nil
	}
	experiment, err := t.Client.Experiments.GetOrCreate(ctx, t.Experiment)
	if err != nil {
		return ctx, nil, fmt.Errorf("experiment %q: %w", t.Experiment, err)
	}
	if err := t.describe(ctx, experiment); err != nil {
		return ctx, nil, fmt.Errorf("experiment %q: %w", t.Experiment, err)
	}
	run, err := t.Client.Start(ctx, mlflowclient.StartRun{
		ExperimentID: experiment.ID,
		Name:         "study-" + string(s.Sampler),
		Description:  "Hyper-parameter optimisation: the child runs are its trials, best_accuracy is the best accuracy so far by trial.",
	})
	if err != nil {
		return ctx, nil, fmt.Errorf("start the study's run: %w", err)
	}
	study := &tracking{
		tracker: t, study: run, queue: make(chan func(context.Context) error, 256), done: make(chan struct{}),
		open: map[int]*mlflowclient.ActiveRun{}, ids: map[int]string{}, best: -1,
	}
	if t.OnStart != nil {
		t.OnStart(run.RunInfo)
	}
	ctx = study.startWriter(ctx)
	study.queue <- func(ctx context.Context) error {
		return errors.Join(
			run.LogBatch(ctx, mlflowclient.Batch{Params: s.params()}),
			run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{t.Dataset}}),
		)
	}
	return ctx, study, nil
}

// describe tells the user interface that the experiment trains models, and what its runs are compared by, unless somebody chose before.
func (t *Tracker) describe(ctx context.Context, experiment *mlflowclient.Experiment) error {
	for _, tag := range [][2]string{
		{"mlflow.experimentKind", "custom_model_development"},
		{"mlflow.experiment.primaryMetric.name", "accuracy"},
		{"mlflow.experiment.primaryMetric.greaterIsBetter", "True"},
	} {
		if _, ok := experiment.Tags[tag[0]]; ok {
			continue
		}
		if err := t.Client.Experiments.SetTag(ctx, experiment.ID, tag[0], tag[1]); err != nil {
			return err
		}
	}
	return nil
}

// params describe the study.
func (s Study) params() map[string]string {
	params := map[string]string{
		"sampler":  string(s.Sampler),
		"target":   s.Split.Target,
		"features": fmt.Sprint(s.Split.Features),
		"points":   fmt.Sprint(s.Space.Points()),
	}
	if s.Sampler != SamplerExhaustive {
		params["n_trials"], params["seed"] = fmt.Sprint(s.Trials), fmt.Sprint(s.Seed)
	}
	return params
}

// startWriter runs the writer until the queue is closed. After the study's context ends it still has flushTime to write what is queued.
func (t *tracking) startWriter(study context.Context) context.Context {
	study, fail := context.WithCancelCause(study)
	ctx, stop := context.WithCancel(context.WithoutCancel(study))
	t.stop = stop
	go func() {
		defer close(t.done)
		defer context.AfterFunc(study, func() { time.AfterFunc(flushTime, stop) })()
		for write := range t.queue {
			if t.err != nil {
				continue
			}
			if t.err = write(ctx); t.err != nil {
				fail(t.err)
			}
		}
	}()
	return study
}

// start opens a trial's run.
func (t *tracking) start(number int, params forest.Params) {
	if t == nil {
		return
	}
	t.queue <- func(ctx context.Context) error {
		run, err := t.tracker.Client.Start(ctx, mlflowclient.StartRun{
			ExperimentID: t.study.ExperimentID,
			Name:         fmt.Sprintf("trial-%d", number),
			ParentID:     t.study.ID,
			Tags:         map[string]string{"model": modelTag},
		})
		if err != nil {
			return fmt.Errorf("start the run of trial %d: %w", number, err)
		}
		t.open[number], t.ids[number] = run, run.ID
		if err := run.LogBatch(ctx, mlflowclient.Batch{Params: namedMap(params)}); err != nil {
			return fmt.Errorf("log the params of trial %d: %w", number, err)
		}
		inputs := mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{t.tracker.Dataset}}
		if err := run.LogInputs(ctx, inputs); err != nil {
			return fmt.Errorf("log the data set of trial %d: %w", number, err)
		}
		return nil
	}
}

func namedMap(p forest.Params) map[string]string {
	params := map[string]string{}
	for _, one := range Named(p) {
		params[one[0]] = one[1]
	}
	return params
}

// finish logs a trial's figures and ends its run.
func (t *tracking) finish(trial Trial) {
	if t == nil {
		return
	}
	t.queue <- func(ctx context.Context) error {
		run := t.open[trial.Number]
		if err := run.LogBatch(ctx, mlflowclient.Batch{Metrics: trial.metrics()}); err != nil {
			return fmt.Errorf("log the metrics of trial %d: %w", trial.Number, err)
		}
		if err := run.End(ctx, mlflowclient.StatusFinished); err != nil {
			return fmt.Errorf("end the run of trial %d: %w", trial.Number, err)
		}
		delete(t.open, trial.Number)
		return t.improve(ctx, trial)
	}
}

// improve logs the best accuracy so far on the study's run.
func (t *tracking) improve(ctx context.Context, trial Trial) error {
	if trial.Report.Accuracy <= t.best {
		return nil
	}
	t.best = trial.Report.Accuracy
	err := t.study.LogMetric(ctx, mlflowclient.Metric{Key: "best_accuracy", Value: t.best, Step: int64(trial.Number)})
	if err != nil {
		return fmt.Errorf("log the best accuracy: %w", err)
	}
	return nil
}

// metrics are the figures of a trial under scikit-learn's names.
func (t Trial) metrics() []mlflowclient.Metric {
	metrics := []mlflowclient.Metric{
		{Key: "accuracy", Value: t.Report.Accuracy},
		{Key: "precision_macro", Value: t.Report.Macro.Precision},
		{Key: "recall_macro", Value: t.Report.Macro.Recall},
		{Key: "f1_macro", Value: t.Report.Macro.F1},
		{Key: "fit_time", Value: t.FitTime.Seconds()},
		{Key: "score_time", Value: t.ScoreTime.Seconds()},
	}
	for _, point := range t.Curve {
		metrics = append(metrics, mlflowclient.Metric{Key: "accuracy_by_n_estimators", Value: point.Accuracy, Step: int64(point.Trees)})
	}
	for i := range metrics {
		metrics[i].Timestamp = t.ended
	}
	return metrics
}

// end waits for the writer, ends every run that is still open and returns the study's error. It fills in the trials' run ids.
func (t *tracking) end(ctx context.Context, trials []Trial, err error) error {
	if t == nil {
		return err
	}
	close(t.queue)
	<-t.done
	t.stop()
	if t.err != nil {
		err = fmt.Errorf("the study was stopped because MLflow could not record it: %w", t.err)
	}
	for i := range trials {
		trials[i].RunID = t.ids[trials[i].Number]
	}
	status := mlflowclient.StatusFinished
	switch {
	case t.err == nil && ctx.Err() != nil:
		status = mlflowclient.StatusKilled
	case err != nil:
		status = mlflowclient.StatusFailed
	}
	for _, run := range t.open {
		err = errors.Join(err, run.End(ctx, status))
	}
	return errors.Join(err, t.study.End(ctx, status))
}
