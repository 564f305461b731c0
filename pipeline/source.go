package pipeline

import (
	"fmt"

	"mlopsgo/pipeline/tpe"
)

// source says what a study tries next. It is used by one goroutine.
type source interface {
	// next gives the next trial, or nil when there is none for now: because results are waited for, or because there are no more.
	next() (*assignment, error)
	// tell takes the result of a trial that next gave.
	tell(Trial) error
	// drop takes note that a trial that next gave came to nothing.
	drop(number int) error
	// again gives a trial that an earlier process of the study began, as next gave it there. What was told then is told before.
	again(past *pastTrial) (*assignment, error)
}

// sampled is the source of the samplers TPE and random.
type sampled struct {
	sampler *tpe.Study
	space   ForestSpace
	trials  int
	halving *Halving
	// eager proposes although trials run: TPE then takes these for bad ones (its constant liar). Without it, the proposals are those of one
	// trial after the other.
	eager bool

	asked int
	open  map[int]*tpe.Trial
	ended []Trial
}

func (s *Study) sampled() (*sampled, error) {
	config := tpe.Config{Seed: s.Seed, Direction: tpe.Maximize}
	if s.Sampler == SamplerRandom {
		config.Sampler = tpe.Random
	}
	sampler, err := tpe.NewStudy(config)
	if err != nil {
		return nil, err
	}
	return &sampled{
		sampler: sampler, space: s.Space, trials: s.Trials, halving: s.Halving, eager: s.Pool != nil,
		open: map[int]*tpe.Trial{},
	}, nil
}

func (s *sampled) next() (*assignment, error) {
	switch {
	case s.asked >= s.trials:
		return nil, nil
	case !s.eager && s.sampler.Parallelizable() == 0, !s.eager && s.halving != nil && len(s.open) > 0:
		return nil, nil
	}
	return s.ask()
}

func (s *sampled) ask() (*assignment, error) {
	proposal, err := s.sampler.AskSpace(s.space.dimensions()...)
	if err != nil {
		return nil, err
	}
	params, err := s.space.params(proposal)
	if err != nil {
		return nil, err
	}
	s.asked++
	s.open[s.asked] = proposal
	return &assignment{
		number: s.asked, place: s.asked, params: params, points: 1, limits: s.halving.limits(params.NEstimators, s.ended),
	}, nil
}

func (s *sampled) tell(trial Trial) error {
	proposal := s.open[trial.Number]
	if proposal == nil {
		return fmt.Errorf("trial %d was not under way", trial.Number)
	}
	for _, point := range trial.Curve {
		for _, limit := range s.halving.rungs(trial.Params.NEstimators + 1) {
			if limit == point.Trees {
				if err := proposal.Report(point.Trees, point.Accuracy); err != nil {
					return err
				}
			}
		}
	}
	s.ended = append(s.ended, trial)
	delete(s.open, trial.Number)
	if trial.Stopped {
		return s.sampler.TellPruned(proposal)
	}
	return s.sampler.Tell(proposal, trial.Report.Accuracy)
}

func (s *sampled) drop(number int) error {
	proposal := s.open[number]
	delete(s.open, number)
	return s.sampler.TellFailed(proposal)
}

// again proposes once more, with the same knowledge, and so the same: all that is random follows from the seed.
func (s *sampled) again(past *pastTrial) (*assignment, error) {
	if past.number != s.asked+1 {
		return nil, fmt.Errorf("there is no run of trial %d, and one of trial %d: was one deleted? What came after it cannot be proposed anew", s.asked+1, past.number)
	}
	a, err := s.ask()
	if err != nil {
		return nil, err
	}
	return a, past.check(a)
}
