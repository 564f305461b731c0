// Command register trains the best forest that a study found and registers it as the model to serve.
//
//	go run ./pipeline/register            # now
//	go run ./pipeline/register --deploy   # each night, and whenever somebody asks Prefect for it
//	go run ./pipeline/register --help
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"mlopsgo/internal/command"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
	"mlopsgo/prefectclient"
)

const description = `Trains a random forest with the hyper-parameters of a study's best run, logs it to MLflow as an ONNX model and registers a version of it. The
version and the champion then predict the same test rows, and the alias champion moves to the version unless it is worse; it becomes the challenger
otherwise.

It is the Prefect flow "Main Registration Flow". Where Prefect is configured (PREFECT_API_URL, or a profile) the run is recorded there; without
Prefect the flow simply runs. With --deploy nothing is trained: the flow gets a deployment with a schedule, and the loop's other flows, "Wine
Quality" among them, get one for whoever starts them. A worker serves them all (go run ./pipeline/worker).

The data is read from S3 or a server that speaks its protocol: AWS_ENDPOINT_URL_S3 or MLFLOW_S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY. With --bucket "" the filename is any address that hpo's --data takes. MLflow is found by MLFLOW_TRACKING_URI, else it is
mlflow.db in this folder.

Examples:
  register --bucket "" --filename embedded:
  register --deploy`

// register is the command's flags.
type register struct {
	Bucket         string   `help:"Bucket that holds the data (parameter bucket_name); empty makes the filename an address of its own." default:"mlflow-artifacts"`
	Filename       string   `help:"Name of the object in the bucket." default:"winequality-red.csv"`
	Target         string   `help:"Column that holds the class: whole numbers or text." default:"quality"`
	Features       []string `help:"Numeric columns to learn from, separated by commas; all stands for every column but the target." default:"volatile acidity,citric acid,sulphates,alcohol"`
	ExperimentName string   `help:"MLflow experiment of the study, whose best run gives the hyper-parameters." name:"experiment" default:"red-wine-quality-hyperopt"`

	Promotion string `help:"When the version becomes the champion: if_not_worse (than the champion, on the same test rows), always, or never." enum:"if_not_worse,always,never" default:"if_not_worse"`

	Production string `help:"MLflow experiment of the run, made when missing." name:"production-experiment" default:"red-wine-quality-production"`
	Model      string `help:"Registered model that gets the version." default:"sk-rfc-model"`
	Alias      string `help:"Alias that is pointed at it unless it is worse." default:"champion"`

	Deploy     bool   `help:"Make or update the deployments and the block instead of running now. Needs Prefect."`
	Deployment string `help:"Name of the deployments." default:"rfc-red-wine" group:"With --deploy"`
	Pool       string `help:"Work pool of type go, made when missing." default:"go-pool" group:"With --deploy"`
	Queue      string `help:"Work queue of the pool, made when missing." default:"red-wine" group:"With --deploy"`
	Cron       string `help:"When the registration runs, UTC." default:"0 0 * * *" group:"With --deploy"`
	Block      string `help:"Name of the block of type RemoteFileSystem that describes the storage." default:"minio" group:"With --deploy"`
	BlockKeys  bool   `help:"Put the storage's keys into the block, as Python's s3fs wants them. Whoever may read the server's blocks can read them there." default:"true" negatable:"" group:"With --deploy"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "register", Description: description}, &register{}))
}

// Run runs or deploys the flow.
func (r *register) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	prefect, err := pipeline.ConnectPrefect(ctx, prefectclient.WithLogger(logger))
	switch {
	case errors.Is(err, prefectclient.ErrNoServer) && !r.Deploy:
	case err != nil:
		return err
	default:
		defer prefect.Close()
		ctx = prefectclient.NewContext(ctx, prefect)
	}
	mlflow, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mlflow.Close()) }()
	flows, err := pipeline.NewFlows(pipeline.Registration{
		Client: mlflow, Loader: &pipeline.DataLoader{Getenv: os.Getenv}, Experiment: r.Production, Model: r.Model, Alias: r.Alias, LocalData: true,
	})
	if err != nil {
		return err
	}
	params := pipeline.RegistrationParameters{
		BucketName: r.Bucket, Filename: r.Filename, Target: r.Target, Features: r.Features, ExperimentName: r.ExperimentName,
		Promotion: pipeline.Promotion(r.Promotion),
	}
	if r.Deploy {
		return r.deploy(ctx, stdout, prefect, flows, params)
	}
	done, err := flows.Registration.Run(ctx, params)
	if err != nil {
		return err
	}
	return summary(stdout, mlflow, done)
}

// summary says what was registered and how to look at it.
func summary(stdout io.Writer, client *mlflowclient.Client, done *pipeline.Registered) error {
	verdict := ""
	if done.Comparison != nil {
		verdict = done.Comparison.Verdict() + "\n"
	}
	_, err := fmt.Fprintf(stdout, "Registered %s version %s (alias %s), accuracy %v on the test part.\n%sModel %s of run %s, hyper-parameters of run %s.\n%s",
		done.Model, done.Version, cmp.Or(done.Alias, "none"), done.Accuracy, verdict, done.ModelID, done.RunID, done.BestRunID,
		pipeline.LookAt(client, done.ExperimentID, done.RunID))
	return err
}

// deploy makes the deployments and says what to do with them.
func (r *register) deploy(ctx context.Context, stdout io.Writer, client *prefectclient.Client, flows *pipeline.Flows, params pipeline.RegistrationParameters) error {
	if r.Bucket == "" {
		return command.Usagef("--deploy needs a --bucket: a worker reads no other data")
	}
	made, err := pipeline.Deployment{
		Flow: flows.Registration, Others: flows.Others(), Name: r.Deployment, Pool: r.Pool, Queue: r.Queue, Cron: r.Cron, Parameters: params,
		Block: r.Block, Getenv: os.Getenv, WithoutKeys: !r.BlockKeys,
	}.Apply(ctx, client)
	if err != nil {
		return err
	}
	var others []string
	for _, flow := range flows.Others() {
		others = append(others, flow.Name()+"/"+made.Name)
	}
	keys := "with the keys of the storage, which whoever may read this server's blocks can read; --no-block-keys leaves them out"
	if !r.BlockKeys {
		keys = "without keys"
	}
	_, err = fmt.Fprintf(stdout, "Deployment %s/%s on pool %s, queue %s, schedule %s (UTC).\nWithout a schedule: %s.\nBlock %s for s3://%s, %s.\n\n"+
		"Start a worker:  go run ./pipeline/worker --pool %q --queue %q%s\nTrigger a run:   %s/deployments/deployment/%s, button Run\n",
		flows.Registration.Name(), made.Name, made.WorkPoolName, made.WorkQueueName, r.Cron, strings.Join(others, ", "), r.Block, r.Bucket, keys,
		made.WorkPoolName, made.WorkQueueName, r.workerFlags(), client.UIURL(), made.ID)
	return err
}

// workerFlags writes the flags that the worker needs too, because they are not its defaults: where a model goes is decided by whoever trains
// it, and no parameter of the flow.
func (r *register) workerFlags() string {
	var text strings.Builder
	for _, one := range [][3]string{
		{"production-experiment", r.Production, pipeline.ProductionExperiment},
		{"model", r.Model, pipeline.RegisteredModelName},
		{"alias", r.Alias, pipeline.ChampionAlias},
	} {
		if one[1] != one[2] {
			fmt.Fprintf(&text, " --%s %q", one[0], one[1])
		}
	}
	return text.String()
}
