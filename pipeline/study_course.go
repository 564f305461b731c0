package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// course is a study under way. One goroutine asks the source, hands trials to the runner, and tells the source what came of them.
type course struct {
	Study
	source   source
	runner   runner
	tracking *tracking

	told    numberSet
	trials  []Trial
	running int
	// waiting holds what ended before an earlier trial, where results are told in the order of the trials.
	waiting map[int]outcome
	// dropped says why the last trial that was dropped has no result.
	dropped string
}

// runner carries trials out.
type runner interface {
	// start begins a trial, which sends its outcome to results, sooner or later, whatever happens: soon after ctx has ended.
	start(ctx context.Context, a *assignment, results chan<- outcome) error
}

// outcome is what came of a trial.
type outcome struct {
	trial Trial
	// dropped says why there is no result although the study goes on.
	dropped string
	// err ends the study.
	err error
}

func (c *course) run(ctx context.Context) ([]Trial, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan outcome)
	err := c.takeUp(ctx, results)
	for err == nil {
		if err = c.fill(ctx, results); err != nil || c.running == 0 {
			break
		}
		one := <-results
		c.running--
		err = c.take(one)
	}
	cancel()
	for ; c.running > 0; c.running-- {
		<-results
	}
	if err == nil && len(c.trials) == 0 {
		err = fmt.Errorf("no trial has a result: all were dropped, the last because %s", c.dropped)
	}
	slices.SortFunc(c.trials, func(a, b Trial) int { return cmp.Compare(a.Number, b.Number) })
	return c.trials, err
}

// fill starts as many trials as may run.
func (c *course) fill(ctx context.Context, results chan<- outcome) error {
	for c.running < c.Parallel {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := c.source.next()
		if err != nil || a == nil {
			return err
		}
		a.told = maps.Clone(c.told)
		if err := c.start(ctx, a, results); err != nil {
			return err
		}
	}
	return nil
}

func (c *course) start(ctx context.Context, a *assignment, results chan<- outcome) error {
	if err := c.runner.start(ctx, a, results); err != nil {
		return err
	}
	c.running++
	return nil
}

// take tells the source an outcome: at once on a pool, otherwise in the order of the trials.
func (c *course) take(one outcome) error {
	if one.err != nil && c.Pool != nil {
		return one.err
	}
	if c.Pool != nil {
		return c.tell(one)
	}
	c.waiting[one.trial.Number] = one
	for next, ok := c.waiting[c.firstOpen()]; ok; next, ok = c.waiting[c.firstOpen()] {
		delete(c.waiting, next.trial.Number)
		if next.err != nil {
			return next.err
		}
		if err := c.tell(next); err != nil {
			return err
		}
	}
	return nil
}

// firstOpen is the number of the first trial that was not told.
func (c *course) firstOpen() int {
	number := 1
	for c.told[number] {
		number++
	}
	return number
}

func (c *course) tell(one outcome) error {
	number := one.trial.Number
	c.told[number] = true
	if one.dropped != "" {
		c.dropped = one.dropped
		c.tracking.drop(one)
		return c.source.drop(number)
	}
	if err := c.source.tell(one.trial); err != nil {
		return err
	}
	c.trials = append(c.trials, one.trial)
	c.tracking.finish(one.trial)
	if c.OnTrial != nil {
		c.OnTrial(one.trial)
	}
	return nil
}

// localRunner carries trials out in this process.
type localRunner struct {
	Study
	tracking *tracking
}

func (l localRunner) start(ctx context.Context, a *assignment, results chan<- outcome) error {
	l.tracking.start(a)
	go func() {
		trial, err := a.carry(ctx, l.Split)
		trial.Points = a.settles(trial, l.Space)
		results <- outcome{trial: trial, err: err}
	}()
	return nil
}
