package monitoring

import (
	"maps"
	"slices"
	"time"
)

// batch is the predictions of a window.
type batch struct {
	Window
	predictions []Prediction
}

// Left is what was not compared because it is too little.
type Left struct {
	Window
	Rows int
	// Lost says that nothing will be compared with it later: it has waited for too long.
	Lost bool
}

// cutter collects the predictions of a model, which come in order of time, into windows, one version beside the other.
//
// Windows begin and end at multiples of step since the epoch, in UTC. One with fewer than minRows predictions is not closed at its end but grows by
// another step, and another, so that the predictions of a quiet hour are compared with those of the next, and not never. After maxSteps it is
// given up, so that a few predictions by a retired version are not read again for ever.
type cutter struct {
	model    string
	step     time.Duration // 0: one window of the whole range
	from, to time.Time
	start    func(version string) time.Time // predictions from before are done with
	minRows  int
	maxSteps int // 0: no limit
	open     map[string]*batch
	lost     []Left
}

// add takes the next prediction and returns the window that it closes, if any.
func (c *cutter) add(p Prediction) (closed *batch) {
	if p.Time.Before(c.start(p.Version)) {
		return nil
	}
	b := c.open[p.Version]
	if b != nil && !p.Time.Before(b.End) {
		closed = c.closeOrGrow(b, p.Time)
		b = c.open[p.Version]
	}
	if b == nil {
		b = &batch{Window: Window{Model: c.model, Version: p.Version}}
		b.Start, b.End = c.around(p)
		c.open[p.Version] = b
	}
	b.predictions = append(b.predictions, p)
	return closed
}

// around is the window that a prediction falls into.
func (c *cutter) around(p Prediction) (start, end time.Time) {
	if c.step == 0 {
		return c.from, c.to
	}
	start = p.Time.Truncate(c.step)
	end = start.Add(c.step)
	if first := c.start(p.Version); start.Before(first) {
		start = first
	}
	if end.After(c.to) {
		end = c.to
	}
	return start, end
}

// closeOrGrow decides about a window whose end is over; now is the time of the next prediction.
func (c *cutter) closeOrGrow(b *batch, now time.Time) *batch {
	if len(b.predictions) >= c.minRows {
		delete(c.open, b.Version)
		return b
	}
	if c.old(b, now) {
		delete(c.open, b.Version)
		c.lost = append(c.lost, Left{Window: b.Window, Rows: len(b.predictions), Lost: true})
		return nil
	}
	b.End = now.Truncate(c.step).Add(c.step)
	if b.End.After(c.to) {
		b.End = c.to
	}
	return nil
}

func (c *cutter) old(b *batch, now time.Time) bool {
	return c.step > 0 && c.maxSteps > 0 && now.Sub(b.Start) >= time.Duration(c.maxSteps)*c.step
}

// finish returns the windows that close because there is nothing more to come, and what is left.
func (c *cutter) finish() (closed []*batch, left []Left) {
	left = c.lost
	for _, version := range slices.Sorted(maps.Keys(c.open)) {
		b := c.open[version]
		if len(b.predictions) >= c.minRows {
			closed = append(closed, b)
			continue
		}
		left = append(left, Left{Window: b.Window, Rows: len(b.predictions), Lost: c.old(b, c.to)})
	}
	return closed, left
}
