package predictsvc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"mlopsgo/mlflowclient"
)

// Bounds of the calls to MLflow. The first look is short, because a copy in the cache waits to be served.
const (
	firstLook    = 3 * time.Second
	lookTime     = 15 * time.Second
	downloadTime = 10 * time.Minute
	// A version that cannot be loaded is tried again after a growing wait: it may have been the disk, or the memory.
	longestWait = 5 * time.Minute
	// One whose files could not be fetched is tried again sooner, and at every look while nothing is served: the store comes back.
	longestDownloadWait = 30 * time.Second
)

// errDownload is in the chain of the errors of files that could not be fetched.
var errDownload = errors.New("its files cannot be downloaded")

// follower serves what the model's URI leads to, and keeps the last good model when anything fails.
type follower struct {
	registry registry
	uri      string
	target   string
	poll     time.Duration
	cache    cache
	logger   *slog.Logger
	metrics  *followMetrics
	// now asks for a look before the next one is due, at a version that could not be loaded as well.
	now chan struct{}
	// onModel is told of every model that is served.
	onModel func(*model)
	// patience bounds a download, and gone is that MLflow itself said at the last look that there is no such model, or that it is not for us;
	// only the goroutine of run touches them.
	patience time.Duration
	gone     bool

	current atomic.Pointer[model]

	mu     sync.Mutex
	status followStatus

	// bad is the version that could not be loaded last; only the goroutine of run touches these.
	bad      source
	badTimes int
	badUntil time.Time
	badError error
}

// registry is what following needs of MLflow.
type registry interface {
	resolve(ctx context.Context, uri string) (source, error)
	download(ctx context.Context, from source, dir string) error
}

// followStatus is what /health tells about following.
type followStatus struct {
	checkedAt time.Time
	err       error
	errAt     time.Time
	// loading is the version that is fetched and tried beside the one that is served, since a moment; zero when none is.
	loading      source
	loadingSince time.Time
}

// run follows until the context ends.
func (f *follower) run(ctx context.Context) {
	if _, err := f.cache.last(); err == nil {
		f.patience = firstLook // a store that hangs must not keep the copy from being served
	}
	first, cancel := context.WithTimeout(ctx, firstLook)
	err := f.look(ctx, first)
	cancel()
	f.patience = downloadTime
	if err != nil && f.current.Load() == nil && !f.gone { // when there is no such model, an old copy is not an answer
		f.startFromCache(ctx)
	}
	for f.pause(ctx) {
		looking, cancel := context.WithTimeout(ctx, lookTime)
		_ = f.look(ctx, looking) // is in the status
		cancel()
	}
}

// pause waits for the next look, and is false when there is none. The jitter keeps many services from asking at once.
func (f *follower) pause(ctx context.Context) bool {
	wait := time.Duration(float64(f.poll) * (0.8 + 0.4*rand.Float64()))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-f.now:
		f.badUntil = time.Time{}
	}
	return true
}

// look asks where the URI leads, within the context looking, and loads what is new there.
func (f *follower) look(ctx, looking context.Context) error {
	from, err := f.registry.resolve(looking, f.uri)
	f.gone = saysGone(err)
	if err == nil {
		err = f.serve(ctx, from)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.note(err)
	return err
}

// serve makes a source the one that is served, unless it is already.
func (f *follower) serve(ctx context.Context, from source) error {
	before := f.current.Load()
	if before != nil && before.source == from {
		f.bad = source{} // an alias that was set back
		return nil
	}
	if f.bad == from && time.Now().Before(f.badUntil) {
		return f.badError
	}
	started := time.Now()
	m, err := f.load(ctx, from)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f.metrics.reloads.WithLabelValues("failed").Inc()
		return f.refuse(from, err)
	}
	f.swap(m)
	f.bad, f.badTimes = source{}, 0
	var old source
	attrs := []any{"model", m.name(), "version", m.Version, "run_id", m.RunID, "seconds", time.Since(started).Seconds()}
	if before != nil {
		old = before.source
		attrs = append(attrs, "previous_version", before.Version)
	}
	f.logger.InfoContext(ctx, "model loaded", attrs...)
	if err := errors.Join(writeCompact(f.cache.folder(from), m.engine), f.cache.keep(from, old)); err != nil {
		f.logger.WarnContext(ctx, "the cache could not be tidied", "error", err)
	}
	return nil
}

// swap is the moment from which requests get the new model. Those under way keep theirs.
func (f *follower) swap(m *model) {
	f.current.Store(m)
	f.metrics.reloads.WithLabelValues("ok").Inc()
	f.metrics.serving(m)
	f.onModel(m)
}

// refuse remembers that a version cannot be loaded.
func (f *follower) refuse(from source, err error) error {
	if f.bad != from {
		f.bad, f.badTimes = from, 0
	}
	longest := longestWait
	switch {
	case errors.Is(err, errDownload) && f.current.Load() == nil:
		longest = 0
	case errors.Is(err, errDownload):
		longest = longestDownloadWait
	}
	wait := min(f.poll<<min(f.badTimes, 16), longest)
	f.badTimes++
	f.badUntil = time.Now().Add(wait)
	f.badError = fmt.Errorf("version %q of %s (run %q) cannot be served: %w", from.Version, from.name(), from.RunID, err)
	return f.badError
}

// load downloads a model, unless its files are in the cache, and loads it beside the one that is served. Whatever a file makes the
// evaluator do, the model that is served goes on: a panic is an error here.
func (f *follower) load(ctx context.Context, from source) (m *model, err error) {
	defer func() {
		if p := recover(); p != nil {
			f.logger.ErrorContext(ctx, "a model made the service panic", "uri", f.uri, "version", from.Version, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			m, err = nil, fmt.Errorf("it makes the service panic: %v", p)
		}
	}()
	f.noteLoading(from)
	defer f.noteLoading(source{})
	if f.cache.valid(from) == nil {
		m, err := loadModel(ctx, f.cache.folder(from), from, f.target)
		if !errors.Is(err, errChanged) {
			return m, err
		}
	}
	if err := f.download(ctx, from); err != nil {
		return nil, err
	}
	return loadModel(ctx, f.cache.folder(from), from, f.target)
}

// download brings the files of a model into the cache, in the place of what is there.
func (f *follower) download(ctx context.Context, from source) error {
	if err := f.cache.remove(from); err != nil {
		return fmt.Errorf("clearing the cache: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	if err := f.registry.download(ctx, from, f.cache.folder(from)); err != nil {
		return fmt.Errorf("%w: %w", errDownload, err)
	}
	if err := f.cache.seal(from); err != nil {
		return fmt.Errorf("caching the model: %w", err)
	}
	return nil
}

// saysGone tells whether an error of resolving is MLflow's answer, and does not leave open what the registry holds.
func saysGone(err error) bool {
	for _, considered := range []error{
		mlflowclient.ErrNotFound, mlflowclient.ErrInvalidParameter, mlflowclient.ErrUnauthenticated, mlflowclient.ErrPermissionDenied,
	} {
		if errors.Is(err, considered) {
			return true
		}
	}
	return false
}

// startFromCache serves what was served last.
func (f *follower) startFromCache(ctx context.Context) {
	from, err := f.cache.last()
	if err == nil {
		err = f.cache.valid(from)
	}
	var m *model
	if err == nil {
		m, err = loadModel(ctx, f.cache.folder(from), from, f.target)
	}
	if err != nil {
		f.logger.WarnContext(ctx, "no usable copy of the model in the cache; waiting for MLflow", "cache", f.cache.dir, "error", err)
		return
	}
	m.fromCache = true
	f.swap(m)
	f.logger.WarnContext(ctx, "serving the model of the cache until MLflow answers", "model", m.name(), "version", m.Version, "run_id", m.RunID)
}

// noteLoading keeps for /health what is being loaded; nothing is the zero source.
func (f *follower) noteLoading(from source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.loading, f.status.loadingSince = from, time.Now()
}

// note keeps the outcome of a look for /health, and logs it when it is news.
func (f *follower) note(err error) {
	f.mu.Lock()
	before := f.status.err
	f.status.checkedAt, f.status.err = time.Now(), err
	if err != nil {
		f.status.errAt = f.status.checkedAt
	}
	f.mu.Unlock()
	switch {
	case err != nil:
		f.metrics.followFailing.Set(1)
		if before == nil || before.Error() != err.Error() {
			f.logger.Error("following the model failed; the last good one stays", "uri", f.uri, "serving", f.current.Load() != nil, "error", err)
		}
	case before != nil:
		f.metrics.followFailing.Set(0)
		f.logger.Info("following the model works again", "uri", f.uri)
	}
}

func (f *follower) state() followStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}
