package predictsvc

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"mlopsgo/internal/predictionlog"
)

// Bounds of writing to Postgres.
const (
	appendTime   = 15 * time.Second
	firstRetry   = 100 * time.Millisecond
	longestRetry = 5 * time.Second
)

// recorder takes the predictions off the request path and writes them to Postgres in batches, again and again while it is down. What was
// taken is in memory until it is written: at most Queue rows, beyond which predictions are dropped and counted.
type recorder struct {
	config  LogConfig
	logger  *slog.Logger
	metrics *metrics

	mu      sync.Mutex
	waiting []*record
	rows    int // taken and not yet written
	queued  int // those of them in waiting
	closed  bool
	lastErr error
	dropped int  // since the start
	losing  bool // rows are being dropped, which was logged

	wake    chan struct{} // there is something to take
	closing chan struct{}

	store *predictionlog.Store // of the goroutine of run
}

func newRecorder(config LogConfig, logger *slog.Logger, m *metrics) *recorder {
	r := &recorder{config: config, logger: logger, metrics: m, wake: make(chan struct{}, 1), closing: make(chan struct{})}
	m.queueRows(func() float64 { rows, _, _ := r.state(); return float64(rows) })
	return r
}

// offer takes a record, or drops it when too much waits already. It never blocks.
func (r *recorder) offer(rec *record) {
	r.mu.Lock()
	if r.closed || r.rows+rec.rows > r.config.Queue {
		news := !r.losing
		r.losing = true
		r.dropped += rec.rows
		r.mu.Unlock()
		r.metrics.logDropped.WithLabelValues("queue full").Add(float64(rec.rows))
		if news {
			r.logger.Error("predictions are dropped: too many wait to be written to Postgres", "limit", r.config.Queue)
		}
		return
	}
	r.waiting = append(r.waiting, rec)
	r.rows += rec.rows
	r.queued += rec.rows
	first, full := len(r.waiting) == 1, r.queued >= r.config.Batch
	r.mu.Unlock()
	if first || full {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// close takes no more records; run then writes what waits and returns.
func (r *recorder) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	close(r.closing)
}

// run writes until the recorder is closed and everything is written, or the context ends.
func (r *recorder) run(ctx context.Context) {
	defer r.closeStore()
	for {
		batch := r.take(ctx)
		if len(batch) == 0 {
			break
		}
		r.write(ctx, batch)
	}
	if rows, _, _ := r.state(); rows > 0 {
		r.metrics.logDropped.WithLabelValues("shutdown").Add(float64(rows))
		r.logger.Error("predictions were not written to Postgres before the end", "rows", rows)
	}
}

// take waits for a batch: until it is full, its first row has waited for long enough, or the recorder is closed. It is empty when there is
// nothing more to come.
func (r *recorder) take(ctx context.Context) []predictionlog.Prediction {
	var due <-chan time.Time
	var timer *time.Timer
	defer func() {
		if timer != nil {
			timer.Stop()
		}
	}()
	for {
		r.mu.Lock()
		queued, closed := r.queued, r.closed
		r.mu.Unlock()
		switch {
		case ctx.Err() != nil, closed && queued == 0:
			return nil
		case closed, queued >= r.config.Batch:
			return r.cut()
		case queued > 0 && due == nil:
			timer = time.NewTimer(r.config.Flush)
			due = timer.C
		}
		select {
		case <-r.wake:
		case <-due:
			return r.cut()
		case <-r.closing:
		case <-ctx.Done():
		}
	}
}

// cut takes whole records until the batch is full, and makes the rows of them. Their ids are made here, once: however often a batch is
// written, a row is in the table once.
func (r *recorder) cut() []predictionlog.Prediction {
	r.mu.Lock()
	n, rows := 0, 0
	for n < len(r.waiting) && (n == 0 || rows+r.waiting[n].rows <= r.config.Batch) {
		rows += r.waiting[n].rows
		n++
	}
	records := r.waiting[:n:n]
	if r.waiting = r.waiting[n:]; len(r.waiting) == 0 {
		r.waiting = nil
	}
	r.queued -= rows
	r.mu.Unlock()
	batch := make([]predictionlog.Prediction, 0, rows)
	for i, rec := range records {
		batch = rec.appendTo(batch)
		records[i] = nil
	}
	return batch
}

// write repeats until the batch is written or the context ends. A batch that Postgres refuses for its data is written row by row, so that
// one bad row costs itself only.
func (r *recorder) write(ctx context.Context, batch []predictionlog.Prediction) {
	wait := firstRetry
	for {
		err := r.append(ctx, batch)
		switch {
		case err == nil:
			r.done(len(batch))
			r.metrics.logWritten.Add(float64(len(batch)))
			r.note(nil)
			return
		case errors.Is(err, predictionlog.ErrInvalid) && len(batch) > 1:
			for i := range batch {
				r.write(ctx, batch[i:i+1])
			}
			return
		case errors.Is(err, predictionlog.ErrInvalid):
			r.giveUp(1)
			r.metrics.logDropped.WithLabelValues("invalid").Inc()
			r.logger.Error("a prediction cannot be kept", "request_id", batch[0].RequestID, "error", err)
			return
		case ctx.Err() != nil:
			return
		}
		r.note(err)
		timer := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		wait = min(2*wait, longestRetry)
	}
}

// append writes once. After a failure the store is opened anew, which brings the table back should the database have been replaced.
func (r *recorder) append(ctx context.Context, batch []predictionlog.Prediction) error {
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	if r.store == nil {
		store, err := predictionlog.Open(ctx, r.config.URL)
		if err != nil {
			return err
		}
		r.store = store
	}
	err := r.store.Append(ctx, batch)
	if err != nil && !errors.Is(err, predictionlog.ErrInvalid) {
		r.closeStore()
	}
	return err
}

func (r *recorder) closeStore() {
	if r.store != nil {
		r.store.Close()
		r.store = nil
	}
}

// done forgets rows that were written.
func (r *recorder) done(rows int) {
	r.mu.Lock()
	r.rows -= rows
	r.mu.Unlock()
}

// giveUp forgets rows that will never be written.
func (r *recorder) giveUp(rows int) {
	r.mu.Lock()
	r.rows -= rows
	r.dropped += rows
	r.mu.Unlock()
}

// note keeps the outcome for /health, and logs it when it is news.
func (r *recorder) note(err error) {
	r.mu.Lock()
	before := r.lastErr
	r.lastErr = err
	rows := r.rows
	if err == nil {
		r.losing = false
	}
	r.mu.Unlock()
	switch {
	case err != nil && before == nil:
		r.metrics.logFailing.Set(1)
		r.logger.Error("predictions cannot be written to Postgres; they wait", "rows", rows, "limit", r.config.Queue, "error", err)
	case err == nil && before != nil:
		r.metrics.logFailing.Set(0)
		r.logger.Info("predictions are written to Postgres again", "waiting", rows)
	}
}

// state is the number of rows that wait, why when they wait for Postgres, and the number of those that were dropped since the start.
func (r *recorder) state() (rows, dropped int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rows, r.dropped, r.lastErr
}
