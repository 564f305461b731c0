package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"mlopsgo/internal/rest"
)

// session is what the runs of one process share: the connection that events go over, and the batches of logs.
type session struct {
	client *Client
	events *eventSender
	logs   *logSender
	// patience is how long a state is proposed to a server that does not answer.
	patience time.Duration
	// process is shown as the infrastructure's id of runs that a worker claimed.
	process string
	// background makes the checks of runs' records not hold up the runs' end, for a process that goes on.
	background bool
	checks     sync.WaitGroup
}

const (
	defaultPatience = 10 * time.Minute
	// closingTime bounds what is sent when a run is over.
	closingTime = 30 * time.Second
)

func newSession(c *Client) *session {
	return &session{client: c, events: newEventSender(c), logs: newLogSender(c), patience: defaultPatience}
}

// close sends what is left and ends the session.
func (s *session) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	s.checks.Wait()
	events := s.events.stop(ctx, closingTime)
	ctx, cancel := context.WithTimeout(ctx, closingTime)
	defer cancel()
	return errors.Join(events, s.logs.stop(ctx))
}

// verify checks a run's record, and reports what is missing.
func (s *session) verify(ctx context.Context, run *flowRunState) {
	check := func() {
		if err := s.check(ctx, run); err != nil {
			s.client.log.Error("the flow run's record is not complete", "flow_run", run.name, "error", err)
		}
	}
	if s.background {
		s.checks.Go(check)
		return
	}
	check()
}

// insist repeats a call while the server is not reached, beyond the client's own repetitions: a run that was claimed
// must not be left because of an outage.
func (s *session) insist(ctx context.Context, call func() error) error {
	deadline := time.Now().Add(s.patience)
	for failures := 0; ; failures++ {
		err := call()
		if !errors.Is(err, ErrUnavailable) || time.Now().After(deadline) || !rest.Wait(ctx, reconnectWait(failures)) {
			return err
		}
	}
}

const (
	// checkTime bounds the check of a run's record: a server takes some dozens of task runs a second.
	checkTime = 10 * time.Second
	// stallTime is after how long without progress the missing events are sent again.
	stallTime = 3 * time.Second
)

// check reads back whether the server has recorded the end of each task run. Events have no answer of their own; those
// that are missing when nothing moves any more are sent again by POST, and reported when that does not help.
func (s *session) check(ctx context.Context, run *flowRunState) error {
	run.mu.Lock()
	ended := run.ended
	run.ended = nil
	run.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.events.drain(ctx, closingTime); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	recorded, last, resent := 0, time.Now(), false
	for pause := 20 * time.Millisecond; ; pause = min(pause*2, time.Second) {
		n, err := s.recorded(ctx, run.id)
		if err == nil && n >= len(ended) {
			return nil
		}
		if n > recorded {
			recorded, last = n, time.Now()
		}
		if time.Since(last) > stallTime {
			if resent {
				return fmt.Errorf("prefect: the server has recorded %d of %d task runs of flow run %s", recorded, len(ended), run.id)
			}
			if err := s.resend(ctx, run.id, ended); err != nil {
				return err
			}
			resent, last = true, time.Now()
		}
		if !rest.Wait(ctx, pause) {
			return nil // it was still moving
		}
	}
}

func (s *session) recorded(ctx context.Context, flowRunID string) (int, error) {
	filter := TaskRunsOf(flowRunID)
	filter.TaskRuns.State = StateIs(StateCompleted, StateFailed, StateCancelled, StateCrashed)
	filter.TaskRuns.SubflowRuns = &ExistsFilter{Exists: false}
	return s.client.TaskRuns.Count(ctx, filter)
}

func (s *session) resend(ctx context.Context, flowRunID string, ended map[string][]byte) error {
	missing := maps.Clone(ended)
	for run, err := range s.client.TaskRuns.Filter(ctx, TaskRunQuery{Related: TaskRunsOf(flowRunID)}) {
		if err != nil {
			return err
		}
		if run.StateType.Final() {
			delete(missing, run.ID)
		}
	}
	batch := make([]json.RawMessage, 0, len(missing))
	for _, event := range missing {
		batch = append(batch, event)
	}
	if len(batch) == 0 {
		return nil
	}
	_, err := s.client.call(ctx, post("/events", batch).harmless(), nil)
	return err
}
