package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"mlopsgo/internal/rest"
	"mlopsgo/mlflowclient/embedded"
)

// kind is what an entry is; the zero value is a metric, of which there are most.
type kind int

const (
	ofMetric kind = iota
	ofParam
	ofTag
)

// entry is one thing to log.
type entry struct {
	kind   kind
	metric metricJSON
	tag    tagJSON
	at     time.Time
}

// work sends batches until the writer is closed and empty, or fails.
func (w *MetricWriter) work(ctx context.Context) {
	defer close(w.ended)
	defer w.abort()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		batch, n, wait, over := w.next()
		if over {
			return
		}
		if n == 0 {
			timer.Reset(wait)
			select {
			case <-w.wake:
			case <-timer.C:
			}
			continue
		}
		err := w.send(ctx, batch)
		w.settle(n, err)
		if err != nil {
			return
		}
	}
}

// next cuts the next request and says how many entries are in it. When there is nothing to send yet, it says how long there is to wait, or that
// nothing will follow.
func (w *MetricWriter) next() (batch batchJSON, n int, wait time.Duration, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		return batch, 0, time.Hour, w.closed
	}
	due := w.cfg.Interval - time.Since(w.waiting[0].at)
	if len(w.waiting) < w.cfg.BatchSize && w.hurry <= w.stored && !w.closed && due > 0 {
		return batch, 0, due, false
	}
	batch, n = fill(w.runID, w.waiting, w.cfg.BatchSize)
	return batch, n, 0, false
}

// settle notes what became of a request with the first n waiting entries.
func (w *MetricWriter) settle(n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.announce()
	if err != nil {
		w.failed = &MetricWriterError{RunID: w.runID, Stored: w.stored, Lost: w.logged - w.stored, Err: err}
		w.waiting = nil
		return
	}
	w.waiting = w.waiting[n:]
	w.stored += n
	if len(w.waiting) == 0 {
		w.waiting = nil // lets go of the array, which has only grown
	}
}

// fill makes a request of as many of the first entries as may go into one. The server takes a key of a param or a tag once in a request: a param
// that is repeated is left out, another value for it begins the next request, to be refused there; of a tag the last value
// counts.
func fill(runID string, waiting []entry, size int) (batch batchJSON, n int) {
	batch.RunID = runID
	params, tags := map[string]string{}, map[string]int{}
	for ; n < len(waiting) && n < size; n++ {
		e := &waiting[n]
		switch e.kind {
		case ofParam:
			value, there := params[e.tag.Key]
			if there && value == e.tag.Value {
				continue
			}
			if there || len(batch.Params) == maxBatchParams {
				return batch, n
			}
			params[e.tag.Key] = e.tag.Value
			batch.Params = append(batch.Params, e.tag)
		case ofTag:
			if at, there := tags[e.tag.Key]; there {
				batch.Tags[at] = e.tag
				continue
			}
			if len(batch.Tags) == maxBatchTags {
				return batch, n
			}
			tags[e.tag.Key] = len(batch.Tags)
			batch.Tags = append(batch.Tags, e.tag)
		case ofMetric:
			batch.Metrics = append(batch.Metrics, e.metric)
		}
	}
	return batch, n
}

// send repeats a request, beyond the client's own retries, until the server has it, or refuses it, or time is over.
func (w *MetricWriter) send(ctx context.Context, batch batchJSON) error {
	const most = 5 * time.Second
	began := time.Now()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, most) {
		err := w.runs.api.call(ctx, writes("runs/log-batch"), batch, nil)
		if err == nil || !mayPass(err) || ctx.Err() != nil {
			return err
		}
		left := w.cfg.KeepTrying - time.Since(began)
		if left <= 0 {
			return fmt.Errorf("given up after %v: %w", time.Since(began).Round(time.Millisecond), err)
		}
		pause := min(wait/2+rand.N(wait), left) // all writers of a server that comes back must not come at once
		w.cfg.Logger.WarnContext(ctx, "metrics could not be logged; the request will be repeated", "run", w.runID, "wait", pause, "error", err)
		if !rest.Wait(ctx, pause) {
			return err
		}
	}
}

// mayPass says whether the same request can succeed later. What the server says about the request itself is final; that it failed, is
// overloaded or is away is not.
func mayPass(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || errors.Is(err, embedded.ErrClosed):
		return false
	case e.Err != nil:
		return rest.Decide(rest.Outcome{Repeat: rest.Harmless, Err: e.Err}).Again
	case e.Status == 200:
		return true // a page instead of MLflow's answer: of a proxy that waits for its server, or of a log-in
	}
	return rest.Transient(e.Status)
}
