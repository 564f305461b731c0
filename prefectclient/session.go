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
	// ending is the context of the checks; close ends it.
	ending context.Context
	end    context.CancelFunc
}

const (
	defaultPatience = 10 * time.Minute
	// closingTime bounds what is sent when a run is over.
	closingTime = 30 * time.Second
)

func newSession(c *Client) *session {
	s := &session{client: c, events: newEventSender(c), logs: newLogSender(c), patience: defaultPatience}
	s.ending, s.end = context.WithCancel(context.Background())
	return s
}

// close sends what is left and ends the session.
func (s *session) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	late := time.AfterFunc(closingTime, s.end)
	s.checks.Wait()
	late.Stop()
	s.end()
	events := s.events.stop(ctx, closingTime)
	ctx, cancel := context.WithTimeout(ctx, closingTime)
	defer cancel()
	return errors.Join(events, s.logs.stop(ctx))
}

// verify checks a run's record, and reports what is missing.
func (s *session) verify(ctx context.Context, run *flowRunState) {
	if s.background {
		s.checks.Go(func() { s.report(run, s.check(s.ending, run, s.patience)) })
		return
	}
	s.report(run, s.check(context.WithoutCancel(ctx), run, closingTime))
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

func (s *session) report(run *flowRunState, err error) {
	if err != nil {
		s.client.log.Error("the flow run's record is not complete", "flow_run", run.name, "error", err)
	}
}

const (
	// checkTime bounds the check of a run's record on a server that answers: it takes some dozens of task runs a second.
	checkTime = 10 * time.Second
	// stallTime is after how long without progress the missing events are sent again.
	stallTime = 3 * time.Second
)

// check reads back whether the server has recorded the end of each task run. Events have no answer of their own, and a
// server that is killed forgets those that it has taken in and not yet recorded; so those that are missing when nothing
// moves any more are sent again by POST, and reported when that does not help. A server that is not reached is waited for,
// up to the patience.
func (s *session) check(ctx context.Context, run *flowRunState, patience time.Duration) error {
	run.mu.Lock()
	ended := run.ended
	run.ended = nil
	run.mu.Unlock()
	if len(ended) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = s.events.drain(ctx, closingTime) // what does not go out is found missing
	progress := recordProgress{since: time.Now(), last: time.Now()}
	for pause, failures := 20*time.Millisecond, 0; ; pause = min(pause*2, time.Second) {
		n, err := s.recorded(ctx, run.id)
		switch {
		case err == nil && n >= len(ended):
			return nil
		case err != nil:
			if !errors.Is(err, ErrUnavailable) || !rest.Wait(ctx, reconnectWait(failures)) {
				return fmt.Errorf("prefect: it is not known whether the server has recorded the %d task runs of flow run %s: %w", len(ended), run.id, err)
			}
			failures++
			// What was sent to a server that was killed may be sent again.
			progress = recordProgress{since: time.Now(), last: time.Now(), n: progress.n}
			continue
		}
		failures = 0
		progress.note(n)
		if time.Since(progress.last) > stallTime {
			if progress.resent {
				return fmt.Errorf("prefect: the server has recorded %d of %d task runs of flow run %s", n, len(ended), run.id)
			}
			if err := s.resend(ctx, run.id, ended); err != nil && !errors.Is(err, ErrUnavailable) {
				return err
			}
			progress.resent, progress.last = true, time.Now()
		}
		if time.Since(progress.since) > checkTime || !rest.Wait(ctx, pause) {
			return nil // it was still moving
		}
	}
}

// recordProgress is how a server gets on with a run's record.
type recordProgress struct {
	n           int
	since, last time.Time // the beginning, and the last step forward
	resent      bool
}

func (p *recordProgress) note(n int) {
	if n > p.n {
		p.n, p.last = n, time.Now()
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
