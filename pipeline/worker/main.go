// Command worker runs the flows of the loop whenever Prefect has a run of one.
//
//	go run ./pipeline/worker
//	go run ./pipeline/worker --help
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/pipeline"
	"mlopsgo/prefectclient"
)

const description = `Serves a work pool of Prefect: it runs, in its own process, the runs of the loop's flows that wait there, reports their states, task runs and logs,
and stops those that somebody cancels. Make the deployments with go run ./pipeline/register --deploy.

SIGTERM or Ctrl-C ends it after the runs under way, or after --drain; a second one ends it at once. A worker that was killed settles what it left
behind when it is started again under its name on its host.

Prefect is found by PREFECT_API_URL or a profile, MLflow by MLFLOW_TRACKING_URI, the data by AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY.`

// worker is the command's flags.
type worker struct {
	Pool  string        `help:"Work pool, made (of type go) when missing." default:"go-pool"`
	Queue []string      `help:"Work queues of the pool to serve, separated by commas, made when missing; all stands for every queue." default:"red-wine"`
	Name  string        `help:"The worker's name in Prefect; go-worker-<host> when left out. Two workers on one host need two names."`
	Limit int           `help:"Most flow runs at once; 0 for no limit. A training uses every core." default:"1"`
	Drain time.Duration `help:"How long runs under way may go on when the worker is told to stop." default:"30s"`
	Beat  time.Duration `help:"How often the worker tells that it lives. A study gives up the trials of one that is not heard of for three times as long, and runs them again." name:"heartbeat" default:"10s"`

	Production string `help:"MLflow experiment of the runs, made when missing." name:"production-experiment" default:"red-wine-quality-production"`
	Model      string `help:"Registered model that gets the versions." default:"sk-rfc-model"`
	Alias      string `help:"Alias that is pointed at them." default:"champion"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "worker", Description: description}, &worker{}))
}

// Run serves the pool until the context ends.
func (w *worker) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	config := prefectclient.WorkerConfig{Pool: w.Pool, Queues: w.Queue, Name: w.Name, Limit: w.Limit, DrainTimeout: w.Drain, HeartbeatInterval: w.Beat}
	if len(w.Queue) == 1 && w.Queue[0] == "all" {
		config.Queues = nil
	}
	if w.Drain <= 0 {
		return command.Usagef("--drain is %v: name a time above 0", w.Drain)
	}
	prefect, err := pipeline.ConnectPrefect(ctx, prefectclient.WithLogger(slog.New(slog.NewTextHandler(stderr, nil))))
	if err != nil {
		return err
	}
	defer prefect.Close()
	mlflow, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mlflow.Close()) }()
	flows, err := pipeline.NewFlows(pipeline.Registration{
		Client: mlflow, Loader: &pipeline.DataLoader{Getenv: os.Getenv}, Experiment: w.Production, Model: w.Model, Alias: w.Alias,
	})
	if err != nil {
		return err
	}
	served, err := prefectclient.NewWorker(prefect, config, flows.All()...)
	if err != nil {
		return err
	}
	queues := "every queue"
	if len(config.Queues) > 0 {
		queues = "queue " + strings.Join(config.Queues, ", ")
	}
	var names []string
	for _, flow := range flows.All() {
		names = append(names, fmt.Sprintf("%q", flow.Name()))
	}
	fmt.Fprintf(stdout, "Worker %s runs %s for pool %s, %s, and records it in %s.\nTrigger a run:  %s/deployments, button Run\nStop:           Ctrl-C\n",
		served.Name(), strings.Join(names, ", "), w.Pool, queues, mlflow.TrackingURI(), prefect.UIURL())
	return served.Run(ctx)
}
