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
	"os"

	"mlopsgo/internal/command"
	"mlopsgo/internal/progress"
	"mlopsgo/pipeline"
)

const description = `Optimises a random forest's hyper-parameters and records every trial as a run in MLflow.

Without any flag it works on the red wine data that the program carries and writes to mlflow.db and mlruns in this folder, as Python's MLflow does;
no server is needed. With MLFLOW_TRACKING_URI set it writes to that server. All other MLFLOW_TRACKING_ and MLFLOW_HTTP_ variables (user, password,
token, TLS, retries, time-out) act as for Python's client.

Ctrl-C ends the runs under way as KILLED and keeps what is done.

Examples:
  hpo 5
  hpo --sampler exhaustive
  hpo 100 --data wine.csv --features "pH,alcohol"`

// hpo is the command's flags.
type hpo struct {
	Trials int `arg:"" optional:"" name:"n_trials" help:"Number of trials; 50 when left out. The exhaustive sampler takes as many as it needs."`

	pipeline.Input
	Experiment  string `help:"MLflow experiment, made when missing." default:"red-wine-quality-hyperopt" env:"MLFLOW_EXPERIMENT_NAME"`
	Sampler     string `help:"How trials are chosen: tpe proposes what Optuna's TPESampler does, random draws, exhaustive settles the whole space." enum:"tpe,random,exhaustive" default:"tpe"`
	SamplerSeed uint32 `help:"Seed of the sampler." default:"0" aliases:"seed"`
	Parallel    int    `help:"Most trials at once; 0 is one for each core. It changes no result." default:"0"`
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
	split, data, err := h.Load(ctx, os.Getenv, stderr)
	if err != nil {
		return err
	}
	client, err := pipeline.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	out := &report{stdout: stdout, client: client, split: split, experiment: h.Experiment}
	study := pipeline.Study{
		Split: split, Space: pipeline.OriginalSpace(), Sampler: sampler, Trials: h.Trials, Seed: h.SamplerSeed, Parallel: h.Parallel,
		Tracker: &pipeline.Tracker{Client: client, Experiment: h.Experiment, Dataset: data.TrainingInput(client), OnStart: out.started},
		OnTrial: out.trial,
	}
	total := h.Trials
	if sampler == pipeline.SamplerExhaustive {
		total = study.Space.Points()
	}
	out.announce(sampler, total)
	out.progress = progress.New(stdout, stderr, total, "no trial yet")
	trials, err := study.Run(ctx)
	out.progress.Close()
	out.summary(trials)
	return err
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
	case h.Trials == 0 && sampler != pipeline.SamplerExhaustive:
		h.Trials = 50
	}
	return nil
}
