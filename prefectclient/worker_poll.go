package prefectclient

import (
	"context"
	"errors"
	"time"
)

// pollLimit is how many runs are asked for at once.
const pollLimit = 100

// poll asks for runs until the context ends: at each interval, when a slot becomes free, and when the server tells of
// something new.
func (s *service) poll(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		pause := s.config.PollInterval
		if err := s.pollOnce(ctx); err != nil && ctx.Err() == nil {
			s.metrics.pollFailures.Inc()
			if failures == 0 {
				s.log.Warn("the Prefect server does not hand out flow runs; the worker goes on asking", "error", err)
			}
			pause = max(pause, reconnectWait(failures))
			failures++
		} else if failures > 0 {
			s.log.Info("the Prefect server hands out flow runs again")
			failures = 0
			s.nudge() // what was cancelled meanwhile is found by the listener, what became due is found now
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		}
		timer.Stop()
	}
}

// nudge makes the poller ask at once.
func (s *service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *service) pollOnce(ctx context.Context) error {
	before := time.Now().Add(s.config.Prefetch)
	runs, err := s.source.scheduled(ctx, before)
	if errors.Is(err, ErrNotFound) {
		return errors.Join(err, s.prepare(ctx)) // someone removed the pool or a queue
	}
	if err != nil {
		return err
	}
	s.metrics.polled()
	for _, run := range runs {
		s.consider(ctx, run)
	}
	return nil
}

// consider starts a run that is due, and sets a timer for one that is not.
func (s *service) consider(ctx context.Context, run *FlowRun) {
	flow := s.flowOf(ctx, run)
	if flow == nil {
		return
	}
	due := run.NextScheduledStartTime
	if due.IsZero() {
		due = run.ExpectedStartTime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || s.active[run.ID] != nil {
		return
	}
	if timer := s.waiting[run.ID]; timer != nil {
		timer.Stop() // its time may have changed
		delete(s.waiting, run.ID)
	}
	if left := time.Until(due); left > 0 {
		s.waiting[run.ID] = time.AfterFunc(left, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.waiting, run.ID)
			s.launch(ctx, flow, run)
		})
		return
	}
	s.launch(ctx, flow, run)
}

// launch takes a slot and starts a run. Without a free slot the run stays on the server, for another worker or a later
// poll. The caller holds the lock.
func (s *service) launch(ctx context.Context, flow AnyFlow, run *FlowRun) {
	slotless := flow.definition().slotless
	if s.draining || s.active[run.ID] != nil || !slotless && s.full() {
		return
	}
	runCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	active := &activeRun{cancel: cancel, done: make(chan struct{}), slot: !slotless}
	s.active[run.ID] = active
	if active.slot {
		s.slots++
	}
	s.metrics.active.Inc()
	s.runs.Go(func() {
		defer s.metrics.active.Dec()
		s.execute(runCtx, flow, run, func() { s.free(active) })
		cancel(nil)
		close(active.done)
		s.mu.Lock()
		delete(s.active, run.ID)
		s.mu.Unlock()
		s.free(active)
	})
}

// flowOf finds the function for a run; nil for a flow that this worker does not have.
func (s *service) flowOf(ctx context.Context, run *FlowRun) AnyFlow {
	name, ok := s.flowNames.Load(run.FlowID)
	if !ok {
		entry, err := s.client.Flows.Read(ctx, run.FlowID)
		if err != nil {
			s.log.Warn("the flow of a flow run cannot be read", "flow_run", run.Name, "error", err)
			return nil
		}
		name = entry.Name
		s.flowNames.Store(run.FlowID, name)
	}
	flow := s.flows[name.(string)]
	if flow == nil && !s.missing[run.FlowID] { // only the poller is here
		s.missing[run.FlowID] = true
		s.log.Warn("the worker does not have the flow of a waiting flow run, and leaves it and those that follow", "flow", name, "flow_run", run.Name)
	}
	return flow
}
