package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"mlopsgo/pipeline/tpe"
)

// Sampler names the rule by which a study chooses what to try.
type Sampler string

// The samplers.
const (
	// SamplerTPE learns from earlier trials: Optuna's TPESampler, proposal for proposal.
	SamplerTPE Sampler = "tpe"
	// SamplerRandom draws every trial at random: Optuna's RandomSampler.
	SamplerRandom Sampler = "random"
	// SamplerExhaustive settles every point of the space.
	SamplerExhaustive Sampler = "exhaustive"
)

// Study is a search for the hyper-parameters with the highest accuracy on the test part. Fill in the fields and call [Study.Run].
type Study struct {
	Split *Split
	Space ForestSpace
	// Sampler defaults to SamplerTPE.
	Sampler Sampler
	// Trials is how many are run, at least 1; the exhaustive sampler takes as many as the space needs and ignores it.
	Trials int
	// Seed is the sampler's.
	Seed uint32
	// Parallel is the most trials that run at once; 0 means one for each core. TPE learns from each result before it proposes the next
	// trial, so only its start-up trials run at once: results never depend on this number.
	Parallel int
	// Tracker records the study in MLflow; nil records nothing.
	Tracker *Tracker
	// OnTrial is called after each trial, one call at a time and in the order of the trials' numbers. Nil is fine.
	OnTrial func(Trial)
}

// Run carries the study out and returns its finished trials in the order of their numbers. When ctx ends it returns those that were
// finished together with ctx's error; every run in MLflow has ended when Run returns, unfinished ones as KILLED.
func (s Study) Run(ctx context.Context) (trials []Trial, err error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	ctx, tracking, err := s.Tracker.begin(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = tracking.end(ctx, trials, err) }()
	if s.Sampler == SamplerExhaustive {
		return s.runExhaustive(ctx, tracking)
	}
	return s.runSampled(ctx, tracking)
}

func (s *Study) check() error {
	if s.Sampler == "" {
		s.Sampler = SamplerTPE
	}
	if s.Parallel == 0 {
		s.Parallel = runtime.GOMAXPROCS(0)
	}
	switch {
	case s.Split == nil:
		return fmt.Errorf("a study needs a split: call Problem.Prepare")
	case s.Sampler != SamplerTPE && s.Sampler != SamplerRandom && s.Sampler != SamplerExhaustive:
		return fmt.Errorf("sampler %q is not one of %s, %s, %s", s.Sampler, SamplerTPE, SamplerRandom, SamplerExhaustive)
	case s.Trials < 1 && s.Sampler != SamplerExhaustive:
		return fmt.Errorf("a study of %d trials: at least 1 is needed", s.Trials)
	case s.Parallel < 0:
		return fmt.Errorf("%d trials at once: 0 (one for each core) or more are possible", s.Parallel)
	}
	return nil
}

// sampled is one proposal on its way through training.
type sampled struct {
	trial    Trial
	proposal *tpe.Trial
	err      error
}

// runSampled asks the sampler, trains what it proposes, and tells it the results in the order of the proposals.
func (s Study) runSampled(ctx context.Context, tracking *tracking) ([]Trial, error) {
	config := tpe.Config{Seed: s.Seed, Direction: tpe.Maximize}
	if s.Sampler == SamplerRandom {
		config.Sampler = tpe.Random
	}
	sampler, err := tpe.NewStudy(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var trials []Trial
	results := make(chan sampled)
	asked, running := 0, 0
	waiting := map[int]sampled{} // finished before an earlier trial
	for err == nil && len(trials) < s.Trials {
		for err == nil && asked < s.Trials && running < s.Parallel && sampler.Parallelizable() > 0 {
			asked++
			if err = s.start(ctx, asked, sampler, tracking, results); err == nil {
				running++
			}
		}
		if err != nil || running == 0 {
			break
		}
		one := <-results
		running--
		waiting[one.trial.Number] = one
		for next, ok := waiting[len(trials)+1]; ok && err == nil; next, ok = waiting[len(trials)+1] {
			if err = next.err; err == nil {
				err = sampler.Tell(next.proposal, next.trial.Report.Accuracy)
			}
			if err == nil {
				trials = append(trials, next.trial)
				s.finished(next.trial, tracking)
			}
		}
	}
	cancel()
	for ; running > 0; running-- {
		<-results
	}
	return trials, err
}

// start asks for a trial and trains it in the background; the outcome goes to results.
func (s Study) start(ctx context.Context, number int, sampler *tpe.Study, tracking *tracking, results chan<- sampled) error {
	proposal, err := sampler.AskSpace(s.Space.dimensions()...)
	if err != nil {
		return err
	}
	params, err := s.Space.params(proposal)
	if err != nil {
		return err
	}
	tracking.start(number, params)
	go func() {
		trial, _, err := try(ctx, s.Split, params)
		trial.Number = number
		results <- sampled{trial, proposal, err}
	}()
	return nil
}

// finished hands a trial on.
func (s Study) finished(trial Trial, tracking *tracking) {
	tracking.finish(trial)
	if s.OnTrial != nil {
		s.OnTrial(trial)
	}
}

// Best returns the trials sorted by accuracy, best first; of equal ones the one with fewer trees, then the earlier, comes first.
func Best(trials []Trial) []Trial {
	return slices.SortedStableFunc(slices.Values(trials), func(a, b Trial) int {
		return cmp.Or(
			cmp.Compare(b.Report.Accuracy, a.Report.Accuracy),
			cmp.Compare(a.Params.NEstimators, b.Params.NEstimators),
			cmp.Compare(a.Number, b.Number),
		)
	})
}
