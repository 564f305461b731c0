package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/s3"
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
	// LoggedModelName is the model's name on its run.
	LoggedModelName = "red-wine-model"
)

// registrationVersion is shown with each flow run and deployment; raise it when the parameters or the tasks change.
const registrationVersion = "1"

// RegistrationParameters are the registration flow's parameters, under the original's names. Prefect's user interface draws its form from
// the tags.
type RegistrationParameters struct {
	BucketName     string   `json:"bucket_name" default:"mlflow-artifacts" description:"Bucket that holds the data; go run ./pipeline/ingest fills it."`
	Filename       string   `json:"filename" default:"winequality-red.csv" min:"1" description:"Name of the object in the bucket: CSV, the same compressed by gzip, or a zip archive with one CSV file."`
	Target         string   `json:"target" default:"quality" min:"1" description:"Column that holds the class: whole numbers or text."`
	Features       []string `json:"features" default:"[\"volatile acidity\",\"citric acid\",\"sulphates\",\"alcohol\"]" min:"1" description:"Numeric columns to learn from, in the order in which the model takes them."`
	ExperimentName string   `json:"experiment_name" default:"red-wine-quality-hyperopt" min:"1" description:"MLflow experiment of the study, whose best finished run gives the hyper-parameters."`
}

// DefaultRegistrationParameters are the defaults, which are the original's.
func DefaultRegistrationParameters() RegistrationParameters {
	problem := RedWine()
	return RegistrationParameters{
		BucketName: DefaultBucket, Filename: DefaultKey, Target: problem.Target, Features: problem.Features, ExperimentName: StudyExperiment,
	}
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
	// Model is the registered model that gets a version, [RegisteredModelName] when empty, and Alias is pointed at that version,
	// [ChampionAlias] when empty.
	Model, Alias string
	// LocalData lets the parameter filename be any address that Loader reads, when bucket_name is empty. It is for flows that run where
	// their parameters are typed: whoever may start runs of a worker could read the worker's files by it.
	LocalData bool

	// retryDelays are for tests, which do not wait.
	retryDelays []time.Duration
}

// Registered is what the flow made, or found as the work of an earlier attempt at the same flow run.
type Registered struct {
	// Model, Version and Alias name the version in the registry. Moved is false when the alias already pointed at this version or at a
	// later one.
	Model, Version, Alias string
	Moved                 bool
	// ModelID is the logged model, RunID and ExperimentID its run.
	ModelID, RunID, ExperimentID string
	// BestRunID is the study's run that gave the hyper-parameters Params.
	BestRunID string
	Params    forest.Params
	// Accuracy is that on the test part.
	Accuracy float64
	// Found tells that an earlier attempt at the same flow run had made the model.
	Found bool
}

// Flow makes the flow. Its tasks are "Prepare Data" and "Get Parameters", which need nothing of each other and run at once, and
// "Register Best Model". Without a Prefect client in its context (see [prefectclient.NewContext]) it simply runs.
//
// A flow run that is executed again, because its worker died or somebody asked for a retry, trains and registers nothing that an earlier
// attempt completed; what an attempt left half done is ended as KILLED.
func (r Registration) Flow() (*prefectclient.Flow[RegistrationParameters, *Registered], error) {
	if r.Client == nil {
		return nil, errors.New("a registration needs an MLflow client")
	}
	r.Experiment, r.Model = cmp.Or(r.Experiment, ProductionExperiment), cmp.Or(r.Model, RegisteredModelName)
	r.Alias, r.FlowName = cmp.Or(r.Alias, ChampionAlias), cmp.Or(r.FlowName, RegistrationFlow)
	if r.Loader == nil {
		r.Loader = new(DataLoader)
	}
	if r.retryDelays == nil {
		r.retryDelays = []time.Duration{2 * time.Second, 10 * time.Second, 30 * time.Second}
	}
	prepare := prefectclient.NewTask("Prepare Data", r.prepare, prefectclient.Retries(3, r.retryDelays...), prefectclient.RetryIf(mayPass))
	best := prefectclient.NewTask("Get Parameters", r.bestRun)
	register := prefectclient.NewTask("Register Best Model", r.register)
	return prefectclient.NewFlow(r.FlowName, func(ctx context.Context, p RegistrationParameters) (*Registered, error) {
		prepared := prepare.Submit(ctx, prepareInput{p.BucketName, p.Filename, p.Target, p.Features})
		found := best.Submit(ctx, bestRunInput{p.ExperimentName})
		done, err := register.Run(ctx, registerInput{prepared, found})
		if errors.Is(err, prefectclient.ErrUpstream) {
			_, noData := prepared.Result(ctx)
			_, noRun := found.Result(ctx)
			return nil, errors.Join(noData, noRun)
		}
		return done, err
	}, prefectclient.Description(registrationDescription), prefectclient.Version(registrationVersion)), nil
}

const registrationDescription = `Trains a random forest with the hyper-parameters of the study's best run and registers it.

1. **Prepare Data** reads ` + "`s3://bucket_name/filename`" + ` and divides and scales it as the study does.
2. **Get Parameters** finds the finished run of ` + "`experiment_name`" + ` with the highest accuracy.
3. **Register Best Model** trains, logs the model to MLflow as ONNX, registers a version and points the alias at it.`

type prepareInput struct {
	BucketName string   `json:"bucket_name"`
	Filename   string   `json:"filename"`
	Target     string   `json:"target"`
	Features   []string `json:"features"`
}

// prepared is the data of a flow run.
type prepared struct {
	split   *Split
	dataset mlflowclient.DatasetInput
}

// prepare is the task "Prepare Data".
func (r Registration) prepare(ctx context.Context, in prepareInput) (*prepared, error) {
	address, err := r.address(in)
	if err != nil {
		return nil, err
	}
	problem := RedWine() // for its split
	problem.Features, problem.Target = in.Features, in.Target
	data, err := r.Loader.Load(ctx, address, dataset.ReadOptions{
		Need: append([]string{in.Target}, in.Features...), Text: []string{in.Target}, DropOthers: true,
	})
	if err != nil {
		return nil, err
	}
	split, err := problem.Prepare(data.Table)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", data.Location, err)
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("read %d rows of %s with digest %s: %d are for training, %d for the test",
		data.Table.Rows(), data.Location, data.Table.Digest(), split.TrainX.Rows, split.TestX.Rows))
	return &prepared{split, data.TrainingInput(r.Client)}, nil
}

// address is where the data is.
func (r Registration) address(in prepareInput) (string, error) {
	switch {
	case len(in.Features) == 0:
		return "", errors.New("features is empty: name the columns to learn from")
	case in.BucketName != "":
		return s3.Address{Bucket: in.BucketName, Key: in.Filename}.String(), nil
	case r.LocalData:
		return in.Filename, nil
	default:
		return "", errors.New("bucket_name is empty: name the bucket that holds the data")
	}
}

// lasting are failures that stay until somebody does something about them.
var lasting = []error{s3.ErrNoSuchKey, s3.ErrNoSuchBucket, s3.ErrAccessDenied, s3.ErrNoCredentials, s3.ErrTooBig}

// mayPass tells whether reading the data again is of use: when the storage does not answer, and not when the data or the keys are wrong.
func mayPass(err error) bool {
	_, storage := errors.AsType[*s3.Error](err)
	_, passing := errors.AsType[*passingError](err)
	return (storage || passing) && !slices.ContainsFunc(lasting, func(one error) bool { return errors.Is(err, one) })
}
