package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// pastTrial is a trial of an earlier process of the study, as MLflow holds it.
type pastTrial struct {
	number, place, attempt int
	runID                  string
	// told are the trials whose results were known when it was proposed.
	told numberSet
	// proposal is what was proposed, as namedText writes it.
	proposal string
	// trial is its result, nil when it has none; dropped says why it never will.
	trial   *Trial
	dropped string
}

// check compares what is proposed now with what was proposed then.
func (p *pastTrial) check(a *assignment) error {
	if now := namedText(a.params); p.proposal != now {
		return fmt.Errorf("trial %d was proposed as %s, and would now be proposed as %s: its study was begun by a program, or on data, that is not the same",
			p.number, p.proposal, now)
	}
	return nil
}

// takeUp repeats what an earlier process of the study knew, step by step, so that the source comes to stand where it stood. What was finished
// is told, what was under way is started again.
func (c *course) takeUp(ctx context.Context, results chan<- outcome) error {
	past, err := c.tracking.past(ctx, c.Study)
	if err != nil {
		return err
	}
	byNumber := map[int]*pastTrial{}
	for _, p := range past {
		byNumber[p.number] = p
	}
	var open []*assignment
	for _, p := range past {
		for _, number := range slices.Sorted(maps.Keys(p.told)) {
			if err := c.tellPast(byNumber[number], number); err != nil {
				return err
			}
		}
		a, err := c.source.again(p)
		if err != nil {
			return err
		}
		a.runID, a.attempt, a.told = p.runID, p.attempt, p.told
		if p.trial != nil {
			p.trial.Points, p.trial.place = a.settles(*p.trial, c.Space), a.place
		}
		if p.trial == nil && p.dropped == "" {
			open = append(open, a)
		}
	}
	for _, p := range past {
		if p.trial != nil || p.dropped != "" {
			if err := c.tellPast(p, p.number); err != nil {
				return err
			}
		}
	}
	for _, a := range open {
		if err := c.start(ctx, a, results); err != nil {
			return err
		}
	}
	return nil
}

// tellPast tells the source a result that MLflow holds, once.
func (c *course) tellPast(p *pastTrial, number int) error {
	switch {
	case c.told[number]:
		return nil
	case p == nil || p.trial == nil && p.dropped == "":
		return fmt.Errorf("a later trial was proposed with the result of trial %d, which has no finished run any more: the study cannot be taken up", number)
	case p.dropped != "":
		return c.tell(outcome{trial: Trial{Number: number, Restored: true}, dropped: p.dropped})
	}
	return c.tell(outcome{trial: *p.trial})
}
