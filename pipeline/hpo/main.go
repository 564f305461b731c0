// Command hpo optimises a random forest's hyper-parameters on the red wine data, every trial a run in MLflow.
//
//	go run ./pipeline/hpo        # 50 trials
//	go run ./pipeline/hpo 5
//	go run ./pipeline/hpo --help
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"mlopsgo/internal/command"
	"mlopsgo/internal/progress"
	"mlopsgo/pipeline"
	"mlopsgo/prefectclient"
)

const description = `Optimises a random forest's hyper-parameters and records every trial as a run in MLflow.

Without any flag it works on the red wine data that the program carries and writes to mlflow.db and mlruns in this folder, as Python's MLflow does;
no server is needed. With MLFLOW_TRACKING_URI set it writes to that server. All other MLFLOW_TRACKING_ and MLFLOW_HTTP_ variables (user, password,
token, TLS, retries, time-out) act as for Python's client.

Ctrl-C ends the runs under way as KILLED and keeps what is done; --resume carries a study on that was stopped, killed or finished, from MLflow alone.

With --on prefect the study is a flow run in Prefect and each trial another one, which any of the pool's workers takes (go run ./pipeline/worker, on
as many machines as there are). The workers read the data themselves: give embedded:, https://… or s3://….

Examples:
  hpo 5
  hpo --sampler exhaustive
  hpo 100 --data wine.csv --features "pH,alcohol"
  hpo 100 --on prefect --pool go-pool --parallel 16
  hpo --resume 0123456789abcdef0123456789abcdef`

// hpo is the command's flags.
type hpo struct {
	Trials int `arg:"" optional:"" name:"n_trials" help:"Number of trials; 50 when left out. The exhaustive sampler takes as many as it needs."`

	pipeline.Input
	Experiment  string `help:"MLflow experiment, made when missing." default:"red-wine-quality-hyperopt" env:"MLFLOW_EXPERIMENT_NAME"`
	Sampler     string `help:"How trials are chosen: tpe proposes what Optuna's TPESampler does, random draws, exhaustive settles the whole space." enum:"tpe,random,exhaustive" default:"tpe"`
	SamplerSeed uint32 `help:"Seed of the sampler." default:"0" aliases:"seed"`
	Parallel    int    `help:"Most trials at once; 0 is one for each core, or 8 on a pool. Here it changes no result; on a pool, tpe takes what runs for bad trials." default:"0"`

	EarlyStopping bool   `help:"Stop trials that fall behind the best quarter with 32, 128 or 512 of their trees (successive halving). Trials are then not Optuna's without a pruner."`
	On            string `help:"Where trials are carried out: here, or by the workers of a pool of Prefect; a study that is resumed stays where it was." enum:",here,prefect" default:""`
	Pool          string `help:"Work pool of the trials, made when missing; with --on prefect." default:"go-pool"`
	Queue         string `help:"Work queue of the pool, made when missing; with --on prefect." default:"red-wine"`
	Resume        string `help:"Run in MLflow of a study to carry on. Everything but n_trials, --parallel and --on is then the study's own." placeholder:"RUN_ID"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "hpo", Description: description}, &hpo{}))
}

// Run carries the study out.
func (h *hpo) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	sampler := pipeline.Sampler(h.Sampler)
	if err := h.checkTrials(sampler); err != nil {
		return err
	}
	loader := &pipeline.DataLoader{Getenv: os.Getenv}
	if h.Resume != "" {
		return h.resume(ctx, loader, stdout, stderr)
	}
	split, data, err := h.Load(ctx, os.Getenv, stderr)
	if err != nil {
		return err
	}
	client, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	study := pipeline.Study{
		Split: split, Origin: data.Origin(h.Problem()), Space: pipeline.OriginalSpace(), Sampler: sampler, Trials: h.Trials, Seed: h.SamplerSeed,
		Parallel: h.Parallel, Tracker: &pipeline.Tracker{Client: client, Experiment: h.Experiment, Dataset: data.TrainingInput(client)},
	}
	if h.EarlyStopping {
		study.Halving = &pipeline.Halving{}
	}
	pool := ""
	if h.On == "prefect" {
		pool = h.Pool
	}
	return h.carry(ctx, study, pool, stdout, stderr)
}

// resume takes a study up again.
func (h *hpo) resume(ctx context.Context, loader *pipeline.DataLoader, stdout, stderr io.Writer) (err error) {
	client, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	spec, err := pipeline.LoadStudy(ctx, client, h.Resume)
	if err != nil {
		return err
	}
	split, data, err := spec.Load(ctx, loader)
	if err != nil {
		return err
	}
	experiment, err := client.Experiments.Get(ctx, spec.ExperimentID)
	if err != nil {
		return err
	}
	h.Experiment = experiment.Name
	study := spec.Study(split)
	study.Tracker = &pipeline.Tracker{Client: client, Experiment: experiment.Name, Dataset: data.TrainingInput(client)}
	study.Trials = max(study.Trials, h.Trials)
	if h.Parallel != 0 {
		study.Parallel = h.Parallel
	}
	pool := spec.Pool
	switch {
	case h.On == "here":
		pool = ""
	case h.On == "prefect" && pool == "":
		pool = h.Pool
	}
	if spec.Queue != "" {
		h.Queue = spec.Queue
	}
	return h.carry(ctx, study, pool, stdout, stderr)
}

// carry carries a study out, here or on a pool, and prints what comes of it.
func (h *hpo) carry(ctx context.Context, study pipeline.Study, pool string, stdout, stderr io.Writer) error {
	total := study.Trials
	if study.Sampler == pipeline.SamplerExhaustive {
		total = study.Space.Points()
	}
	out := &report{stdout: stdout, client: study.Tracker.Client, split: study.Split, experiment: h.Experiment}
	out.announce(study.Sampler, total)
	out.progress = progress.New(stdout, stderr, total, "no trial yet")
	study.Tracker.OnStart, study.OnTrial = out.started, out.trial
	var trials []pipeline.Trial
	var err error
	if pool == "" {
		trials, err = study.Run(ctx)
	} else {
		trials, err = h.asFlow(ctx, study, pool, stderr)
	}
	out.progress.Close()
	out.summary(trials)
	if err != nil && out.run.ID != "" {
		out.printf("Carry it on: hpo --resume %s\n", out.run.ID)
	}
	return err
}

// asFlow carries a study out as a flow run, and its trials as flow runs on a pool.
func (h *hpo) asFlow(ctx context.Context, study pipeline.Study, pool string, stderr io.Writer) ([]pipeline.Trial, error) {
	prefect, err := pipeline.ConnectPrefect(ctx, prefectclient.WithLogger(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))))
	if err != nil {
		return nil, err
	}
	defer prefect.Close()
	study.Pool = &pipeline.Pool{Client: prefect, Name: pool, Queue: h.Queue}
	return pipeline.RunStudyFlow(prefectclient.NewContext(ctx, prefect), study)
}

// checkTrials applies the default number of trials.
func (h *hpo) checkTrials(sampler pipeline.Sampler) error {
	switch {
	case sampler == pipeline.SamplerExhaustive && h.Trials != 0:
		return command.Usagef("--sampler exhaustive settles the whole space: leave n_trials out")
	case h.Trials < 0:
		return command.Usagef("n_trials is %d: at least 1 is needed", h.Trials)
	case h.Parallel < 0:
		return command.Usagef("--parallel is %d: 0 (one trial for each core) or more is possible", h.Parallel)
	case h.Trials == 0 && sampler != pipeline.SamplerExhaustive && h.Resume == "":
		h.Trials = 50
	}
	return nil
}
