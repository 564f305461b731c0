package pipeline

import (
	"cmp"
	"context"
	"errors"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

// Names under which the original's other parts find what the registration flow makes; defaults of [Registration].
const (
	RegistrationFlow     = "Main Registration Flow"
	StudyExperiment      = "red-wine-quality-hyperopt"
	ProductionExperiment = "red-wine-quality-production"
	RegisteredModelName  = "sk-rfc-model"
	ChampionAlias        = "champion"
	// ChallengerAlias points at the latest version that was found worse than the champion, or could not be compared with it.
	ChallengerAlias = "challenger"
	// LoggedModelName is the model's name on its run.
	LoggedModelName = "red-wine-model"
)

// registrationVersion is shown with each flow run and deployment; raise it when the parameters or the tasks change.
const registrationVersion = "2"

// Promotion is the rule by which a new version becomes the champion.
type Promotion string

// The rules.
const (
	// PromoteIfNotWorse takes a version whose accuracy on the test part is not below the champion's, and of an equal accuracy one whose macro F1
	// is not.
	PromoteIfNotWorse Promotion = "if_not_worse"
	// PromoteAlways takes every version, for a champion that cannot be compared with.
	PromoteAlways Promotion = "always"
	// PromoteNever leaves the decision to people: every version becomes the challenger, but the first.
	PromoteNever Promotion = "never"
)

// RegistrationParameters are the registration flow's parameters, under the original's names. Prefect's user interface draws its form from
// the tags.
type RegistrationParameters struct {
	BucketName     string    `json:"bucket_name" title:"Bucket" default:"mlflow-artifacts" description:"Bucket that holds the data; go run ./pipeline/ingest fills it."`
	Filename       string    `json:"filename" title:"Object" default:"winequality-red.csv" min:"1" description:"Name of the object in the bucket: CSV, the same compressed by gzip, or a zip archive with one CSV file."`
	Target         string    `json:"target" title:"Target column" default:"quality" min:"1" description:"Column that holds the class: whole numbers or text."`
	Features       []string  `json:"features" title:"Feature columns" default:"[\"volatile acidity\",\"citric acid\",\"sulphates\",\"alcohol\"]" min:"1" description:"Numeric columns to learn from, in the order in which the model takes them; all stands for every column but the target."`
	ExperimentName string    `json:"experiment_name" title:"Experiment of the study" default:"red-wine-quality-hyperopt" min:"1" description:"MLflow experiment of the study, whose best finished run gives the hyper-parameters."`
	Promotion      Promotion `json:"promotion" title:"Promotion" default:"if_not_worse" enum:"if_not_worse,always,never" description:"When the new version becomes the champion: if it is not worse than the champion on the same test rows, always, or never, so that it becomes the challenger."`
}

// DefaultRegistrationParameters are the defaults, which are the original's.
func DefaultRegistrationParameters() RegistrationParameters {
	problem := RedWine()
	return RegistrationParameters{
		BucketName: DefaultBucket, Filename: DefaultKey, Target: problem.Target, Features: problem.Features, ExperimentName: StudyExperiment,
		Promotion: PromoteIfNotWorse,
	}
}

// table is the part that says where the data is and what to learn from it.
func (p RegistrationParameters) table() TableParameters {
	return TableParameters{BucketName: p.BucketName, Filename: p.Filename, Target: p.Target, Features: p.Features}
}

// Registration makes the flow that trains the best forest of a study and registers it as the model to serve. Only Client is required.
type Registration struct {
	// Client is the MLflow that holds the study and gets the model.
	Client *mlflowclient.Client
	// Loader reads the data; its Getenv says how to reach S3. Nil means the default one.
	Loader *DataLoader
	// FlowName is the flow's name in Prefect; [RegistrationFlow] when empty.
	FlowName string
	// Experiment gets the run, [ProductionExperiment] when empty; it is made when missing.
	Experiment string
	// Model is the registered model that gets a version, [RegisteredModelName] when empty, and Alias is pointed at that version unless it is
	// worse than the one it points at, [ChampionAlias] when empty.
	Model, Alias string
	// LocalData lets the parameter filename be any address that Loader reads, when bucket_name is empty. It is for flows that run where
	// their parameters are typed: whoever may start runs of a worker could read the worker's files by it.
	LocalData bool

	// studySpace is for tests, whose forests are small; the original's when empty.
	studySpace ForestSpace
	// retryDelays are for tests, which do not wait.
	retryDelays []time.Duration
}

// Registered is what the flow made, or found as the work of an earlier attempt at the same flow run.
type Registered struct {
	// Model and Version name the version in the registry, Alias the alias that points at it now: the registration's own or [ChallengerAlias];
	// empty when the registration's points at a later version, which is left there. Moved tells that this attempt moved it.
	Model, Version, Alias string
	Moved                 bool
	// ModelID is the logged model, RunID and ExperimentID its run.
	ModelID, RunID, ExperimentID string
	// BestRunID is the study's run that gave the hyper-parameters Params.
	BestRunID string
	Params    forest.Params
	// Accuracy is that on the test part.
	Accuracy float64
	// Comparison is the comparison with the version that the alias pointed at before.
	Comparison *Comparison
	// Found tells that an earlier attempt at the same flow run had made the model.
	Found bool
}

// complete fills in what was left out.
func (r Registration) complete() (Registration, error) {
	if r.Client == nil {
		return r, errors.New("a registration needs an MLflow client")
	}
	r.Experiment, r.Model = cmp.Or(r.Experiment, ProductionExperiment), cmp.Or(r.Model, RegisteredModelName)
	r.Alias, r.FlowName = cmp.Or(r.Alias, ChampionAlias), cmp.Or(r.FlowName, RegistrationFlow)
	if r.Alias == ChallengerAlias {
		return r, errors.New("the alias " + ChallengerAlias + " is for versions that are not promoted: name another")
	}
	if r.Loader == nil {
		r.Loader = new(DataLoader)
	}
	if r.retryDelays == nil {
		r.retryDelays = []time.Duration{2 * time.Second, 10 * time.Second, 30 * time.Second}
	}
	return r, nil
}

// Flow makes the flow. Its tasks are "Prepare Data" and "Get Parameters", which need nothing of each other and run at once,
// "Register Best Model" and "Compare with Champion". Without a Prefect client in its context (see [prefectclient.NewContext]) it simply runs.
//
// A flow run that is executed again, because its worker died or somebody asked for a retry, trains and registers nothing that an earlier
// attempt completed; what an attempt left half done is ended as KILLED. The same holds when it is the flow above that is executed again.
func (r Registration) Flow() (*prefectclient.Flow[RegistrationParameters, *Registered], error) {
	r, err := r.complete()
	if err != nil {
		return nil, err
	}
	prepare := r.prepareTask()
	best := prefectclient.NewTask("Get Parameters", r.bestRun)
	register := prefectclient.NewTask("Register Best Model", r.register)
	compare := prefectclient.NewTask("Compare with Champion", r.compare)
	return prefectclient.NewFlow(r.FlowName, func(ctx context.Context, p RegistrationParameters) (*Registered, error) {
		ctx = underFlow(ctx)
		prepared := prepare.Submit(ctx, p.table())
		found := best.Submit(ctx, bestRunInput{p.ExperimentName})
		registered := register.Submit(ctx, registerInput{prepared, found})
		done, err := compare.Run(ctx, compareInput{prepared, registered, p.Promotion})
		if errors.Is(err, prefectclient.ErrUpstream) {
			return nil, firstCause(ctx, prepared, found, registered)
		}
		return done, err
	}, prefectclient.Description(registrationDescription), prefectclient.Version(registrationVersion)), nil
}

// firstCause gives the errors of the tasks that failed by themselves, not for want of another.
func firstCause(ctx context.Context, data *prefectclient.Future[*prepared], best *prefectclient.Future[*bestRun], registered *prefectclient.Future[*Registered]) error {
	_, noData := data.Result(ctx)
	_, noRun := best.Result(ctx)
	_, notRegistered := registered.Result(ctx)
	if errors.Is(notRegistered, prefectclient.ErrUpstream) {
		notRegistered = nil
	}
	return errors.Join(noData, noRun, notRegistered)
}

const registrationDescription = `Trains a random forest with the hyper-parameters of the study's best run, registers it, and promotes it unless it is worse.

1. **Prepare Data** reads ` + "`s3://bucket_name/filename`" + ` and divides and scales it as the study does.
2. **Get Parameters** finds the finished run of ` + "`experiment_name`" + ` with the highest accuracy.
3. **Register Best Model** trains, logs the model to MLflow as ONNX, and registers a version.
4. **Compare with Champion** has the version and the current champion predict the same test rows, and moves the alias ` + "`champion`" + ` to the version
   when it is not worse; otherwise it becomes the ` + "`challenger`" + `.

Executed again, it goes on where an earlier attempt ended and registers nothing twice.`
