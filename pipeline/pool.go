package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// Pool has the trials of a study carried out by the workers of a work pool in Prefect: each is a flow run of [Trials]. Any number of workers on
// any machines take them; go run ./pipeline/worker is one.
//
// The study's process only proposes and waits. A trial that a worker lost, because it was killed or does not send heartbeats any more, is run
// again, in the same run of MLflow; the earlier attempt, should it live after all, finds itself replaced and logs nothing.
type Pool struct {
	Client *prefectclient.Client
	// Name is the work pool, and Queue its queue, [WorkPool] and [WorkQueue] when empty; they are made when missing.
	Name, Queue string
	// Attempts is how many workers a trial may lose before the study goes on without it; 0 means 5.
	Attempts int
}

// check fills in the defaults.
func (p *Pool) check(origin Origin) error {
	if p.Client == nil {
		return errors.New("a study on a pool needs a client of Prefect")
	}
	if p.Attempts < 0 {
		return fmt.Errorf("%d attempts for each trial: 0 (for 5) or more are possible", p.Attempts)
	}
	p.Name, p.Queue, p.Attempts = cmp.Or(p.Name, WorkPool), cmp.Or(p.Queue, WorkQueue), cmp.Or(p.Attempts, 5)
	if origin.Digest == "" {
		return errors.New("a study on a pool needs its origin: the workers read the data again")
	}
	return reachable(origin.Data)
}

// reachable refuses data that workers elsewhere do not have, or should not be asked for: a worker's files are not for everybody who may start
// flow runs.
func reachable(data string) error {
	place, err := parseDataURI(data)
	switch {
	case err != nil:
		return err
	case place.kind == fileData:
		return fmt.Errorf("data %s is a file, which workers on other machines do not have: put it into a bucket first, by go run ./pipeline/ingest, and give its address s3://…", place.display)
	}
	return nil
}

// poolRunner carries one study's trials out.
type poolRunner struct {
	pool       *Pool
	tracking   *tracking
	space      ForestSpace
	curves     bool
	deployment string
	flowRun    string // the study's own, "" when it is none
	watch      *flowRunWatch
	stop       context.CancelFunc
}

// begin makes the deployment of the trials, and follows the pool until the runner's end.
func (p *Pool) begin(ctx context.Context, s Study, t *tracking) (*poolRunner, error) {
	deployment, err := deployTrials(ctx, p.Client, p.Name, p.Queue)
	if err != nil {
		return nil, err
	}
	runner := &poolRunner{
		pool: p, tracking: t, space: s.Space, curves: s.Halving != nil, deployment: deployment.ID, watch: newFlowRunWatch(p.Client, p.Name),
	}
	if info, ok := prefectclient.Info(ctx); ok {
		runner.flowRun = info.FlowRunID
	}
	ctx, runner.stop = context.WithCancel(context.WithoutCancel(ctx))
	runner.watch.start(ctx)
	return runner, nil
}

// end stops following the pool.
func (r *poolRunner) end() {
	r.stop()
	r.watch.work.Wait()
}

// start makes the trial's run in MLflow before anything else, so that the runs of a study whose process is killed have no gap.
func (r *poolRunner) start(ctx context.Context, a *assignment, results chan<- outcome) error {
	a.attempt = max(a.attempt, 1)
	if err := r.tracking.startElsewhere(a); err != nil {
		return err
	}
	go func() { results <- r.carry(ctx, a) }()
	return nil
}

// carry has the trial carried out, and leaves no flow run of a trial that ends the study.
func (r *poolRunner) carry(ctx context.Context, a *assignment) outcome {
	one, run := r.attempts(ctx, a)
	if one.err != nil && run != nil {
		r.abandon(ctx, run)
	}
	return one
}

// attempts has the trial carried out by as many flow runs as it takes, and gives the last one, nil when there is none.
func (r *poolRunner) attempts(ctx context.Context, a *assignment) (one outcome, run *prefectclient.FlowRun) {
	for lost := 0; ; {
		run, err := r.launch(ctx, a)
		old := err == nil && run.StateType.Final() // what an earlier process of the study made has ended, as it may have wanted
		if err == nil && !old {
			run, err = r.watch.wait(ctx, run)
		}
		switch {
		case ctx.Err() != nil:
			return outcome{trial: Trial{Number: a.number}, err: ctx.Err()}, run
		case err != nil:
			return outcome{trial: Trial{Number: a.number}, err: fmt.Errorf("trial %d: %w", a.number, err)}, run
		}
		if run.StateType == prefectclient.StateCrashed {
			lost++
		}
		switch {
		case old, run.StateType == prefectclient.StateCompleted, run.StateType == prefectclient.StateCrashed:
			one, again := r.settle(ctx, a, run, old, lost)
			if !again {
				return one, run
			}
		case run.StateType == prefectclient.StateCancelled:
			return r.without(a, fmt.Sprintf("its flow run %s was cancelled", run.ID)), run
		default:
			return outcome{trial: Trial{Number: a.number}, err: fmt.Errorf("trial %d has failed on the pool, in flow run %s: %s", a.number, run.ID, messageOf(run))}, run
		}
	}
}

func messageOf(run *prefectclient.FlowRun) string {
	if run.State == nil || run.State.Message == "" {
		return run.StateName
	}
	return run.State.Message
}

// settle reads the result of an attempt that is over, and says whether there must be another one. The result of an old one may have been
// refused because its study had ended.
func (r *poolRunner) settle(ctx context.Context, a *assignment, run *prefectclient.FlowRun, old bool, lost int) (one outcome, again bool) {
	trial, err := r.result(ctx, a)
	switch {
	case err != nil:
		return outcome{trial: Trial{Number: a.number}, err: fmt.Errorf("trial %d: %w", a.number, err)}, false
	case trial != nil:
		return outcome{trial: *trial}, false
	case run.StateType == prefectclient.StateCompleted && !old:
		return outcome{trial: Trial{Number: a.number}, err: fmt.Errorf("trial %d: flow run %s is COMPLETED, and MLflow's run %s has no result: do the workers log to this MLflow?", a.number, run.ID, a.runID)}, false
	case lost >= r.pool.Attempts:
		return r.without(a, fmt.Sprintf("%d workers were lost while they had it; the last: %s", lost, messageOf(run))), false
	}
	a.attempt++
	prefectclient.Logger(ctx).Warn(fmt.Sprintf("trial %d was lost and is run again: %s", a.number, messageOf(run)))
	if err := r.tracking.replace(a); err != nil {
		return outcome{trial: Trial{Number: a.number}, err: err}, false
	}
	return outcome{}, true
}

// result reads a trial from MLflow; nil when it has not finished.
func (r *poolRunner) result(ctx context.Context, a *assignment) (*Trial, error) {
	client := r.tracking.tracker.Client
	run, err := client.Runs.Get(ctx, a.runID)
	if err != nil || run.Status != mlflowclient.StatusFinished {
		return nil, err
	}
	trial, err := restoreTrial(run)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", run.ID, err)
	}
	if r.curves {
		if trial.Curve, err = readCurve(ctx, client, run.ID); err != nil {
			return nil, fmt.Errorf("run %s: %w", run.ID, err)
		}
	}
	trial.place, trial.Points = a.place, a.settles(*trial, r.space)
	return trial, nil
}

// without lets the study go on without the trial.
func (r *poolRunner) without(a *assignment, why string) outcome {
	return outcome{trial: Trial{Number: a.number, RunID: a.runID}, dropped: why}
}

// abandon cancels the flow run of a trial that the study, which ends, waits for no more. A study that goes on elsewhere keeps it.
func (r *poolRunner) abandon(ctx context.Context, run *prefectclient.FlowRun) {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if errors.Is(context.Cause(ctx), errTakenOver) || errors.Is(r.tracking.owned(late), errTakenOver) {
		return
	}
	answer, err := r.pool.Client.FlowRuns.SetState(late, run.ID, prefectclient.State{Type: prefectclient.StateCancelling, Message: "The study has ended."})
	if err == nil && answer.Err() != nil && answer.State != nil && !answer.State.Type.Final() {
		err = answer.Err()
	}
	if err != nil {
		prefectclient.Logger(ctx).Warn("a trial's flow run could not be cancelled", "flow_run", run.ID, "error", err)
	}
}
