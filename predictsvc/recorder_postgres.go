package predictsvc

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"mlopsgo/internal/predictionlog"
)

// Bounds of writing to Postgres.
const (
	appendTime   = 15 * time.Second
	firstRetry   = 100 * time.Millisecond
	longestRetry = 5 * time.Second
	closeTime    = time.Second
)

// runPostgres takes frames from the spool to Postgres until nothing more comes, or the context ends, or the recorder is closed while
// Postgres is down and the spool is kept for the next start.
func (r *recorder) runPostgres(ctx context.Context) {
	defer r.closeStore()
	for ctx.Err() == nil {
		data, items, err := r.spool.Next()
		r.noteRead(err)
		switch {
		case err != nil:
			if !r.pause(ctx, longestRetry) {
				return
			}
		case data != nil:
			if !r.writeFrame(ctx, data, items) {
				return
			}
			if err := r.spool.Done(); err != nil {
				r.noteRead(err) // it will come again, and be passed over
			}
		case !r.await(ctx):
			return
		}
	}
}

// await waits for the next frame, and writes those that the disk does not take. It is false when none will come.
func (r *recorder) await(ctx context.Context) bool {
	select {
	case f := <-r.direct:
		batch, err := readFrame(f.data)
		if err == nil {
			err = r.append(ctx, batch)
		}
		if errors.Is(err, predictionlog.ErrInvalid) && r.write(ctx, batch) { // row by row
			err = nil
		}
		r.note(err)
		r.taken <- err == nil
	case <-r.spooled:
	case <-ctx.Done():
		return false
	case <-r.ended:
		data, _, err := r.spool.Next() // what came in between
		return data != nil || err != nil
	}
	return true
}

// writeFrame writes a frame, and is false when the end came before.
func (r *recorder) writeFrame(ctx context.Context, data []byte, items int) bool {
	batch, err := readFrame(data)
	if err != nil { // its checksum is right, so another version of this program wrote it
		r.setAside(data, items, err)
		return true
	}
	return r.write(ctx, batch)
}

// write repeats until the batch is written. A batch that Postgres refuses for its data is written row by row, so that one bad row costs
// itself only.
func (r *recorder) write(ctx context.Context, batch predictionlog.Batch) bool {
	wait := firstRetry
	for {
		err := r.append(ctx, batch)
		switch {
		case err == nil:
			r.note(nil)
			return true
		case errors.Is(err, predictionlog.ErrInvalid) && batch.Len() > 1:
			for _, one := range single(batch) {
				if !r.write(ctx, one) {
					return false
				}
			}
			return true
		case errors.Is(err, predictionlog.ErrInvalid):
			r.lose("invalid", 1, "a prediction cannot be kept: "+err.Error())
			return true
		}
		if ctx.Err() == nil {
			r.note(err)
		}
		if !r.pause(ctx, wait/2+rand.N(wait/2)) {
			return false
		}
		wait = min(2*wait, longestRetry)
	}
}

// single takes a batch apart.
func single(batch predictionlog.Batch) []predictionlog.Batch {
	all := make([]predictionlog.Batch, 0, batch.Len())
	for i := range batch.Predictions {
		all = append(all, predictionlog.Batch{Predictions: batch.Predictions[i : i+1]})
	}
	for i := range batch.Shadows {
		all = append(all, predictionlog.Batch{Shadows: batch.Shadows[i : i+1]})
	}
	for i := range batch.Feedback {
		all = append(all, predictionlog.Batch{Feedback: batch.Feedback[i : i+1]})
	}
	return all
}

// pause waits after a failure, and is false when it is not worth it any more: the spool keeps what is left.
func (r *recorder) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	closing := r.closing
	if !r.kept {
		closing = nil // what is not written now is lost
	}
	select {
	case <-closing:
		<-r.ended
		return false
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// append writes once. After a failure the store is opened anew, which brings the table back should the database have been replaced.
func (r *recorder) append(ctx context.Context, batch predictionlog.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	if r.store == nil {
		store, err := predictionlog.Open(ctx, r.config.URL)
		if err != nil {
			return err
		}
		r.store = store
	}
	err := r.store.Write(ctx, batch)
	switch {
	case err == nil:
		r.metrics.logWritten.Add(float64(len(batch.Predictions)))
	case !errors.Is(err, predictionlog.ErrInvalid):
		r.closeStore()
	}
	return err
}

// closeStore waits for a short time only: with a Postgres that hangs, pgx takes 15 seconds to give its connection up.
func (r *recorder) closeStore() {
	if r.store == nil {
		return
	}
	closed := make(chan struct{})
	go func(store *predictionlog.Store) {
		defer close(closed)
		store.Close()
	}(r.store)
	r.store = nil
	timer := time.NewTimer(closeTime)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
}

// note keeps the outcome for /health, and logs it when it is news.
func (r *recorder) note(err error) {
	r.mu.Lock()
	before := r.lastErr
	r.lastErr = err
	if err == nil {
		r.losing = false
	}
	r.mu.Unlock()
	switch {
	case err != nil && before == nil:
		r.metrics.logFailing.Set(1)
		r.logger.Error("predictions cannot be written to Postgres; they wait in the spool", "rows", r.state().waiting, "error", err)
	case err == nil && before != nil:
		r.metrics.logFailing.Set(0)
		r.logger.Info("predictions are written to Postgres again", "waiting", r.state().waiting)
	}
}
