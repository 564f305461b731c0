package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// TimeoutError says that an attempt took longer than the configured time-out. It is a net.Error, and
// context.DeadlineExceeded to errors.Is.
type TimeoutError struct {
	After   time.Duration
	Stalled bool
}

func (e *TimeoutError) Error() string {
	if e.Stalled {
		return fmt.Sprintf("timed out: no byte moved for %v", e.After)
	}
	return fmt.Sprintf("timed out: no full answer within %v", e.After)
}

// Timeout is true, as net.Error wants it.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is true, as net.Error wants it.
func (e *TimeoutError) Temporary() bool { return true }

// Is makes the error a context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// watch is the clock of one attempt. A buffered call has the time-out for all of it. A streamed one may take as long
// as bytes keep moving, because a large artifact has no sensible total: each byte winds the clock up again.
type watch struct {
	cancel  context.CancelFunc
	timer   *time.Timer
	after   time.Duration
	stall   bool
	stopped atomic.Bool
	fired   atomic.Bool
}

func newWatch(parent context.Context, after time.Duration, stall bool) (context.Context, *watch) {
	ctx, cancel := context.WithCancel(parent)
	w := &watch{cancel: cancel, after: after, stall: stall}
	if after > 0 {
		w.timer = time.AfterFunc(after, func() {
			w.fired.Store(true)
			cancel()
		})
	}
	return ctx, w
}

func (w *watch) progress() {
	if w.stall && w.timer != nil && !w.stopped.Load() {
		w.timer.Reset(w.after)
	}
}

func (w *watch) stop() {
	w.stopped.Store(true)
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel()
}

// cause replaces the transport's "context canceled" by the time-out that cancelled it.
func (w *watch) cause(err error) error {
	if w.fired.Load() && errors.Is(err, context.Canceled) {
		return &TimeoutError{After: w.after, Stalled: w.stall}
	}
	return err
}

// upload is a request's body that winds the watch up with each byte.
type upload struct {
	io.ReadCloser
	watch *watch
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if n > 0 {
		u.watch.progress()
	}
	return n, err
}

// download is an answer's body: it winds the watch up with each byte, and stops it when closed.
type download struct {
	io.ReadCloser
	watch *watch
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if n > 0 {
		d.watch.progress()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = d.watch.cause(err)
	}
	return n, err
}

func (d *download) Close() error {
	err := d.ReadCloser.Close()
	d.watch.stop()
	return err
}
