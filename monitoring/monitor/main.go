// Command monitor compares logged predictions with the rows that their model was trained on.
//
//	go run ./monitoring/monitor --once
//	go run ./monitoring/monitor --every 5m
//	go run ./monitoring/monitor --help
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/mlflowclient"
	"mlopsgo/monitoring"
	"mlopsgo/monitoring/evidently"
	"mlopsgo/monitoring/outlier"
)

const description = `Compares the predictions that the predictor logs to Postgres with the rows that their model was trained on: drift of every feature and of the
predicted labels, as Evidently's data drift report decides, and predictions on unusual features. Each model version is looked at by itself.

The results of every window go to Postgres (tables drift_windows, drift_columns, outliers), to the terminal, and to the Evidently service as a report, with a
dashboard. A window that is looked at again replaces what it gave before.

Without --once and --from it looks at the whole windows since the last run. A window with fewer than --min-rows predictions waits, and grows by the next ones.

Environment:
  MONITORING_DATABASE_URL             the database of predictions and results; without it PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE
  EVIDENTLY_URL, EVIDENTLY_SECRET     the Evidently service and its secret, if it has one; without the first, nothing is published
  MLFLOW_TRACKING_URI                 where the model's reference.csv is, with all MLFLOW_TRACKING_ and MLFLOW_HTTP_ variables of Python's client

Exit code 1 says that something failed; what could be done was done, and the next run makes up for the rest.

Examples:
  monitor --once
  monitor --every 5m --window 15m
  monitor --from 2026-11-20T00:00:00Z --to 2026-11-21T00:00:00Z --window 6h
  monitor --once --reference training-rows.csv`

// monitor is the command's flags.
type monitor struct {
	Model     string `help:"The model, models:/name@alias or models:/name/version. A version is then the only one that is looked at." default:"models:/sk-rfc-model@champion" env:"MODEL_URI"`
	Reference string `help:"CSV file to compare with, instead of the reference.csv of each model version: features and the column prediction."`
	Target    string `help:"Column of the reference that predictions do not have." default:"quality"`

	Once   bool          `help:"Look at all predictions there are, as one window."`
	Window time.Duration `help:"Length of a window, which begins at a multiple of it in UTC; 1h when left out, or all of --from to --to."`
	From   time.Time     `help:"Look at the predictions since then, whether they were looked at before or not (RFC 3339)."`
	To     time.Time     `help:"End of --from; now when left out."`
	Every  time.Duration `help:"Keep running, and look every so often; 0 looks once and ends."`

	MinRows       int     `help:"Predictions that a window needs." default:"30"`
	Contamination float64 `help:"Share of the reference rows that count as outliers, in [0, 1); 0 takes scikit-learn's fixed threshold." default:"0.01"`
	Seed          uint64  `help:"Seed of the isolation forest." default:"0"`

	Evidently string `help:"Address of the Evidently service." env:"EVIDENTLY_URL"`
	Project   string `help:"Project in Evidently, made when missing." default:"red-wine-quality"`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "monitor", Description: description}, &monitor{}))
}

// Run looks once, or until a signal ends it.
func (m *monitor) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if err := m.check(); err != nil {
		return err
	}
	w := &watcher{}
	defer w.close()
	if err := m.open(ctx, w); err != nil {
		return err
	}
	out := &report{stdout: stdout, publisher: w.publisher}
	wanted := monitoring.Range{Window: m.Window, From: m.From, To: m.To, All: m.Once}
	for {
		summary, err := w.monitor.Run(ctx, wanted)
		out.print(summary)
		switch nothing := summary.Predictions == 0 && len(summary.Results) == 0 && err == nil; {
		case nothing && (m.Once || !m.From.IsZero()):
			err = fmt.Errorf("no predictions of %s in the log: is the name right, and does the predictor log to this database?", w.model)
		case nothing && m.Every == 0:
			fmt.Fprintf(stdout, "%s: nothing new to compare: no whole window has ended since the last run, or nobody asked for a prediction; --once compares all there is\n", w.model)
		}
		if m.Every == 0 || ctx.Err() != nil {
			return err
		}
		if err != nil {
			fmt.Fprintf(stderr, "monitor: %s\n", command.OneLine(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(m.Every):
		}
	}
}

// check refuses flags that contradict each other.
func (m *monitor) check() error {
	switch {
	case m.Once && (m.Window != 0 || !m.From.IsZero() || !m.To.IsZero()):
		return command.Usagef("--once makes one window of all predictions: leave out --window, --from and --to")
	case m.Every < 0 || m.Window < 0 || m.MinRows < 1:
		return command.Usagef("--every and --window must not be negative, --min-rows must be at least 1")
	case m.Every > 0 && (m.Once || !m.From.IsZero()):
		return command.Usagef("--every looks at what is new: leave out --once and --from")
	case m.From.IsZero() && !m.To.IsZero():
		return command.Usagef("--to needs --from")
	case !m.To.IsZero() && !m.From.Before(m.To):
		return command.Usagef("--to must be after --from")
	}
	return nil
}

// watcher is a monitor and what it is made of.
type watcher struct {
	model     string // its registered name
	monitor   *monitoring.Monitor
	publisher *monitoring.Publisher // nil without an Evidently
	closers   []func()
}

func (w *watcher) close() {
	for _, one := range w.closers {
		one()
	}
}

// open connects to everything. What it has opened is to be closed after an error, too.
func (m *monitor) open(ctx context.Context, w *watcher) error {
	name, version, err := monitoring.ModelName(m.Model)
	if err != nil {
		return command.Usagef("--model: %v", err)
	}
	config := monitoring.Config{
		Model: name, Version: version, MinRows: m.MinRows, Outliers: outlier.Config{Contamination: m.Contamination, Seed: m.Seed},
	}
	if m.Evidently != "" {
		client, err := evidently.New(m.Evidently, evidently.WithSecret(os.Getenv("EVIDENTLY_SECRET")))
		if err != nil {
			return err
		}
		w.closers = append(w.closers, client.Close)
		w.publisher = monitoring.NewPublisher(client, m.Project)
		config.Publisher = w.publisher
	}
	if config.References, err = m.references(ctx, w, name); err != nil {
		return err
	}
	address := os.Getenv("MONITORING_DATABASE_URL")
	log, err := monitoring.OpenLog(ctx, address)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, log.Close)
	store, err := monitoring.OpenStore(ctx, address)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, store.Close)
	config.Predictions, config.Store = log.Predictions, store
	w.model = name
	w.monitor, err = monitoring.New(config)
	return err
}

// references are a file's, which is read at once to find out whether it can be, or the registry's.
func (m *monitor) references(ctx context.Context, w *watcher, name string) (monitoring.References, error) {
	if m.Reference != "" {
		references := monitoring.FileReference(m.Reference, m.Target)
		_, err := references(ctx, "")
		return references, err
	}
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return nil, err
	}
	w.closers = append(w.closers, func() { _ = client.Close() })
	return monitoring.ModelReferences(client, name, m.Target), nil
}
