package prefectclient

import (
	"context"
	"slices"
	"strings"
	"time"

	"mlopsgo/internal/rest"
)

// cancelInterval is how often the worker asks for cancelled runs where events do not reach it.
const cancelInterval = 10 * time.Second

// listen follows the server's events: a cancelled run is stopped at once, a new one is asked for at once.
func (s *service) listen(ctx context.Context) {
	sub := subscription{
		client: s.client,
		filter: EventFilter{Since: now(), Names: []string{"prefect.flow-run.Cancelling", "prefect.flow-run.Scheduled"}},
		connected: func() {
			s.nudge()
			s.cancelMarked(ctx) // what happened while there was no connection
		},
	}
	err := sub.run(ctx, func(event *Event) bool {
		switch event.Name {
		case "prefect.flow-run.Cancelling":
			s.cancel(strings.TrimPrefix(event.Resource.ID(), "prefect.flow-run."))
		case "prefect.flow-run.Scheduled":
			if s.source.concerns(event) && s.startable(event) {
				s.nudge()
			}
		}
		return true
	})
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the server's events cannot be followed; cancellation takes seconds", "error", err)
	}
}

// watchCancelling asks at intervals, for servers and networks without websockets.
func (s *service) watchCancelling(ctx context.Context) {
	for rest.Wait(ctx, cancelInterval) {
		s.cancelMarked(ctx)
	}
}

// cancelMarked stops the active runs that the server has as CANCELLING.
func (s *service) cancelMarked(ctx context.Context) {
	s.mu.Lock()
	ids := make([]string, 0, len(s.active))
	for id := range s.active {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for part := range slices.Chunk(ids, MaxPageSize) {
		query := FlowRunQuery{Related: Related{FlowRuns: &FlowRunFilter{
			ID: &IDFilter{Any: part}, State: StateIs(StateCancelling, StateCancelled),
		}}}
		for run, err := range s.client.FlowRuns.Filter(ctx, query) {
			if err != nil {
				return
			}
			s.cancel(run.ID)
		}
	}
}

// cancel ends the context of a run of this worker. A function that does not return in time loses its run's state, not
// its slot.
func (s *service) cancel(id string) {
	s.mu.Lock()
	active := s.active[id]
	known := active == nil || active.cancelled
	if active != nil {
		active.cancelled = true
	}
	s.mu.Unlock()
	if known {
		return
	}
	s.log.Info("a flow run is cancelled", "flow_run_id", id)
	active.cancel(ErrCancelled)
	go func() {
		timer := time.NewTimer(s.config.CancelGrace)
		defer timer.Stop()
		select {
		case <-active.done:
			return
		case <-timer.C:
		}
		ctx, stop := context.WithTimeout(context.Background(), closingTime)
		defer stop()
		state := State{Type: StateCancelled, Message: "The flow did not return in time after it was cancelled; its function may still be running."}
		if _, err := s.client.FlowRuns.SetState(ctx, id, state); err != nil {
			s.log.Error("a cancelled flow run could not be set to CANCELLED", "flow_run_id", id, "error", err)
		}
	}()
}
