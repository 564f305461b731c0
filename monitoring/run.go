package monitoring

import (
	"context"
	"iter"
	"time"
)

// ahead is how far the clock of a predictor may be ahead of ours: what All means by all.
const ahead = 24 * time.Hour

// never is after every prediction.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// compare looks at the range.
func (r *run) compare(ctx context.Context, wanted Range) error {
	switch {
	case wanted.All:
		return r.compareAll(ctx)
	case wanted.From.IsZero():
		return r.compareNew(ctx, wanted.Window)
	}
	to := wanted.To
	if to.IsZero() {
		to = r.config.Now()
	}
	c := r.cutter(wanted.Window, wanted.From.UTC(), to.UTC())
	c.start = func(string) time.Time { return c.from }
	return r.cut(ctx, c)
}

func (r *run) cutter(step time.Duration, from, to time.Time) *cutter {
	return &cutter{model: r.config.Model, step: step, from: from, to: to, minRows: r.config.MinRows, open: map[string]*batch{}}
}

// compareNew looks at the windows that have ended since the last run and notes how far it came.
func (r *run) compareNew(ctx context.Context, step time.Duration) error {
	if step == 0 {
		step = defaultWindow
	}
	before, err := r.config.Store.readProgress(ctx, r.config.Model)
	if err != nil {
		return err
	}
	settled := r.config.Now()
	if r.config.Settle > 0 {
		settled = settled.Add(-r.config.Settle)
	}
	to := settled.UTC().Truncate(step)
	from := time.Time{}
	if _, known := before[""]; known {
		from = to
		for _, until := range before {
			if until.Before(from) {
				from = until
			}
		}
	}
	if !from.Before(to) {
		return nil
	}
	c := r.cutter(step, from, to)
	c.maxSteps = maxSteps
	c.start = func(version string) time.Time {
		if until, ok := before[version]; ok {
			return until
		}
		return before[""]
	}
	if err := r.cut(ctx, c); err != nil {
		return err
	}
	return r.config.Store.writeProgress(ctx, r.config.Model, r.progress(before, to))
}

// progress is what the next run needs to know. One that looks at a single version says nothing about the others.
func (r *run) progress(before progress, to time.Time) progress {
	after := progress{"": to}
	if only := r.config.Version; only != "" {
		after = progress{"": before[""], only: to}
		for version, until := range before {
			if version != only {
				after[version] = until
			}
		}
	}
	for _, left := range r.summary.Left {
		if !left.Lost {
			after[left.Version] = left.Start
		}
	}
	for version, since := range r.failed {
		if earlier, ok := after[version]; !ok || since.Before(earlier) {
			after[version] = since
		}
	}
	return after
}

// cut reads the predictions of the range and looks at each window as soon as it is complete.
func (r *run) cut(ctx context.Context, c *cutter) error {
	done := c.start
	c.start = func(version string) time.Time {
		if _, failed := r.failed[version]; failed {
			return never
		}
		return done(version)
	}
	for p, err := range r.read(ctx, c) {
		if err != nil {
			return err
		}
		if closed := c.add(p); closed != nil {
			if err := r.look(ctx, closed); err != nil {
				return err
			}
			if _, failed := r.failed[closed.Version]; failed {
				delete(c.open, closed.Version)
			}
		}
	}
	return r.finish(ctx, c)
}

// read gives the predictions to look at in the cutter's range, and counts them.
func (r *run) read(ctx context.Context, c *cutter) iter.Seq2[Prediction, error] {
	return func(yield func(Prediction, error) bool) {
		for p, err := range r.config.Predictions(ctx, r.config.Model, c.from, c.to) {
			if err == nil {
				if r.config.Version != "" && r.config.Version != p.Version {
					continue
				}
				r.summary.Predictions++
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// finish looks at the windows that are complete at the end, and notes those that are not.
func (r *run) finish(ctx context.Context, c *cutter) error {
	closed, left := c.finish()
	r.summary.Left = append(r.summary.Left, left...)
	for _, b := range closed {
		if err := r.look(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// compareAll looks at everything, from a version's first prediction to its last.
func (r *run) compareAll(ctx context.Context) error {
	c := r.cutter(0, time.Time{}, r.config.Now().Add(ahead))
	c.start = func(string) time.Time { return time.Time{} }
	var last time.Time
	for p, err := range r.read(ctx, c) {
		if err != nil {
			return err
		}
		last = p.Time.UTC().Add(time.Microsecond) // Postgres' own resolution
		c.add(p)
		if b := c.open[p.Version]; len(b.predictions) == 1 {
			b.Start = p.Time.UTC()
		}
	}
	for _, b := range c.open {
		b.End = b.predictions[len(b.predictions)-1].Time.UTC().Add(time.Microsecond)
	}
	if err := r.finish(ctx, c); err != nil {
		return err
	}
	if last.IsZero() {
		return nil
	}
	return r.noteAll(ctx, last)
}

// noteAll makes the windows that follow begin where everything ended.
func (r *run) noteAll(ctx context.Context, last time.Time) error {
	before, err := r.config.Store.readProgress(ctx, r.config.Model)
	if err != nil {
		return err
	}
	if before[""].After(last) {
		last = before[""]
	}
	return r.config.Store.writeProgress(ctx, r.config.Model, r.progress(before, last))
}
