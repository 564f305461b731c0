package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// ErrWriterClosed is what a [MetricWriter] says to whoever logs after Close.
var ErrWriterClosed = errors.New("mlflow: the metric writer is closed")

// MetricWriterConfig says how a [MetricWriter] trades delay against requests. The zero value is fine.
type MetricWriterConfig struct {
	// BatchSize is the most points, params and tags together that a request carries, 1 to 1000; 0 means 1000. The
	// server's other limits, 100 params and 100 tags, hold beside it. As many waiting are sent at once.
	BatchSize int
	// Interval is the longest that anything waits for company before it is sent; 0 means one second.
	Interval time.Duration
	// Capacity is how many points, params and tags may be on their way, those being sent included; whoever logs more
	// waits. 0 means 100,000, which is some 20 MB.
	Capacity int
	// KeepTrying is for how long a request is repeated, beyond the client's own retries, while the server is away,
	// overloaded or failing; 0 means ten minutes, negative not at all. Then the writer gives up.
	KeepTrying time.Duration
	// Logger, unless nil, hears of requests that failed and are to be repeated.
	Logger *slog.Logger
}

func (c *MetricWriterConfig) validate() error {
	if c.BatchSize < 0 || c.BatchSize > maxBatchTotal || c.Interval < 0 || c.Capacity < 0 {
		return invalid("metric writer: a batch size of %d (1 to %d are possible), an interval of %v or a capacity of %d", c.BatchSize, maxBatchTotal, c.Interval, c.Capacity)
	}
	if c.BatchSize == 0 {
		c.BatchSize = maxBatchTotal
	}
	if c.Interval == 0 {
		c.Interval = time.Second
	}
	if c.Capacity == 0 {
		c.Capacity = 100_000
	}
	if c.KeepTrying == 0 {
		c.KeepTrying = 10 * time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// MetricWriter logs to a run in the background: its methods return when they have taken what they were given, and one
// request carries many points. Make it with [ActiveRun.NewMetricWriter] or [RunService.NewMetricWriter], and Close it.
// It is safe for concurrent use.
//
// All is sent in the order in which it was logged, one request after the other, and a request that got no answer is
// sent again as it was, which MLflow stores once. So the points that the server has are at any time the first of those
// that were logged, without gaps or doubles, also when the server is killed and started again in the middle; so are the
// params, and the tags, each by themselves, since the server stores the three kinds of a request in turn. Flush and Close
// return nil only when the server has all. What was not flushed is lost with the process: at most what an Interval, the
// request under way and a server that is away hold back.
//
// A refusal that will not pass, such as a deleted run, another value for a param that is there, or KeepTrying over,
// ends the writer: from then on all its methods return the same [*MetricWriterError].
type MetricWriter struct {
	runs  *RunService
	runID string
	cfg   MetricWriterConfig
	wake  chan struct{}
	abort context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something below changes that others wait for
	waiting []entry
	logged  int // how many were ever taken
	stored  int // how many of them the server has
	hurry   int // as many have to be sent without waiting for company
	closed  bool
	failed  *MetricWriterError
}

// MetricWriterError says what became of a writer that had to give up.
type MetricWriterError struct {
	RunID string
	// Stored and Lost count the points, params and tags that were taken: the server has the first ones, not the last ones
	// (but perhaps those of the request that failed, if Err says so).
	Stored, Lost int
	Err          error
}

func (e *MetricWriterError) Error() string {
	return fmt.Sprintf("metric writer of run %s: %d values stored, %d lost: %v", e.RunID, e.Stored, e.Lost, e.Err)
}

// Unwrap gives the error of the request that failed.
func (e *MetricWriterError) Unwrap() error { return e.Err }

// NewMetricWriter makes a writer for the run. [ActiveRun.End] and [Client.Track] close it if nobody has before.
func (r *ActiveRun) NewMetricWriter(ctx context.Context, cfg MetricWriterConfig) (*MetricWriter, error) {
	w, err := r.runs.NewMetricWriter(ctx, r.ID, cfg)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writers = append(r.writers, w)
	return w, nil
}

// NewMetricWriter makes a writer for a run. It takes the context's values and not its end: what was taken is sent, also
// while a cancelled program cleans up.
func (s *RunService) NewMetricWriter(ctx context.Context, runID string, cfg MetricWriterConfig) (*MetricWriter, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	ctx, abort := context.WithCancel(context.WithoutCancel(ctx))
	w := &MetricWriter{
		runs: s, runID: runID, cfg: cfg, abort: abort,
		wake: make(chan struct{}, 1), ended: make(chan struct{}), changed: make(chan struct{}),
	}
	go w.work(ctx)
	return w, nil
}

// Log takes one point; a zero Timestamp is now. It waits while Capacity is used up, as long as the context allows. A key
// that MLflow would refuse is refused here and harms nothing else.
func (w *MetricWriter) Log(ctx context.Context, m Metric) error {
	if err := checkKey("metric", m.Key); err != nil {
		return err
	}
	return w.take(ctx, []entry{{metric: m.wire(time.Now())}})
}

// LogParam takes a param; the same value again is fine, another ends the writer.
func (w *MetricWriter) LogParam(ctx context.Context, key, value string) error {
	return w.LogBatch(ctx, Batch{Params: map[string]string{key: value}})
}

// SetTag takes a tag.
func (w *MetricWriter) SetTag(ctx context.Context, key, value string) error {
	return w.LogBatch(ctx, Batch{Tags: map[string]string{key: value}})
}

// LogBatch takes many at once, all or nothing: params and tags first, by key, then metrics in their order. It waits until
// there is room for one, so that a batch may go beyond Capacity.
func (w *MetricWriter) LogBatch(ctx context.Context, b Batch) error {
	now := time.Now()
	whole := batchJSON{Params: toTags(b.Params), Tags: toTags(b.Tags), Metrics: make([]metricJSON, len(b.Metrics))}
	for i := range b.Metrics {
		whole.Metrics[i] = b.Metrics[i].wire(now)
	}
	if err := checkKeys(&whole); err != nil {
		return err
	}
	entries := make([]entry, 0, len(whole.Params)+len(whole.Tags)+len(whole.Metrics))
	for _, p := range whole.Params {
		entries = append(entries, entry{kind: ofParam, tag: p})
	}
	for _, t := range whole.Tags {
		entries = append(entries, entry{kind: ofTag, tag: t})
	}
	for _, m := range whole.Metrics {
		entries = append(entries, entry{metric: m})
	}
	return w.take(ctx, entries)
}

// take queues the entries when there is room.
func (w *MetricWriter) take(ctx context.Context, entries []entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.await(ctx, func() bool { return w.closed || w.logged-w.stored < w.cfg.Capacity })
	switch {
	case err != nil:
		return err
	case w.closed:
		return ErrWriterClosed
	case len(entries) == 0:
		return nil
	}
	// A worker that waits for its first entry, or for a full batch, has to look again; others need not be disturbed.
	look := len(w.waiting) == 0 || len(w.waiting) < w.cfg.BatchSize && len(w.waiting)+len(entries) >= w.cfg.BatchSize
	now := time.Now()
	for i := range entries {
		entries[i].at = now
	}
	w.waiting = append(w.waiting, entries...)
	w.logged += len(entries)
	if look {
		w.rouse()
	}
	return nil
}

// await returns when the condition holds, or the writer has failed, or the context is over. w.mu is held before, after and
// whenever the condition is looked at.
func (w *MetricWriter) await(ctx context.Context, condition func() bool) error {
	for {
		if w.failed != nil {
			return w.failed
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if condition() {
			return nil
		}
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		w.mu.Lock()
	}
}

// Flush returns when the server has all that was logged before the call, or with the writer's error, or when the context is over
// (the writer then goes on).
func (w *MetricWriter) Flush(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	upTo := w.logged
	w.hurry = max(w.hurry, upTo)
	w.rouse()
	return w.await(ctx, func() bool { return w.stored >= upTo })
}

// Close flushes and ends the writer; closing it again gives the same answer. When the context is over, before or meanwhile, what is
// still waiting gets 30 seconds; so much for a program that was told to stop.
func (w *MetricWriter) Close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.announce()
	w.rouse()
	w.mu.Unlock()
	last, cancel := grace(ctx, endTimeout)
	defer cancel()
	select {
	case <-w.ended:
	case <-last.Done():
		w.abort()
		<-w.ended
	}
	return w.Err()
}

// Err is nil, or what ended the writer before its time.
func (w *MetricWriter) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	return nil
}

// announce tells all who await something; w.mu is held.
func (w *MetricWriter) announce() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// rouse makes the worker look again.
func (w *MetricWriter) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
