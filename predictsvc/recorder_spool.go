package predictsvc

import (
	"context"
	"errors"
	"time"

	"mlopsgo/internal/spool"
)

const (
	// syncTime is how old what waits in the spool may get before the disk itself is asked to keep it. While Postgres takes everything
	// at once, the disk is spared.
	syncTime  = time.Second
	diskRetry = 200 * time.Millisecond
)

// runSpool puts frames into the spool until the recorder is closed and none is left, or the context ends.
func (r *recorder) runSpool(ctx context.Context) {
	var unsynced time.Time // since when something in the spool is not on the disk itself; zero when everything is
	for {
		frames, end := r.take(ctx, unsynced)
		for _, f := range frames {
			r.putInSpool(ctx, f)
		}
		switch {
		case !r.spool.Unsynced():
			unsynced = time.Time{}
		case unsynced.IsZero():
			unsynced = time.Now()
		case time.Since(unsynced) >= syncTime:
			r.noteDisk(r.spool.Sync())
			unsynced = time.Time{}
		}
		if end {
			return
		}
	}
}

// take waits for frames, or until it is time to sync. It says when there will be no more.
func (r *recorder) take(ctx context.Context, unsynced time.Time) (frames []*frame, end bool) {
	for {
		frames, due, closed := r.cut()
		if len(frames) > 0 || closed || ctx.Err() != nil {
			return frames, closed || ctx.Err() != nil
		}
		if !unsynced.IsZero() && (due.IsZero() || unsynced.Add(syncTime).Before(due)) {
			due = unsynced.Add(syncTime)
			if !time.Now().Before(due) {
				return nil, false
			}
		}
		r.sleep(ctx, due)
	}
}

// sleep waits until something happens, or until due unless that is zero.
func (r *recorder) sleep(ctx context.Context, due time.Time) {
	var expired <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-r.wake:
	case <-expired:
	case <-r.closing:
	case <-ctx.Done():
	}
}

// cut takes the frames that are full, and the current one when its first row has waited for Flush or somebody waits for it; otherwise due
// is when it will have.
func (r *recorder) cut() (frames []*frame, due time.Time, closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames, r.full = r.full, nil
	if r.current != nil {
		due = r.current.since.Add(r.config.Flush)
		if r.urgent || r.closed || !time.Now().Before(due) {
			frames, r.current, due = append(frames, r.current), nil, time.Time{}
		}
	}
	r.urgent = false
	return frames, due, r.closed
}

// putInSpool repeats until the frame is in the spool, or Postgres has taken it because the disk does not, or it is lost.
func (r *recorder) putInSpool(ctx context.Context, f *frame) {
	for {
		err := r.spool.Append(f.data, f.items)
		switch {
		case err == nil:
			r.noteDisk(nil)
			f.tell(nil)
			r.forget(f)
			signal(r.spooled)
			return
		case errors.Is(err, spool.ErrFull):
			f.tell(errLogFull)
			r.lose("spool full", f.items-f.told, "predictions are dropped: the spool is full (--spool-size)")
			r.forget(f)
			return
		}
		r.noteDisk(err)
		if r.putInPostgres(ctx, f) {
			f.tell(nil)
			r.forget(f)
			return
		}
		if !rest(ctx, diskRetry) {
			f.tell(errLogClosed)
			r.lose("shutdown", f.items-f.told, "predictions were neither written to the disk nor to Postgres before the end")
			r.forget(f)
			return
		}
	}
}

// putInPostgres has the other goroutine try once to write a frame, unless that is busy: then Postgres does not take anything now.
func (r *recorder) putInPostgres(ctx context.Context, f *frame) bool {
	timer := time.NewTimer(diskRetry)
	defer timer.Stop()
	select {
	case r.direct <- f:
		return <-r.taken
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// forget gives the memory of a frame back, and keeps that of one.
func (r *recorder) forget(f *frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes -= len(f.data) - 1 - frameSeed
	r.items -= f.items
	if r.unused == nil && cap(f.data) <= 2*frameBytes {
		r.unused = f
	}
}

// noteDisk keeps the outcome of writing to the spool, and noteRead that of reading it, which another goroutine does.
func (r *recorder) noteDisk(err error) {
	r.noteSpool(spoolWrite, err, "the spool cannot be written; predictions go to Postgres directly", "the spool is written again")
}

func (r *recorder) noteRead(err error) {
	r.noteSpool(spoolRead, err, "the spool cannot be read; what is in it does not come to Postgres", "the spool is read again")
}

// Places in recorder.diskErr.
const (
	spoolWrite = iota
	spoolRead
)

// noteSpool keeps an outcome for /health, and logs it when it is news.
func (r *recorder) noteSpool(of int, err error, fails, works string) {
	r.mu.Lock()
	before := r.diskErr[of]
	r.diskErr[of] = err
	failing := r.diskErr[spoolWrite] != nil || r.diskErr[spoolRead] != nil
	r.mu.Unlock()
	if (err == nil) == (before == nil) {
		return
	}
	if r.metrics.spoolFailing.Set(0); failing {
		r.metrics.spoolFailing.Set(1)
	}
	if err != nil {
		r.logger.Error(fails, "error", err)
	} else {
		r.logger.Info(works)
	}
}
