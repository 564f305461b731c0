package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// TrialFlow is the name of the flow that carries out one trial of a study.
const TrialFlow = "HPO Trial"

// trialVersion is shown with each flow run; raise it when the parameters change.
const trialVersion = "1"

// TrialParameters are a trial's. The study's process fills them in; the rest stands in the study's run in MLflow.
type TrialParameters struct {
	Study           string            `json:"study_run_id" min:"1" description:"The study's run in MLflow."`
	Run             string            `json:"run_id" min:"1" description:"The trial's run in MLflow, a child of the study's."`
	Trial           int               `json:"trial" min:"1" description:"The trial's number."`
	Attempt         int               `json:"attempt" min:"1" description:"Counts the flow runs for this trial: only the latest may log its figures."`
	HyperParameters map[string]string `json:"hyper_parameters" description:"What is tried, by scikit-learn's names."`
	Sizes           []int             `json:"sizes,omitempty" default:"[]" description:"Numbers of trees to choose the best from; none means n_estimators as it is."`
	Limits          []Limit           `json:"limits,omitempty" default:"[]" description:"Accuracies to reach with fewer trees, or to stop there."`
}

// TrialResult is what a trial's flow run comes to. Everything else is in MLflow.
type TrialResult struct {
	Accuracy float64 `json:"accuracy"`
	// Found tells that an earlier attempt had finished the trial.
	Found bool `json:"found"`
}

// Trials makes the flow that carries out trials of studies on a [Pool].
type Trials struct {
	// Client is the MLflow that holds the studies.
	Client *mlflowclient.Client
	// Loader reads the data of a study; nil means the default one.
	Loader *DataLoader

	mu     sync.Mutex
	splits map[string]*preparedStudy // by the study's run
	order  []string
}

// preparedStudy is what the trials of a study share.
type preparedStudy struct {
	split   *Split
	dataset mlflowclient.DatasetInput
}

// keptStudies is how many studies' data stay in memory.
const keptStudies = 4

// Flow makes the flow.
func (t *Trials) Flow() (*prefectclient.Flow[TrialParameters, TrialResult], error) {
	if t.Client == nil {
		return nil, errors.New("trials need an MLflow client")
	}
	return trialFlow(t.run), nil
}

func trialFlow(run func(context.Context, TrialParameters) (TrialResult, error)) *prefectclient.Flow[TrialParameters, TrialResult] {
	return prefectclient.NewFlow(TrialFlow, run, prefectclient.Description(trialDescription), prefectclient.Version(trialVersion),
		prefectclient.Retries(2, 5*time.Second))
}

const trialDescription = `Trains and scores one forest of a study. The study's process starts these runs: it proposes the hyper-parameters, and the worker that takes
the run logs the figures to the trial's run in MLflow.`

// deployTrials makes the deployment of the trials on a pool.
func deployTrials(ctx context.Context, client *prefectclient.Client, pool, queue string) (*prefectclient.Deployment, error) {
	flow := trialFlow(func(context.Context, TrialParameters) (TrialResult, error) {
		return TrialResult{}, errors.New("trials are carried out by workers")
	})
	made, err := prefectclient.Deploy(ctx, client, flow, prefectclient.DeploymentSpec{
		Name: pool, WorkPool: pool, WorkQueue: queue, Tags: []string{"hpo", "random-forest", "go"}, Version: trialVersion,
	})
	if err != nil {
		return nil, fmt.Errorf("deployment of the trials on pool %s: %w", pool, err)
	}
	return made, nil
}

// run carries out one trial.
func (t *Trials) run(ctx context.Context, p TrialParameters) (TrialResult, error) {
	study, err := t.study(ctx, p.Study)
	if err != nil {
		return TrialResult{}, err
	}
	params, err := ParseParams(p.HyperParameters)
	if err != nil {
		return TrialResult{}, err
	}
	a := &assignment{number: p.Trial, place: p.Trial, params: params, sizes: p.Sizes, limits: p.Limits, runID: p.Run}
	return t.carry(ctx, p, a, study)
}

// settled is the end of an attempt that has no more to do: somebody has finished the trial, or is to do so, or something failed.
type settled struct {
	result TrialResult
	err    error
}

// look reads the trial's run, and says whether this attempt is the one that may write to it: nil when it is.
func (t *Trials) look(ctx context.Context, p TrialParameters) *settled {
	run, err := t.Client.Runs.Get(ctx, p.Run)
	switch {
	case err != nil:
		return &settled{err: fmt.Errorf("the trial's run: %w", err)}
	case run.Status == mlflowclient.StatusFinished:
		return &settled{result: TrialResult{Accuracy: run.Metrics["accuracy"].Value, Found: true}}
	case run.Status.Ended():
		prefectclient.Logger(ctx).Warn(fmt.Sprintf("trial %d logs nothing: its run is %s, because its study has ended or goes on without it", p.Trial, run.Status))
		return &settled{err: prefectclient.ErrCancelled}
	case run.Tags[tagAttempt] != strconv.Itoa(p.Attempt):
		prefectclient.Logger(ctx).Warn(fmt.Sprintf("attempt %d of trial %d was replaced by attempt %s: it logs nothing", p.Attempt, p.Trial, run.Tags[tagAttempt]))
		return &settled{err: prefectclient.ErrCancelled}
	}
	return nil
}

// begin looks whether there is anything to do, and logs what is known before the training has ended.
func (t *Trials) begin(ctx context.Context, p TrialParameters, known map[string]string, study *preparedStudy) *settled {
	if over := t.look(ctx, p); over != nil {
		return over
	}
	if err := t.describe(ctx, p.Run, known, study); err != nil {
		return &settled{err: err}
	}
	return nil
}

// carry trains and logs the figures. The training does not wait for the trial's beginning to be logged, which may end it.
func (t *Trials) carry(ctx context.Context, p TrialParameters, a *assignment, study *preparedStudy) (TrialResult, error) {
	known, late := a.named()
	training, stop := context.WithCancel(ctx)
	defer stop()
	begun := make(chan *settled, 1)
	go func() {
		over := t.begin(ctx, p, known, study)
		if over != nil {
			stop()
		}
		begun <- over
	}()
	trial, err := a.carry(training, study.split)
	if err == nil {
		prefectclient.ReleaseSlot(ctx) // the next trial may train while this one is logged
	}
	over := <-begun
	if over == nil && err == nil {
		over = t.look(ctx, p)
	}
	switch {
	case over != nil:
		return over.result, over.err
	case err != nil:
		return TrialResult{}, err
	}
	if err := t.Client.Runs.LogBatch(ctx, p.Run, trial.batch(study.split.Classes, late)); err != nil {
		return TrialResult{}, fmt.Errorf("log the figures: %w", err)
	}
	if _, err := t.Client.Runs.Update(ctx, p.Run, mlflowclient.UpdateRun{Status: mlflowclient.StatusFinished, EndTime: time.Now()}); err != nil {
		return TrialResult{}, fmt.Errorf("end the trial's run: %w", err)
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("accuracy %v in %.2f s: %s", trial.Report.Accuracy, trial.FitTime.Seconds(), namedText(trial.Params)))
	return TrialResult{Accuracy: trial.Report.Accuracy}, nil
}

// describe logs what is known before the training has ended.
func (t *Trials) describe(ctx context.Context, run string, params map[string]string, study *preparedStudy) error {
	tags := map[string]string{}
	if info, ok := prefectclient.Info(ctx); ok && info.FlowRunID != "" {
		tags[TagFlowRun] = info.FlowRunID
	}
	err := errors.Join(
		t.Client.Runs.LogBatch(ctx, run, mlflowclient.Batch{Params: params, Tags: tags}),
		t.Client.Runs.LogInputs(ctx, run, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{study.dataset}}),
	)
	if err != nil {
		return fmt.Errorf("describe the trial's run: %w", err)
	}
	return nil
}

// study prepares the data of a study, once for its trials on this worker.
func (t *Trials) study(ctx context.Context, run string) (*preparedStudy, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if study := t.splits[run]; study != nil {
		return study, nil
	}
	spec, err := LoadStudy(ctx, t.Client, run)
	if err != nil {
		return nil, err
	}
	if err := reachable(spec.Data); err != nil {
		return nil, err
	}
	study, err := t.prepare(ctx, spec)
	if err != nil {
		return nil, err
	}
	if t.splits == nil {
		t.splits = map[string]*preparedStudy{}
	}
	if len(t.order) == keptStudies {
		delete(t.splits, t.order[0])
		t.order = t.order[1:]
	}
	t.splits[run], t.order = study, append(t.order, run)
	return study, nil
}

func (t *Trials) prepare(ctx context.Context, spec *StudySpec) (*preparedStudy, error) {
	loader := t.Loader
	if loader == nil {
		loader = new(DataLoader)
	}
	split, data, err := spec.Load(ctx, loader)
	if err != nil {
		return nil, err
	}
	return &preparedStudy{split, data.TrainingInput(t.Client)}, nil
}
