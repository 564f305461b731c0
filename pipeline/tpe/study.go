package tpe

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// Errors of a study's calls, found through errors.Is.
var (
	// ErrFinished marks a call on a trial that was told before.
	ErrFinished = errors.New("trial has finished")
	// ErrForeign marks a trial of another study.
	ErrForeign = errors.New("trial belongs to another study")
	// ErrNotANumber marks a value that is NaN.
	ErrNotANumber = errors.New("value is not a number")
)

// Study proposes trials and learns from their results. Make one with [NewStudy]. It is safe for concurrent use.
type Study struct {
	cfg Config

	mu      sync.Mutex
	startup *mt19937 // draws the random trials
	rng     *mt19937 // draws TPE's candidates
	trials  []*record
	history history
	params  map[string]int // index of a parameter in record.values
	dists   []*dist        // the latest distribution of each parameter
	joint   jointSpace
}

// NewStudy returns an empty study, or an error that says what in the configuration is wrong.
func NewStudy(cfg Config) (*Study, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Study{
		cfg: cfg, startup: newMT19937(cfg.Seed), rng: newMT19937(cfg.Seed), params: map[string]int{},
	}
	s.history.maximize = cfg.Direction == Maximize
	if cfg.Group {
		s.joint = &groupSpace{}
	} else {
		s.joint = &intersectionSpace{}
	}
	return s, nil
}

// Ask starts the next trial. Its parameters are proposed by its Suggest methods.
func (s *Study) Ask() *Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ask()
}

func (s *Study) ask() *Trial {
	r := &record{number: len(s.trials), state: Running}
	s.trials = append(s.trials, r)
	return &Trial{study: s, record: r}
}

// Dimension is a named parameter of a fixed search space.
type Dimension struct {
	Name         string
	Distribution Distribution
}

// AskSpace starts the next trial and proposes all parameters of space in its order, in one step: other goroutines'
// calls cannot come between. Read them from [Trial.Params] or by the Suggest methods. An error leaves no trial behind.
func (s *Study) AskSpace(space ...Dimension) (*Trial, error) {
	resolved := make([]*dist, len(space))
	for i, dim := range space {
		if slices.ContainsFunc(space[:i], func(d Dimension) bool { return d.Name == dim.Name }) {
			return nil, fmt.Errorf("tpe: ask: %w: %q occurs twice in the space", ErrDistribution, dim.Name)
		}
		d, err := resolve(dim.Name, dim.Distribution)
		if err != nil {
			return nil, err
		}
		resolved[i] = d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, dim := range space {
		if err := s.checkDist(dim.Name, resolved[i]); err != nil {
			return nil, err
		}
	}
	t := s.ask()
	for i, dim := range space {
		if _, err := s.suggest(t.record, dim.Name, resolved[i]); err != nil {
			s.trials = s.trials[:t.record.number]
			return nil, err
		}
	}
	return t, nil
}

// Tell ends a trial with its value. An infinite value is allowed, NaN is [ErrNotANumber]: use [Study.TellFailed] then.
func (s *Study) Tell(t *Trial, value float64) error {
	return s.tell(t, Complete, value)
}

// TellPruned ends a trial early. Its value is the one reported at the last step, if any. Pruned trials count as worse
// than complete ones, those that got further as better than others, then by their last value.
func (s *Study) TellPruned(t *Trial) error {
	return s.tell(t, Pruned, math.NaN())
}

// TellFailed ends a trial without a result. It is left out of the model.
func (s *Study) TellFailed(t *Trial) error {
	return s.tell(t, Failed, math.NaN())
}

func (s *Study) tell(t *Trial, state State, value float64) error {
	if t == nil || t.study != s {
		return fmt.Errorf("tpe: tell: %w", ErrForeign)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := t.record
	if r.state != Running {
		return fmt.Errorf("tpe: tell trial %d: %w", r.number, ErrFinished)
	}
	switch {
	case state == Complete && math.IsNaN(value):
		return fmt.Errorf("tpe: tell trial %d: %w: tell it as failed", r.number, ErrNotANumber)
	case state == Pruned:
		if _, last, ok := r.lastReport(); ok {
			value = last
		}
	}
	r.finish(state, value)
	s.learn(r)
	return nil
}

// learn adds a finished trial to what proposals are made from.
func (s *Study) learn(r *record) {
	if r.state == Complete || r.state == Pruned {
		s.history.add(r)
		s.joint.add(r)
	}
}

// Parallelizable returns how many further trials can be asked for now and run at once without any proposal differing
// from those of a study that runs one trial after the other. Random trials need no results, so it is the start-up
// trials left, and else one if no trial runs. With the Random sampler it is [math.MaxInt]. Each of these trials must
// have its parameters proposed before the next is asked for, as [Study.AskSpace] does.
func (s *Study) Parallelizable() int {
	if s.cfg.Sampler == Random {
		return math.MaxInt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	running := 0
	for _, r := range s.trials {
		if r.state == Running {
			running++
		}
	}
	left := s.cfg.StartupTrials - s.history.n - running
	if left > 0 {
		return left
	}
	if running == 0 {
		return 1
	}
	return 0
}
