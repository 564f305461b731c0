package monitoring

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"mlopsgo/monitoring/evidently"
	"mlopsgo/monitoring/outlier"
)

const (
	defaultMinRows = 30
	defaultWindow  = time.Hour
	defaultSettle  = 10 * time.Second
	maxSteps       = 24  // of a window that waits for more predictions
	republished    = 100 // windows in one run
)

// Config says what a [Monitor] looks at and where it writes.
type Config struct {
	// Model is the name under which predictions are logged. Version, unless empty, is the only one to look at.
	Model, Version string
	// Predictions reads the logged predictions of a model, with from ≤ time < to, in order of time.
	Predictions func(ctx context.Context, model string, from, to time.Time) iter.Seq2[Prediction, error]
	// References gives what the predictions of a version are compared with.
	References References
	// Store keeps the results.
	Store *Store
	// Publisher shows the results in Evidently; nil for not at all.
	Publisher *Publisher
	// MinRows is the number of predictions that a window needs; 0 means 30.
	MinRows int
	// Outliers configures the isolation forest.
	Outliers outlier.Config
	// Settle is the time that the predictor may take to log a prediction: a window is looked at so long after its end. 0 means 10 s, negative none.
	Settle time.Duration
	// Now replaces the clock.
	Now func() time.Time
}

// Range says which predictions a run looks at. The zero value is all whole windows of an hour since the last run up to now.
type Range struct {
	// Window is the length of the windows, which begin at multiples of it in UTC. 0 means an hour, or, with From, one window for the range.
	Window time.Duration
	// From and To, unless zero, are looked at whether they were before or not, and do not count as progress. To alone means nothing.
	From, To time.Time
	// All looks at all predictions there are, as one window a version. It excludes the others.
	All bool
}

// Summary is what a run did.
type Summary struct {
	Results []*Result
	// URLs are the report pages, by the identity of the window.
	URLs map[string]string
	// Predictions is the number that was read.
	Predictions int
	// Left was too little to be compared.
	Left []Left
}

// Monitor compares predictions with what their model was trained on, window by window. Make it with [New]; one Run at a time.
type Monitor struct {
	config    Config
	comparers map[string]*Comparer
}

// New checks the configuration. It reads nothing yet.
func New(config Config) (*Monitor, error) {
	if config.Model == "" || config.Predictions == nil || config.References == nil || config.Store == nil {
		return nil, errors.New("monitor: Config needs Model, Predictions, References and Store")
	}
	if config.MinRows < 0 {
		return nil, fmt.Errorf("monitor: a window cannot need %d predictions", config.MinRows)
	}
	if config.MinRows == 0 {
		config.MinRows = defaultMinRows
	}
	if config.Settle == 0 {
		config.Settle = defaultSettle
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Monitor{config: config, comparers: map[string]*Comparer{}}, nil
}

// Run looks at a range once. What it did is returned beside an error, too: a version whose reference cannot be had, or an Evidently that
// does not answer, does not keep it from the rest, and the next run makes up for it. Predictions that cannot be compared, such as
// [ErrNoColumn], are told once.
func (m *Monitor) Run(ctx context.Context, r Range) (*Summary, error) {
	run := &run{Monitor: m, summary: &Summary{URLs: map[string]string{}}, failed: map[string]time.Time{}}
	if err := r.validate(); err != nil {
		return run.summary, err
	}
	err := run.publishOld(ctx)
	if err == nil {
		err = run.compare(ctx, r)
	}
	return run.summary, errors.Join(append(run.errs, err)...)
}

func (r Range) validate() error {
	switch {
	case r.All && (r.Window != 0 || !r.From.IsZero() || !r.To.IsZero()):
		return errors.New("all predictions make one window: give no window and no range with it")
	case r.Window < 0 || r.Window > 0 && r.Window < time.Second:
		return fmt.Errorf("a window of %v is shorter than a second", r.Window)
	case r.From.IsZero() && !r.To.IsZero():
		return errors.New("the range has an end and no beginning")
	case !r.To.IsZero() && !r.From.Before(r.To):
		return fmt.Errorf("the range ends at %s, before it begins at %s", clock(r.To), clock(r.From))
	}
	return nil
}

// run is the state of one Run.
type run struct {
	*Monitor
	summary *Summary
	errs    []error
	failed  map[string]time.Time // beginning of the first window that failed, by version
	silent  bool                 // Evidently does not answer
}

// publishOld makes up for what Evidently did not take in earlier runs.
func (r *run) publishOld(ctx context.Context) error {
	if r.config.Publisher == nil {
		return nil
	}
	old, err := r.config.Store.Unpublished(ctx, r.config.Model, republished)
	if err != nil {
		return err
	}
	for _, w := range old {
		if r.silent || r.config.Version != "" && r.config.Version != w.Version {
			continue
		}
		b := &batch{Window: w}
		for p, err := range r.config.Predictions(ctx, w.Model, w.Start, w.End) {
			if err != nil {
				return err
			}
			if p.Version == w.Version {
				b.predictions = append(b.predictions, p)
			}
		}
		if len(b.predictions) == 0 {
			r.errs = append(r.errs, fmt.Errorf("publish %s: its predictions are no longer in the log", w))
			continue
		}
		if err := r.look(ctx, b); err != nil {
			return err
		}
	}
	clear(r.failed) // what was compared once is no matter of progress
	return nil
}

// look compares, saves and publishes one window. The error is one that ends the run; others are kept.
func (r *run) look(ctx context.Context, b *batch) error {
	comparer, err := r.comparer(ctx, b.Version)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s waits: %w", b.Window, err))
		r.failed[b.Version] = b.Start
		return nil
	}
	result, err := comparer.Compare(b.Window, b.predictions)
	if err != nil { // and would be the next time
		r.errs = append(r.errs, fmt.Errorf("passed over: %w", err))
		return nil
	}
	if err := r.config.Store.Save(ctx, result); err != nil {
		return err
	}
	r.summary.Results = append(r.summary.Results, result)
	if r.config.Publisher == nil || r.silent {
		return nil
	}
	snapshot, address, err := r.config.Publisher.Publish(ctx, result)
	if err != nil {
		r.silent = errors.Is(err, evidently.ErrUnavailable) || errors.Is(err, evidently.ErrForbidden)
		r.errs = append(r.errs, fmt.Errorf("the results are saved, but not in Evidently, where the next run will try again: %w", err))
		return nil
	}
	r.summary.URLs[result.ID()] = address
	return r.config.Store.SetSnapshot(ctx, result.Window, snapshot)
}

// comparer is made once for each version.
func (r *run) comparer(ctx context.Context, version string) (*Comparer, error) {
	if known := r.comparers[version]; known != nil {
		return known, nil
	}
	reference, err := r.config.References(ctx, version)
	if err != nil {
		return nil, err
	}
	comparer, err := NewComparer(reference, r.config.Outliers)
	if err != nil {
		return nil, err
	}
	r.comparers[version] = comparer
	return comparer, nil
}
