package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
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

// poolParallel is how many flow runs a study keeps on a pool when nobody says.
const poolParallel = 8

// Study is a search for the hyper-parameters with the highest accuracy on the test part. Fill in the fields and call [Study.Run].
type Study struct {
	Split *Split
	// Origin says where the split comes from. It is needed with Pool, whose workers make the split by it, and for [LoadStudy], by which a
	// study is taken up again.
	Origin Origin
	Space  ForestSpace
	// Sampler defaults to SamplerTPE.
	Sampler Sampler
	// Trials is how many are run, at least 1; the exhaustive sampler takes as many as the space needs and ignores it.
	Trials int
	// Seed is the sampler's.
	Seed uint32
	// Halving stops hopeless trials early; nil lets every trial come to its end, as the published figures need it. With it, trials run one at
	// a time here, so that results do not depend on which is faster.
	Halving *Halving
	// Parallel is the most trials that run at once. Here, 0 means one for each core, and results never depend on this number: TPE learns from
	// each result before it proposes the next trial, so only its start-up trials run at once. On a pool, 0 means 8, and TPE proposes although
	// trials run, taking these for bad ones (its constant liar), so that a study depends on what ended when; random trials do not.
	Parallel int
	// Pool has the trials carried out by Prefect's workers; nil carries them out in this process. It needs a Tracker, through which the
	// workers report.
	Pool *Pool
	// Tracker records the study in MLflow; nil records nothing.
	Tracker *Tracker
	// Resume is the run in MLflow of a study to take up again, with the same Split, Space, Sampler, Seed and Halving; [LoadStudy] reads
	// them there. Finished trials are taken as they are, those under way are carried out in the run that they have. Trials may be more than before.
	Resume string
	// OnTrial is called after each trial, one call at a time; here in the order of the trials' numbers, on a pool as they end. Trials that a
	// resumed study has already come first, with Restored set. Nil is fine.
	OnTrial func(Trial)
}

// Run carries the study out and returns its finished trials in the order of their numbers. When ctx ends it returns those that were
// finished together with ctx's error; every run in MLflow has ended when Run returns, unfinished ones as KILLED.
func (s Study) Run(ctx context.Context) (trials []Trial, err error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	from, err := s.source()
	if err != nil {
		return nil, err
	}
	ctx, tracking, err := s.Tracker.begin(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = tracking.end(ctx, s, trials, err) }()
	c := &course{Study: s, source: from, tracking: tracking, told: numberSet{}, waiting: map[int]outcome{}}
	if s.Pool == nil {
		c.runner = localRunner{s, tracking}
		return c.run(ctx)
	}
	remote, err := s.Pool.begin(ctx, s, tracking)
	if err != nil {
		return nil, err
	}
	defer remote.end()
	c.runner = remote
	return c.run(ctx)
}

func (s *Study) check() (err error) {
	s.Sampler = cmp.Or(s.Sampler, SamplerTPE)
	switch {
	case s.Split == nil:
		return fmt.Errorf("a study needs a split: call Problem.Prepare")
	case s.Sampler != SamplerTPE && s.Sampler != SamplerRandom && s.Sampler != SamplerExhaustive:
		return fmt.Errorf("sampler %q is not one of %s, %s, %s", s.Sampler, SamplerTPE, SamplerRandom, SamplerExhaustive)
	case s.Trials < 1 && s.Sampler != SamplerExhaustive:
		return fmt.Errorf("a study of %d trials: at least 1 is needed", s.Trials)
	case s.Parallel < 0:
		return fmt.Errorf("%d trials at once: 0 (as many as are of use) or more are possible", s.Parallel)
	case s.Halving != nil && s.Sampler == SamplerExhaustive:
		return fmt.Errorf("the exhaustive sampler scores every number of trees already: it cannot stop trials early")
	case s.Tracker == nil && (s.Pool != nil || s.Resume != ""):
		return fmt.Errorf("a study on a pool, or one to resume, needs a tracker: its state is in MLflow")
	}
	switch {
	case s.Pool == nil && s.Sampler == SamplerExhaustive:
		s.Parallel = 1 // a forest uses every core
	case s.Parallel == 0 && s.Pool == nil:
		s.Parallel = runtime.GOMAXPROCS(0)
	case s.Parallel == 0:
		s.Parallel = poolParallel
	}
	if s.Halving, err = s.Halving.complete(); err != nil {
		return err
	}
	if s.Pool != nil {
		return s.Pool.check(s.Origin)
	}
	return nil
}

func (s *Study) source() (source, error) {
	if s.Sampler == SamplerExhaustive {
		return s.exhaustive()
	}
	return s.sampled()
}

// Best returns the trials sorted by accuracy, best first; of equal ones the one with fewer trees, then the earlier, comes first. Earlier
// means by number, or by the place in the space with the exhaustive sampler, whatever ran at once.
func Best(trials []Trial) []Trial {
	return slices.SortedStableFunc(slices.Values(trials), func(a, b Trial) int {
		return cmp.Or(
			cmp.Compare(b.Report.Accuracy, a.Report.Accuracy),
			cmp.Compare(a.Params.NEstimators, b.Params.NEstimators),
			cmp.Compare(a.place, b.place),
			cmp.Compare(a.Number, b.Number),
		)
	})
}
