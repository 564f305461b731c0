package pipeline

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

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
	a := attempt{Registration: r, data: data, best: best, experiment: experiment.ID}
	done, err := a.earlier(ctx)
	if done == nil && err == nil {
		done, err = a.carryOut(ctx)
	}
	if err != nil {
		return nil, err
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("registered %s version %s with accuracy %v", done.Model, done.Version, done.Accuracy))
	return done, nil
}

// attempt is one execution of the task "Register Best Model".
type attempt struct {
	Registration
	data       *prepared
	best       *bestRun
	experiment string // its id
}

// carryOut trains, logs and registers. The version is made before the run ends, so that a FINISHED run stands for a registered model.
func (a *attempt) carryOut(ctx context.Context) (done *Registered, err error) {
	start := mlflowclient.StartRun{
		ExperimentID: a.experiment, Name: originOf(ctx).name, Description: a.description(ctx),
		Tags: map[string]string{"model": modelTag, tagBestRun: a.best.ID},
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
		done, err = a.enter(ctx, logged.ID, run.ID)
		return err
	})
	return done, err
}

// description is shown on the run's page.
func (a *attempt) description(ctx context.Context) string {
	text := fmt.Sprintf("The forest of run %s of the study, trained again to be served.", a.best.ID)
	if at := originOf(ctx); at.id != "" {
		text += " Made by the flow run " + at.link() + "."
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

// enter registers a logged model; one that is registered already keeps its version. The version's tags say what it is, and lead to the run and
// the flow run that made it.
func (a *attempt) enter(ctx context.Context, modelID, runID string) (*Registered, error) {
	run, err := a.Client.Runs.Get(ctx, runID)
	if err != nil {
		return nil, err
	}
	version, err := a.Client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: a.Model, ModelID: modelID, RunID: runID, Tags: versionTags(a.Client, run)})
	if err != nil {
		return nil, fmt.Errorf("register %s: %w", a.Model, err)
	}
	return &Registered{
		Model: a.Model, Version: version.Version, ModelID: modelID, RunID: runID, ExperimentID: a.experiment,
		BestRunID: a.best.ID, Params: a.best.params, Accuracy: run.Metrics["accuracy"].Value,
	}, nil
}

// versionTags describe the version that a run made; a search for versions finds them by it.
func versionTags(client *mlflowclient.Client, run *mlflowclient.Run) map[string]string {
	tags := map[string]string{"run_id": run.ID, "run_url": pageOf(client, runPage(run.ExperimentID, run.ID)), tagBestRun: run.Tags[tagBestRun]}
	for _, metric := range []string{"accuracy", "f1_macro"} {
		if point, ok := run.Metrics[metric]; ok {
			tags[metric] = strconv.FormatFloat(point.Value, 'g', -1, 64)
		}
	}
	for _, data := range run.Datasets {
		tags["dataset"], tags["dataset_digest"] = data.Name, data.Digest
	}
	tags["git_commit"] = run.Tags[mlflowclient.TagGitCommit]
	for _, key := range []string{TagFlowRun, TagRootFlowRun, TagFlowRunURL} {
		tags[key] = run.Tags[key]
	}
	maps.DeleteFunc(tags, func(_, value string) bool { return value == "" })
	return tags
}
