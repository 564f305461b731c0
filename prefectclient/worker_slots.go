package prefectclient

import "context"

// ReleaseSlot gives the slot of [WorkerConfig.Limit] that the flow run has to the worker's next one, which is then started while this one
// goes on. It is for flows that have done what the limit is there for, and only have to write down what came of it. A run that is retried in
// its worker has no slot either. Where the run has none, as without a worker, in a [Subprocess] or in a subflow, it does nothing.
func ReleaseSlot(ctx context.Context) {
	if run := currentRun(ctx); run != nil && run.flow != nil && run.flow.released != nil {
		run.flow.released()
	}
}

// full reports that every slot is taken. The caller holds the lock.
func (s *service) full() bool { return s.config.Limit > 0 && s.slots >= s.config.Limit }

// free gives a run's slot to the next one, if it was not given before, and asks for that.
func (s *service) free(run *activeRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if run.slot {
		run.slot = false
		s.slots--
	}
	if !s.full() {
		s.nudge()
	}
}

// startable reports that the run of an event may find a slot. When it finds none, the run is asked for as soon as one is free: a busy
// worker that asked at every event would keep the server from others.
func (s *service) startable(event *Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.full() {
		return true
	}
	for _, r := range event.Related {
		if r.Role() == "flow" {
			flow := s.flows[r.Name()]
			return flow != nil && flow.definition().slotless
		}
	}
	return true
}
