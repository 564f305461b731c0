package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
)

// flushTime is how long a study that was interrupted may still write to MLflow.
const flushTime = 30 * time.Second

// overtime is a context that lives flushTime longer than ctx. Cancel it when it is not needed any more.
func overtime(ctx context.Context) (late context.Context, cancel context.CancelFunc) {
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() { time.AfterFunc(flushTime, end) })
	return late, func() { forget(); end() }
}

// errTakenOver ends a study that somebody else has taken up meanwhile. Its runs are left to them.
var errTakenOver = errors.New("the study was taken up by another process, which carries it on")

// tracking records one study while it goes on. A single goroutine writes, in order, so that training never waits for the server; the
// first error ends the study. The nil *tracking records nothing.
type tracking struct {
	tracker *Tracker
	study   *mlflowclient.ActiveRun
	classes Classes
	// token marks the study's run as ours.
	token string
	queue chan func(context.Context) error
	done  chan struct{} // closed when the writer has ended
	// failed is closed at the writer's first error, after which it writes nothing.
	failed chan struct{}
	stop   context.CancelFunc

	// Only the writer touches these until done is closed.
	err     error
	open    map[int]*mlflowclient.ActiveRun
	late    map[int][]string // params that are known at the trial's end only
	ids     map[int]string
	best    float64
	ended   int
	points  []mlflowclient.Metric // of best_accuracy, not yet written
	written time.Time             // when the study's run was written to
}

func newTracking(t *Tracker, run *mlflowclient.ActiveRun, classes Classes) *tracking {
	return &tracking{
		tracker: t, study: run, classes: classes, token: rand.Text(),
		queue: make(chan func(context.Context) error, 256), done: make(chan struct{}), failed: make(chan struct{}),
		open: map[int]*mlflowclient.ActiveRun{}, late: map[int][]string{}, ids: map[int]string{}, best: -1,
	}
}

// claim marks the study's run as this process's. Where another one may be alive, it waits until that one must have noticed.
func (t *tracking) claim(ctx context.Context, alive bool) error {
	if err := t.study.SetTag(ctx, tagOwner, t.token); err != nil || !alive {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(handover):
		return nil
	}
}

// unclaim ends a study that could not be claimed, with the trials that an earlier process left open. One that another process has is left to it.
func (t *tracking) unclaim(ctx context.Context, alive bool) error {
	late, cancel := overtime(ctx)
	defer cancel()
	if alive && t.owned(late) != nil {
		return nil
	}
	status := mlflowclient.StatusFailed
	if ctx.Err() != nil {
		status = mlflowclient.StatusKilled
	}
	return errors.Join(t.endOpen(late, status), t.study.End(late, status))
}

// owned fails when another process has claimed the study's run. It is asked before every change of a trial's run, which costs a tenth of what
// the change costs.
func (t *tracking) owned(ctx context.Context) error {
	run, err := t.tracker.Client.Runs.Get(ctx, t.study.ID)
	if err != nil {
		return fmt.Errorf("look at the study's run: %w", err)
	}
	if run.Tags[tagOwner] != t.token {
		return errTakenOver
	}
	return nil
}

// startWriter runs the writer until the queue is closed. After the study's context ends it still has flushTime to write what is queued.
func (t *tracking) startWriter(study context.Context) context.Context {
	study, fail := context.WithCancelCause(study)
	ctx, stop := overtime(study)
	t.stop = stop
	go func() {
		defer close(t.done)
		for write := range t.queue {
			if t.err != nil {
				continue
			}
			if t.err = write(ctx); t.err != nil {
				close(t.failed)
				fail(t.err)
			}
		}
	}()
	return study
}

// start opens a trial's run, or the one that it has.
func (t *tracking) start(a *assignment) {
	if t == nil {
		return
	}
	t.queue <- func(ctx context.Context) error {
		if err := t.owned(ctx); err != nil {
			return err
		}
		run, err := t.openTrial(ctx, a)
		if err != nil {
			return fmt.Errorf("start the run of trial %d: %w", a.number, err)
		}
		t.open[a.number], t.ids[a.number] = run, run.ID
		known, late := a.named()
		t.late[a.number] = late
		if err := run.LogBatch(ctx, mlflowclient.Batch{Params: known}); err != nil {
			return fmt.Errorf("log the params of trial %d: %w", a.number, err)
		}
		inputs := mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{t.tracker.Dataset}}
		if err := run.LogInputs(ctx, inputs); err != nil {
			return fmt.Errorf("log the data set of trial %d: %w", a.number, err)
		}
		return nil
	}
}

// openTrial makes the run of a trial, or takes up the one it has.
func (t *tracking) openTrial(ctx context.Context, a *assignment) (*mlflowclient.ActiveRun, error) {
	if a.runID != "" {
		return t.tracker.Client.Start(ctx, mlflowclient.StartRun{RunID: a.runID})
	}
	return t.study.StartChild(ctx, mlflowclient.StartRun{Name: fmt.Sprintf("trial-%d", a.number), Tags: a.tags()})
}

// finish logs a trial's figures and ends its run, unless that was done where it was carried out.
func (t *tracking) finish(trial Trial) {
	if t == nil {
		return
	}
	t.queue <- func(ctx context.Context) error {
		if trial.logged {
			t.ids[trial.Number] = trial.RunID
			return t.improve(ctx, trial)
		}
		if err := t.owned(ctx); err != nil {
			return err
		}
		run := t.open[trial.Number]
		if err := run.LogBatch(ctx, trial.batch(t.classes, t.late[trial.Number])); err != nil {
			return fmt.Errorf("log the metrics of trial %d: %w", trial.Number, err)
		}
		if err := run.End(ctx, mlflowclient.StatusFinished); err != nil {
			return fmt.Errorf("end the run of trial %d: %w", trial.Number, err)
		}
		delete(t.open, trial.Number)
		return t.improve(ctx, trial)
	}
}

// drop ends the run of a trial that comes to nothing.
func (t *tracking) drop(one outcome) {
	if t == nil || one.trial.Restored {
		return
	}
	t.queue <- func(ctx context.Context) error {
		if err := t.owned(ctx); err != nil {
			return err
		}
		err := t.tracker.Client.Runs.SetTag(ctx, one.trial.RunID, tagDropped, one.dropped)
		if err == nil {
			_, err = t.tracker.Client.Runs.Update(ctx, one.trial.RunID, mlflowclient.UpdateRun{Status: mlflowclient.StatusKilled, EndTime: time.Now()})
		}
		if err != nil {
			return fmt.Errorf("end the run of trial %d: %w", one.trial.Number, err)
		}
		return nil
	}
}

// improve notes the best accuracy so far, by the number of trials that have ended, and writes it to the study's run now and then.
func (t *tracking) improve(ctx context.Context, trial Trial) error {
	t.best = max(t.best, trial.Report.Accuracy)
	t.ended++
	if trial.Restored {
		return nil
	}
	t.points = append(t.points, mlflowclient.Metric{Key: "best_accuracy", Value: t.best, Step: int64(t.ended), Timestamp: time.Now()})
	if time.Since(t.written) < interval {
		return nil
	}
	return t.writeBest(ctx)
}

func (t *tracking) writeBest(ctx context.Context) error {
	if len(t.points) == 0 {
		return nil
	}
	if err := t.study.LogBatch(ctx, mlflowclient.Batch{Metrics: t.points}); err != nil {
		return fmt.Errorf("log the best accuracy: %w", err)
	}
	t.points, t.written = nil, time.Now()
	return nil
}

// end waits for the writer, ends every run that is still open and returns the study's error. It fills in the trials' run ids.
func (t *tracking) end(ctx context.Context, s Study, trials []Trial, err error) error {
	if t == nil {
		return err
	}
	close(t.queue)
	<-t.done
	t.stop()
	for i := range trials {
		if id := t.ids[trials[i].Number]; id != "" {
			trials[i].RunID = id
		}
	}
	late, cancel := overtime(ctx)
	defer cancel()
	// What waited, for a pool or for nothing more than its end, may not have noticed yet.
	if errors.Is(t.err, errTakenOver) || errors.Is(t.owned(late), errTakenOver) {
		return errTakenOver
	}
	if t.err != nil {
		err = fmt.Errorf("the study was stopped because MLflow could not record it: %w", t.err)
	}
	if t.err == nil {
		err = errors.Join(err, t.writeBest(late), t.conclude(late, s, trials, err == nil))
	}
	status := mlflowclient.StatusFinished
	switch {
	case t.err == nil && ctx.Err() != nil:
		status = mlflowclient.StatusKilled
	case err != nil:
		status = mlflowclient.StatusFailed
	}
	for _, run := range t.open {
		err = errors.Join(err, run.End(ctx, status))
	}
	if status != mlflowclient.StatusFinished {
		err = errors.Join(err, t.endOpen(late, status))
	}
	return errors.Join(err, t.study.End(ctx, status))
}

// endOpen ends the trials' runs that are RUNNING on a pool, or were left so by an earlier process of the study.
func (t *tracking) endOpen(ctx context.Context, status mlflowclient.RunStatus) error {
	runs, err := trialRuns(ctx, t.tracker.Client, t.study.RunInfo, " AND attributes.status = 'RUNNING'")
	if err != nil {
		return fmt.Errorf("look for runs of trials that have not ended: %w", err)
	}
	for _, run := range runs {
		if _, one := t.tracker.Client.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: status, EndTime: time.Now()}); one != nil {
			err = errors.Join(err, fmt.Errorf("end the run %s (%s): %w", run.ID, run.Name, one))
		}
	}
	return err
}
