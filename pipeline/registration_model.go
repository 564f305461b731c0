package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

// TagFlowRun is the tag of a run in MLflow that names the flow run in Prefect that made it.
const TagFlowRun = "prefect.flow_run_id"

// tagBestRun names the study's run whose hyper-parameters a model has.
const tagBestRun = "best_run_id"

type registerInput struct {
	Prepared *prefectclient.Future[*prepared] `json:"prepared"`
	Best     *prefectclient.Future[*bestRun]  `json:"best"`
}

// register is the task "Register Best Model".
func (r Registration) register(ctx context.Context, in registerInput) (*Registered, error) {
	data, err := in.Prepared.Result(ctx)
	if err != nil {
		return nil, err
	}
	best, err := in.Best.Result(ctx)
	if err != nil {
		return nil, err
	}
	experiment, err := r.Client.Experiments.GetOrCreate(ctx, r.Experiment)
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", r.Experiment, err)
	}
	info, _ := prefectclient.Info(ctx)
	a := attempt{Registration: r, data: data, best: best, experiment: experiment.ID, flow: info}
	done, err := a.earlier(ctx)
	if done == nil && err == nil {
		done, err = a.carryOut(ctx)
	}
	if err != nil {
		return nil, err
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("registered %s version %s with accuracy %v; %s", done.Model, done.Version, done.Accuracy, done.aliasText()))
	a.publish(ctx, done)
	return done, nil
}

// aliasText says where the alias points.
func (d *Registered) aliasText() string {
	if d.Moved {
		return fmt.Sprintf("alias %s points at it", d.Alias)
	}
	return fmt.Sprintf("alias %s pointed at it, or at a later version, before", d.Alias)
}

// attempt is one execution of the task "Register Best Model".
type attempt struct {
	Registration
	data       *prepared
	best       *bestRun
	experiment string // its id
	flow       prefectclient.RunInfo
}

// carryOut trains, logs and registers. The version is made before the run ends, so that a FINISHED run stands for a registered model.
func (a *attempt) carryOut(ctx context.Context) (done *Registered, err error) {
	start := mlflowclient.StartRun{
		ExperimentID: a.experiment, Name: a.flow.FlowRunName, Description: a.description(ctx),
		Tags: map[string]string{"model": modelTag, tagBestRun: a.best.ID},
	}
	if a.flow.FlowRunID == "" {
		start.Name = "" // a flow's name, which says nothing
	} else {
		start.Tags[TagFlowRun] = a.flow.FlowRunID
	}
	err = a.Client.Track(ctx, start, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		training := Training{Split: a.data.split, Params: a.best.params, Dataset: a.data.dataset}
		trial, model, err := training.logged(ctx, run)
		if err != nil {
			return err
		}
		prefectclient.Logger(ctx).Info(fmt.Sprintf("trained %d trees in %.2f s: accuracy %v", trial.Params.NEstimators, trial.FitTime.Seconds(), trial.Report.Accuracy))
		logged, err := run.LogModel(ctx, mlflowclient.LogModel{
			Name: LoggedModelName, Type: "classifier", Params: allNamedMap(a.best.params), Metrics: trial.metrics(), Dataset: &a.data.dataset,
			Tags: map[string]string{"model": modelTag},
			Files: func(modelID string) ([]mlmodel.File, error) {
				return a.files(ctx, model, run.ID, modelID)
			},
		})
		if err != nil {
			return fmt.Errorf("log the model: %w", err)
		}
		done, err = a.enter(ctx, logged.ID, run.ID, trial.Report.Accuracy)
		return err
	})
	return done, err
}

// description is shown on the run's page.
func (a *attempt) description(ctx context.Context) string {
	text := fmt.Sprintf("The forest of run %s of the study, trained again to be served.", a.best.ID)
	if client, ok := prefectclient.FromContext(ctx); ok && a.flow.FlowRunID != "" {
		text += fmt.Sprintf(" Made by the flow run [%s](%s/runs/flow-run/%s).", a.flow.FlowRunName, client.UIURL(), a.flow.FlowRunID)
	}
	return text
}

// files are those of the model's folder, with the reference beside it.
func (a *attempt) files(ctx context.Context, model *forest.Classifier, runID, modelID string) ([]mlmodel.File, error) {
	logged, err := a.Client.LoggedModels.Get(ctx, modelID)
	if err != nil {
		return nil, err
	}
	export, err := a.data.split.Model(model).Export(ctx)
	if err != nil {
		return nil, err
	}
	export.ArtifactPath, export.RunID, export.ModelID = logged.ArtifactURI, runID, modelID
	files, err := export.Files()
	if err != nil {
		return nil, err
	}
	rows, err := reference(ctx, a.data.split, model)
	if err != nil {
		return nil, err
	}
	return append([]mlmodel.File{rows}, files...), nil
}

// enter registers a logged model; one that is registered already keeps its version.
func (a *attempt) enter(ctx context.Context, modelID, runID string, accuracy float64) (*Registered, error) {
	version, err := a.Client.RegisterModel(ctx, mlflowclient.RegisterModel{
		Name: a.Model, ModelID: modelID, RunID: runID,
		Description: fmt.Sprintf("Accuracy %v on the test part, with the hyper-parameters of run %s.", accuracy, a.best.ID),
	})
	if err != nil {
		return nil, fmt.Errorf("register %s: %w", a.Model, err)
	}
	done := &Registered{
		Model: a.Model, Version: version.Version, Alias: a.Alias, ModelID: modelID, RunID: runID, ExperimentID: a.experiment,
		BestRunID: a.best.ID, Params: a.best.params, Accuracy: accuracy,
	}
	done.Moved, err = a.promote(ctx, version.Version)
	return done, err
}

// promote points the alias at a version, but never back: an old flow run that is executed again must not replace what a later one
// registered.
func (a *attempt) promote(ctx context.Context, version string) (moved bool, err error) {
	current, err := a.Client.ModelVersions.GetByAlias(ctx, a.Model, a.Alias)
	if err != nil && !errors.Is(err, mlflowclient.ErrNotFound) {
		return false, fmt.Errorf("alias %s of %s: %w", a.Alias, a.Model, err)
	}
	if err == nil && number(current.Version) >= number(version) {
		return false, nil
	}
	if err := a.Client.RegisteredModels.SetAlias(ctx, a.Model, a.Alias, version); err != nil {
		return false, fmt.Errorf("alias %s of %s: %w", a.Alias, a.Model, err)
	}
	return true, nil
}

// number reads a version, which MLflow counts from 1.
func number(version string) int {
	n, err := strconv.Atoi(version)
	if err != nil {
		return 0
	}
	return n
}
