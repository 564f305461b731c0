// Command benchmark measures the predictor against `mlflow models serve`, an empty Gin handler and onnxruntime, with one forest, in one run.
//
//	make bench-predict
//	stack/with go run ./predictsvc/benchmark --rounds 9
//
// # How
//
// scikit-learn trains a forest on the wine data and registers it in the real MLflow, as its own model and as ONNX. The three services run at the
// same time, each in a process of its own; wrk drives one after the other, in rounds, so that whatever else the machine does meets all alike.
// Ratios are taken within a round, and the median of the rounds counts. All share the processors with wrk, which is the same for all.
//
// Half load is wrk with pauses: each of many connections waits for 0 to 20 ms, at random, before a request. There are as many connections as
// give half of the rate that the server itself has just reached, so that each is half busy.
//
// The predictor keeps no log of predictions, as neither of the others does; what the log costs is measured apart, if there is a database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mlopsgo/internal/command"
)

const description = `Measures the predictor's throughput, latency, memory and start against MLflow's server, an empty Gin handler and onnxruntime.

Run it in the module's folder with the stack up (make bench-predict does both); it needs MLFLOW_TRACKING_URI, as stack/up prints it, and wrk
(apt-get install wrk). It prints a table with the targets, and exits with 1 when one is missed, unless --lenient is given.`

// benchmark is the command's flags.
type benchmark struct {
	Rounds      int           `help:"How often all take their turn." default:"7"`
	Turn        time.Duration `help:"Length of a turn, in whole seconds." default:"2s"`
	SlowTurn    time.Duration `help:"Length of a turn of MLflow's server." default:"6s"`
	Connections int           `help:"Connections of wrk to the fast servers." default:"32"`
	Slow        int           `help:"Connections of wrk to MLflow's server." default:"8"`
	Trees       int           `help:"Trees of the forest." default:"500"`
	Served      string        `help:"Which of the two registered models the predictor serves: sklearn, as MLflow's server does, or onnx." enum:"sklearn,onnx" default:"sklearn"`
	Lenient     bool          `help:"Exits with 0 when a target is missed."`
	Tracking    string        `help:"The MLflow server." env:"MLFLOW_TRACKING_URI" required:""`
	Database    string        `help:"A Postgres, to measure the log of predictions; without it that is left out." env:"MONITORING_DATABASE_URL"`
	Empty       string        `help:"Does nothing but serve the empty handler on this address." hidden:""`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "bench-predict", Description: description}, &benchmark{}))
}

// Validate is called by kong before Run.
func (b *benchmark) Validate() error {
	if b.Rounds < 1 || b.Turn < time.Second || b.SlowTurn < time.Second || b.Connections < 1 || b.Slow < 1 || b.Trees < 1 {
		return errors.New("--rounds, --connections, --slow and --trees must be positive, --turn and --slow-turn a second at least")
	}
	return nil
}

// Run measures.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if b.Empty != "" {
		return serveEmpty(ctx, b.Empty, stderr)
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		return fmt.Errorf("wrk drives the servers and is not installed (apt-get install wrk): %w", err)
	}
	dir, err := os.MkdirTemp("", "bench-predict-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	name := "bench-predict-" + strings.ToLower(filepath.Base(dir)[len("bench-predict-"):])
	fmt.Fprintf(stderr, "training %d trees and registering %s\n", b.Trees, name)
	python, err := startPython(ctx, stderr, "internal/wine/winequality-red.csv", name, fmt.Sprint(b.Trees), filepath.Join(dir, "model.onnx"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, python.Stop()) }()
	place := place{benchmark: b, dir: dir, name: name, stderr: stderr}
	if err := place.build(ctx); err != nil {
		return err
	}
	var t table
	if err := place.throughput(ctx, &t); err != nil {
		return err
	}
	if err := place.starts(ctx, &t); err != nil {
		return err
	}
	if err := b.evaluation(ctx, filepath.Join(dir, "model.onnx"), python, &t); err != nil {
		return err
	}
	if b.Database != "" {
		if err := place.withLog(ctx, &t); err != nil {
			return err
		}
	}
	if err := t.print(stdout); err != nil {
		return err
	}
	if missed := t.missed(); !b.Lenient && len(missed) > 0 {
		return fmt.Errorf("missed: %s", strings.Join(missed, ", "))
	}
	return nil
}
