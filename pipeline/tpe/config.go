package tpe

import (
	"errors"
	"fmt"
)

// Direction says which values of the objective are good.
type Direction int

// The directions of a study. As in Optuna the default is to minimize.
const (
	Minimize Direction = iota
	Maximize
)

// Sampler names the rule that proposes parameters.
type Sampler int

// The samplers of a study: TPE is Optuna's TPESampler, Random its RandomSampler.
const (
	TPE Sampler = iota
	Random
)

// TieOrder names the order in which numpy's argsort leaves equal values. It differs by the instructions that numpy
// finds on the machine, and TPE's proposals depend on it as soon as two trials share a value of a number.
type TieOrder int

const (
	// TieX86SIMD is numpy on x86-64 with AVX2, and with AVX-512 as long as a mixture has at most 256 trials.
	TieX86SIMD TieOrder = iota
	// TieX86AVX512 is numpy on x86-64 with AVX-512.
	TieX86AVX512
	// TieBaseline is numpy without SIMD sorting: on other processors, or where NPY_DISABLE_CPU_FEATURES turned it off.
	TieBaseline
)

// Config says how a [Study] proposes. The zero value is Optuna's default: TPE with seed 0, minimizing.
type Config struct {
	// Seed of both random generators; numpy's legacy generator takes 32 bits.
	Seed uint32
	// Direction of the objective.
	Direction Direction
	// Sampler to propose with. Random uses only Seed.
	Sampler Sampler
	// StartupTrials is the number of finished or pruned trials (failed ones do not count) before TPE replaces random
	// sampling: Optuna's n_startup_trials. 0 means 10; a negative number means none.
	StartupTrials int
	// EICandidates is how many candidates are drawn for each proposal: Optuna's n_ei_candidates. 0 means 24.
	EICandidates int
	// Gamma returns how many of n finished trials are the good ones. nil means min(ceil(n/10), 25). A negative result
	// fails the proposal.
	Gamma func(n int) int
	// Univariate samples each parameter alone: Optuna's multivariate=False.
	Univariate bool
	// Group samples together the parameters that always occur together, also in conditional spaces: Optuna's group=True.
	// It excludes Univariate.
	Group bool
	// IgnoreRunning leaves running trials out of the model: Optuna's constant_liar=False.
	IgnoreRunning bool
	// TieOrder of numpy's argsort to follow.
	TieOrder TieOrder
}

const (
	defaultStartupTrials = 10
	defaultEICandidates  = 24
)

// complete validates the configuration and fills in the defaults.
func (c Config) complete() (Config, error) {
	var errs []error
	if c.Direction != Minimize && c.Direction != Maximize {
		errs = append(errs, fmt.Errorf("direction %d is neither Minimize nor Maximize", c.Direction))
	}
	if c.Sampler != TPE && c.Sampler != Random {
		errs = append(errs, fmt.Errorf("sampler %d is neither TPE nor Random", c.Sampler))
	}
	if c.TieOrder < TieX86SIMD || c.TieOrder > TieBaseline {
		errs = append(errs, fmt.Errorf("tie order %d is unknown", c.TieOrder))
	}
	if c.Group && c.Univariate {
		errs = append(errs, errors.New("group needs multivariate sampling: unset Univariate or Group"))
	}
	if c.EICandidates < 0 {
		errs = append(errs, fmt.Errorf("%d candidates: at least 1 is needed, or 0 for the default of %d", c.EICandidates, defaultEICandidates))
	}
	if c.EICandidates == 0 {
		c.EICandidates = defaultEICandidates
	}
	switch {
	case c.StartupTrials == 0:
		c.StartupTrials = defaultStartupTrials
	case c.StartupTrials < 0:
		c.StartupTrials = 0
	}
	if c.Gamma == nil {
		c.Gamma = defaultGamma
	}
	if err := errors.Join(errs...); err != nil {
		return c, fmt.Errorf("tpe: config: %w", err)
	}
	return c, nil
}

// defaultGamma is Optuna's: a tenth of the trials, rounded up, but at most 25.
func defaultGamma(n int) int {
	return min((n+9)/10, 25)
}
