package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/spool"
)

const (
	// frameBytes is the size from which on a frame is not filled further.
	frameBytes = 256 << 10
	// memoryBytes bounds what waits for the disk; it is reached only when the disk takes nothing.
	memoryBytes = 32 << 20
)

// recorder takes predictions off the request path. They are copied into frames, which a first goroutine puts into the spool on disk after
// Flush at the latest, and a second one takes from there to Postgres, in order, again and again while it is down. So memory is bounded and
// kill -9 costs what is younger than Flush, whether Postgres is up or not. The ids of the rows are in the frames: however often one is
// written, its rows are in the table once.
type recorder struct {
	config  LogConfig
	logger  *slog.Logger
	metrics *metrics
	spool   *spool.Spool // from open on
	kept    bool         // the spool is there for the next start
	aside   *spool.Spool // frames that only another version of this program can read; nil while there are none

	mu      sync.Mutex
	current *frame
	full    []*frame
	unused  *frame
	bytes   int // of all frames in memory
	items   int // in them
	urgent  bool
	closed  bool
	lastErr error    // of Postgres
	diskErr [2]error // of writing to the spool, and of reading it
	dropped int      // since the start
	losing  bool     // rows are being dropped, which was logged

	wake    chan struct{} // there is something for the spool
	spooled chan struct{} // there is something in the spool
	direct  chan *frame   // what the spool did not take
	taken   chan bool     // whether Postgres has
	closing chan struct{}
	ended   chan struct{} // nothing more comes into the spool

	store *predictionlog.Store // of the goroutine that writes to Postgres
}

func newRecorder(config LogConfig, logger *slog.Logger, m *metrics) *recorder {
	r := &recorder{
		config: config, logger: logger, metrics: m, wake: make(chan struct{}, 1), spooled: make(chan struct{}, 1), direct: make(chan *frame), taken: make(chan bool),
		closing: make(chan struct{}), ended: make(chan struct{}),
	}
	m.logSize(func() float64 { return float64(r.state().waiting) }, func() float64 { return float64(r.state().spoolBytes) })
	return r
}

// open takes the spool's folder, with what an earlier process has left there; remove deletes a temporary one.
func (r *recorder) open() (remove func() error, err error) {
	dir := r.config.Spool
	remove = func() error { return nil }
	if r.kept = dir != ""; !r.kept {
		if dir, err = os.MkdirTemp("", "predictor-spool-"); err != nil {
			return remove, err
		}
		remove = func() error { return os.RemoveAll(dir) }
	}
	if r.spool, err = spool.Open(dir, spool.Options{MaxBytes: r.config.SpoolBytes}); err != nil {
		if errors.Is(err, spool.ErrInUse) {
			err = fmt.Errorf("%w: give each predictor a folder of its own (--spool-dir)", err)
		}
		return remove, errors.Join(err, remove())
	}
	if r.kept {
		r.takeBack()
	}
	if waiting := r.spool.Stats().Items; waiting > 0 {
		r.logger.Info("predictions of an earlier run wait in the spool", "rows", waiting, "spool", dir)
	}
	return remove, nil
}

// run moves predictions until the recorder is closed and nothing is left that can be moved, or the context ends.
func (r *recorder) run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() {
		defer close(r.ended)
		r.runSpool(ctx)
	})
	r.runPostgres(ctx)
	group.Wait()
	left := r.spool.Stats().Items
	err := r.spool.Close()
	if r.aside != nil {
		err = errors.Join(err, r.aside.Close())
	}
	if err != nil {
		r.logger.Error("the spool was not closed well", "error", err)
	}
	switch {
	case left == 0:
	case r.kept:
		r.logger.Warn("predictions wait in the spool for the next start", "rows", left, "spool", r.config.Spool)
	default:
		r.lose("shutdown", int(left), "predictions were not written to Postgres before the end, and there is no folder to keep them (--spool-dir)")
	}
}

// offer takes rows that were answered, or drops them when too much waits already. It never blocks.
func (r *recorder) offer(sc *scorer, requestID string, at time.Time, latency time.Duration) {
	step := rowsPerEntry(sc.model)
	for from := 0; from < sc.table.rows; from += step {
		to := min(from+step, sc.table.rows)
		r.addRows(to-from, func(f *frame) { f.rows(sc, requestID, at, latency, from, to) })
	}
}

// offerShadow takes the rows that a shadow has scored.
func (r *recorder) offerShadow(sc *scorer, job *shadowJob, latency time.Duration) {
	step := rowsPerEntry(sc.model)
	for from := 0; from < sc.table.rows; from += step {
		to := min(from+step, sc.table.rows)
		r.addRows(to-from, func(f *frame) { f.shadows(sc, job, latency, from, to) })
	}
}

var (
	errLogFull   = errors.New("too much waits already to be written to Postgres")
	errLogClosed = errors.New("the service is stopping")
)

// tell takes feedback and waits until it is in the spool, which it comes to at once. What is refused is not lost: the client has it still.
func (r *recorder) tell(ctx context.Context, feedback []predictionlog.Feedback) error {
	kept := make(chan error, 1)
	err := r.add(len(feedback), func(f *frame) {
		for i := range feedback {
			f.feedback(&feedback[i])
		}
		f.waiters = append(f.waiters, kept)
		r.urgent = true
	})
	if err != nil {
		return err
	}
	select {
	case err := <-kept:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// addRows is add for rows that are lost when it fails.
func (r *recorder) addRows(rows int, fill func(*frame)) {
	switch err := r.add(rows, fill); {
	case err == nil:
	case errors.Is(err, errLogClosed):
		r.lose("shutdown", rows, "predictions were answered after the log of them had to end")
	default:
		r.lose("memory full", rows, "predictions are dropped: the disk takes none, and the memory for them is full")
	}
}

// add fills the current frame, unless there is no room.
func (r *recorder) add(items int, fill func(*frame)) error {
	r.mu.Lock()
	switch {
	case r.closed:
		r.mu.Unlock()
		return errLogClosed
	case r.bytes > memoryBytes:
		r.mu.Unlock()
		return errLogFull
	}
	if r.current == nil {
		if r.current, r.unused = r.unused, nil; r.current == nil {
			r.current = &frame{}
		}
		r.current.reset()
	}
	first, before := r.current.items == 0, len(r.current.data)
	fill(r.current)
	r.bytes += len(r.current.data) - before
	r.items += items
	wake := first || r.urgent
	if len(r.current.data) >= frameBytes || r.current.items >= r.config.Batch {
		r.full, r.current, wake = append(r.full, r.current), nil, true
	}
	r.mu.Unlock()
	if wake {
		signal(r.wake)
	}
	return nil
}

// signal wakes who waits, once.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// close takes no more; run then moves what waits and returns.
func (r *recorder) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	close(r.closing)
}

// lose counts rows that will never be in Postgres, and logs the first of a series.
func (r *recorder) lose(reason string, rows int, what string) {
	r.mu.Lock()
	news := !r.losing
	r.losing = true
	r.dropped += rows
	r.mu.Unlock()
	r.metrics.logDropped.WithLabelValues(reason).Add(float64(rows))
	if news {
		r.logger.Error(what, "rows", rows, "reason", reason)
	}
}

// logState is how the log is.
type logState struct {
	// waiting rows are not in Postgres yet; spooled are those of them on disk.
	waiting, spooled int
	spoolBytes       int64
	dropped          int // since the start
	damaged          int64
	err              error
}

func (r *recorder) state() logState {
	r.mu.Lock()
	s := logState{waiting: r.items, dropped: r.dropped, err: errors.Join(r.diskErr[spoolWrite], r.diskErr[spoolRead], r.lastErr)}
	opened := r.spool
	r.mu.Unlock()
	if opened != nil {
		stats := opened.Stats()
		s.spooled, s.spoolBytes, s.damaged = int(stats.Items), stats.Bytes, stats.Damaged
		s.waiting += s.spooled
	}
	return s
}
