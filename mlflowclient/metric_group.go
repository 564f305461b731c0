package mlflowclient

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
)

// metricGroups lets points that are logged at the same time to the same run share a call: while one is under way, those
// that come meanwhile wait for it and go together in the next. Who logs one after the other sends each at once and alone,
// and everybody is answered only when the own point is stored.
type metricGroups struct {
	mu   sync.Mutex
	runs map[string][]*waitingPoint // the runs with a call under way, and what waits for its end
}

// waitingPoint is a point whose caller waits.
type waitingPoint struct {
	ctx   context.Context //nolint:containedctx // that of the caller who waits, for as long as it waits
	point metricJSON
	done  chan error // of capacity 1
}

// log stores a point of a run, alone or with others. alone and together send; together's points are at most maxBatchMetrics.
func (g *metricGroups) log(ctx context.Context, runID string, point metricJSON, send metricSender) error {
	g.mu.Lock()
	if waiting, busy := g.runs[runID]; busy {
		w := &waitingPoint{ctx, point, make(chan error, 1)}
		g.runs[runID] = append(waiting, w)
		g.mu.Unlock()
		select {
		case err := <-w.done:
			return err
		case <-ctx.Done():
			// As of any call that is given up: whether the point is stored is not known.
			return &Error{Method: http.MethodPost, Path: apiPrefix + "runs/log-batch", Uncertain: true, Err: context.Cause(ctx)}
		}
	}
	if g.runs == nil {
		g.runs = map[string][]*waitingPoint{}
	}
	g.runs[runID] = nil
	g.mu.Unlock()
	err := send.alone(ctx, runID, point)
	if group := g.next(runID); len(group) > 0 {
		go func() { // the caller has its answer
			for ; len(group) > 0; group = g.next(runID) {
				send.group(runID, group)
			}
		}()
	}
	return err
}

// next takes what waits for a run; when nothing does, no call is under way any more.
func (g *metricGroups) next(runID string) []*waitingPoint {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.runs[runID]
	if len(waiting) == 0 {
		delete(g.runs, runID)
		return nil
	}
	n := min(len(waiting), maxBatchMetrics)
	g.runs[runID] = waiting[n:]
	return waiting[:n]
}

// metricSender makes the calls.
type metricSender struct{ api *api }

func (s metricSender) alone(ctx context.Context, runID string, point metricJSON) error {
	body := struct {
		RunID string `json:"run_id"`
		metricJSON
	}{runID, point}
	return s.api.call(ctx, writes("runs/log-metric"), body, nil)
}

// group sends points together and answers their callers. Metrics of a batch are stored as a whole or not at all: when the server
// finds something wrong with them, each point goes alone, so that each caller gets the answer to the own one.
func (s metricSender) group(runID string, group []*waitingPoint) {
	ctx, stop := whileOneWaits(group)
	defer stop()
	body := struct {
		RunID   string       `json:"run_id"`
		Metrics []metricJSON `json:"metrics"`
	}{RunID: runID}
	for _, w := range group {
		body.Metrics = append(body.Metrics, w.point)
	}
	err := s.api.call(ctx, writes("runs/log-batch"), body, nil)
	refused, answered := errors.AsType[*Error](err)
	for _, w := range group {
		if answered && refused.Status == http.StatusBadRequest && len(group) > 1 {
			w.done <- s.alone(w.ctx, runID, w.point)
			continue
		}
		w.done <- err
	}
}

// whileOneWaits gives a context that ends when none of the callers waits any more.
func whileOneWaits(group []*waitingPoint) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(group)))
	forget := make([]func() bool, len(group))
	for i, w := range group {
		forget[i] = context.AfterFunc(w.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, f := range forget {
			f()
		}
		cancel()
	}
}
