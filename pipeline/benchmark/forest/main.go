// Command forest measures package forest against scikit-learn's RandomForestClassifier: time to fit and to predict, and
// peak memory, on the same data, in one run, taking turns. It exits with 1 when a target is missed or when the two
// predict different labels. It needs the Python environment that stack/venv makes; run it in the root of the module:
//
//	go run ./pipeline/benchmark/forest
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"mlopsgo/internal/original"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options of the command line.
type options struct {
	repeats    int
	jobs       int
	reportOnly bool
	python     string
	only       string
	memory     string // case to measure in this process
	folder     string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	var o options
	flags := flag.NewFlagSet("forest", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.repeats, "repeats", 5, "how often each side fits and predicts")
	flags.IntVar(&o.jobs, "jobs", 2, "threads of each side")
	flags.BoolVar(&o.reportOnly, "report-only", false, "exit with 0 even when a target is missed")
	flags.StringVar(&o.python, "python", "", "interpreter with scikit-learn (default: the one of stack/venv)")
	flags.StringVar(&o.only, "only", "", "run just this case: wine, 10k, 100k or tiny")
	flags.StringVar(&o.memory, "memory", "", "internal: measure the memory of one case in this process")
	flags.StringVar(&o.folder, "folder", "", "internal: where the data is")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || o.repeats < 1 || o.jobs < 1 {
		fmt.Fprintln(stderr, "forest: repeats and jobs must be positive; there are no arguments")
		return 2
	}
	if o.memory != "" {
		return report(stderr, printPeak(ctx, o, stdout))
	}
	missed, err := compare(ctx, o, stdout)
	if err == nil && len(missed) > 0 {
		fmt.Fprintln(stdout, "\nmissed: "+strings.Join(missed, "; "))
		if !o.reportOnly {
			return 1
		}
	}
	return report(stderr, err)
}

func report(stderr io.Writer, err error) (exitCode int) {
	if err != nil {
		fmt.Fprintln(stderr, "forest: "+err.Error())
		return 1
	}
	return 0
}

// interpreter finds Python.
func interpreter(ctx context.Context, o options) (string, error) {
	if o.python != "" {
		return o.python, nil
	}
	return original.Interpreter(ctx, "mlflow")
}
