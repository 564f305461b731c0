package tpe

// Trials returns copies of all trials in the order of their numbers.
func (s *Study) Trials() []FrozenTrial {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]FrozenTrial, len(s.trials))
	for i, r := range s.trials {
		out[i] = r.freeze()
	}
	return out
}

// Best returns the complete trial with the best value among those that violate no constraint, the first of equal ones.
// ok is false if there is none.
func (s *Study) Best() (best FrozenTrial, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.history.complete) == 0 {
		return FrozenTrial{}, false
	}
	return s.history.complete[0].freeze(), true
}
