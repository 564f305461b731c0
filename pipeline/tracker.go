package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// modelTag is what the original writes on each run, so that runs of several kinds of models can share an experiment.
const modelTag = "random_forest_classifier"

// Tracker says where a study is recorded: one parent run for the study, one child run a trial.
type Tracker struct {
	Client *mlflowclient.Client
	// Experiment is made when it does not exist. A study that is taken up again stays in its own.
	Experiment string
	// Dataset is logged as the input of every run.
	Dataset mlflowclient.DatasetInput
	// OnStart is called with the study's run before the first trial. Nil is fine.
	OnStart func(run mlflowclient.RunInfo)

	plain bool // without pictures, for tests of all else under the race detector, which makes half a minute of them
}

// begin opens the study's run. The context it returns ends when writing fails.
func (t *Tracker) begin(ctx context.Context, s Study) (context.Context, *tracking, error) {
	if t == nil {
		return ctx, nil, nil
	}
	run, alive, err := t.open(ctx, s)
	if err != nil {
		return ctx, nil, err
	}
	study := newTracking(t, run, s.Split.Classes)
	if err := study.claim(ctx, alive); err != nil {
		return ctx, nil, errors.Join(fmt.Errorf("claim the study's run: %w", err), study.unclaim(ctx, alive))
	}
	if t.OnStart != nil {
		t.OnStart(run.RunInfo)
	}
	ctx = study.startWriter(ctx)
	return ctx, study, nil
}

// open starts the study's run, or takes it up and tells whether it had not ended, so that another process may have it still.
func (t *Tracker) open(ctx context.Context, s Study) (run *mlflowclient.ActiveRun, alive bool, err error) {
	tags := map[string]string{mlflowclient.TagNote: s.note()}
	if spec, err := s.spec().text(); err == nil {
		tags[tagSpec] = spec
	}
	if info, ok := prefectclient.Info(ctx); ok && info.FlowRunID != "" {
		tags[TagFlowRun] = info.FlowRunID
	}
	if s.Resume == "" {
		run, err := t.create(ctx, s, tags)
		return run, false, err
	}
	was, err := t.Client.Runs.Get(ctx, s.Resume)
	if err == nil {
		run, err = t.Client.Start(ctx, mlflowclient.StartRun{RunID: s.Resume, Tags: tags})
	}
	if err != nil {
		return nil, false, fmt.Errorf("take up the study %s: %w", s.Resume, err)
	}
	return run, !was.Status.Ended(), nil
}

// create makes the study's run, and its experiment when there is none.
func (t *Tracker) create(ctx context.Context, s Study, tags map[string]string) (*mlflowclient.ActiveRun, error) {
	experiment, err := t.Client.Experiments.GetOrCreate(ctx, t.Experiment)
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", t.Experiment, err)
	}
	if err := t.describe(ctx, experiment); err != nil {
		return nil, fmt.Errorf("experiment %q: %w", t.Experiment, err)
	}
	run, err := t.Client.Start(ctx, mlflowclient.StartRun{ExperimentID: experiment.ID, Name: "study-" + string(s.Sampler), Tags: tags})
	if err != nil {
		return nil, fmt.Errorf("start the study's run: %w", err)
	}
	err = errors.Join(
		run.LogBatch(ctx, mlflowclient.Batch{Params: s.params()}),
		run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{t.Dataset}}),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("describe the study's run: %w", err), run.End(ctx, mlflowclient.StatusFailed))
	}
	return run, nil
}

// describe tells the user interface that the experiment trains models, what its runs are compared by, and what they are, unless somebody
// said so before.
func (t *Tracker) describe(ctx context.Context, experiment *mlflowclient.Experiment) error {
	for _, tag := range [][2]string{
		{"mlflow.experimentKind", "custom_model_development"},
		{"mlflow.experiment.primaryMetric.name", "accuracy"},
		{"mlflow.experiment.primaryMetric.greaterIsBetter", "True"},
		{mlflowclient.TagNote, experimentNote},
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
		params["seed"] = fmt.Sprint(s.Seed)
		params["n_trials"] = fmt.Sprint(s.Trials)
	}
	return params
}

// past reads the trials of earlier processes of the study, in the order of their numbers.
func (t *tracking) past(ctx context.Context, s Study) ([]*pastTrial, error) {
	if s.Resume == "" {
		return nil, nil
	}
	past, err := pastTrials(ctx, t.tracker.Client, t.study.RunInfo, s.Halving != nil)
	if err != nil {
		return nil, fmt.Errorf("take up the study %s: %w", s.Resume, err)
	}
	return past, nil
}

const (
	// interval bounds how often the study's own run is written to.
	interval = time.Second
	// handover is how long what another process of the study had begun to write is given to arrive.
	handover = 2 * time.Second
)
