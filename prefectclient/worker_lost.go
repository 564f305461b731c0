package prefectclient

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"mlopsgo/internal/rest"
)

const (
	// lostInterval is how often the task runs of lost flow runs are looked at again.
	lostInterval = 3 * time.Second
	// lostLooks is how often that is done. The server records events seconds after it has taken them in.
	lostLooks = 5
)

// lostRuns ends the task runs and subflow runs of flow runs whose process was lost: nobody else would. The server may yet have to record that
// one of them is RUNNING, so they are looked at again for a while.
type lostRuns struct {
	client *Client
	log    *slog.Logger

	mu   sync.Mutex
	runs []lostRun
}

// lostRun is a flow run, or a subflow run, that was lost in one of its attempts. The following attempts are not ours to end.
type lostRun struct {
	id      string
	attempt int
	reason  string
	looks   int
}

// crash ends what a flow run has left, and notes it for another look.
func (l *lostRuns) crash(ctx context.Context, run *FlowRun, reason string) {
	lost := append([]lostRun{{id: run.ID, attempt: run.RunCount, reason: reason}}, l.crashSubflows(ctx, run.ID, reason)...)
	for _, one := range lost {
		l.crashTasks(ctx, one)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = append(l.runs, lost...)
}

// lookAgain ends what the server has recorded since, until the context ends.
func (l *lostRuns) lookAgain(ctx context.Context) {
	for rest.Wait(ctx, lostInterval) {
		l.mu.Lock()
		for i := range l.runs {
			l.runs[i].looks++
		}
		due := slices.Clone(l.runs)
		l.runs = slices.DeleteFunc(l.runs, func(r lostRun) bool { return r.looks == lostLooks })
		l.mu.Unlock()
		for _, run := range due {
			l.crashTasks(ctx, run)
		}
	}
}

// crashTasks ends the task runs of a flow run's attempts up to the one that was lost. A task run that never ran does not
// say in which it was made: it may be of the next one, once that has begun. A failure is told and not returned, because
// the flow run itself is settled.
func (l *lostRuns) crashTasks(ctx context.Context, lost lostRun) {
	open := TaskRunsOf(lost.id)
	open.TaskRuns.State = StateIs(StatePending, StateRunning, StateScheduled, StatePaused, StateCancelling)
	var runs []*TaskRun
	for run, err := range l.client.TaskRuns.Filter(ctx, TaskRunQuery{Related: open}) {
		if err != nil {
			l.log.Warn("the task runs of a lost flow run cannot be read; they stay as they are", "flow_run_id", lost.id, "error", err)
			return
		}
		runs = append(runs, run) // settled later: it would shift the pages
	}
	if len(runs) == 0 {
		return
	}
	flowRun, err := l.client.FlowRuns.Read(ctx, lost.id)
	if err != nil {
		l.log.Warn("a lost flow run cannot be read; its task runs stay as they are", "flow_run_id", lost.id, "error", err)
		return
	}
	for _, run := range runs {
		if run.FlowRunRunCount > lost.attempt || run.FlowRunRunCount == 0 && flowRun.RunCount > lost.attempt {
			continue
		}
		if _, err := l.client.TaskRuns.SetState(ctx, run.ID, State{Type: StateCrashed, Message: lost.reason}); err != nil {
			l.log.Warn("a task run of a lost flow run stays as it is", "task_run_id", run.ID, "error", err)
		}
	}
}

// crashSubflows ends the subflow runs that ran in a lost process, and theirs, and gives them. Runs of a deployment have a worker of their own,
// whoever made them.
func (l *lostRuns) crashSubflows(ctx context.Context, flowRunID, reason string) []lostRun {
	query := FlowRunQuery{Related: Related{FlowRuns: &FlowRunFilter{
		ParentFlowRunID: &AnyFilter{Any: []string{flowRunID}},
		State:           StateIs(StatePending, StateRunning, StateScheduled, StatePaused, StateCancelling),
	}}}
	var lost []lostRun
	for run, err := range l.client.FlowRuns.Filter(ctx, query) {
		if err != nil {
			l.log.Warn("the subflow runs of a lost flow run cannot be read; they stay as they are", "flow_run_id", flowRunID, "error", err)
			return lost
		}
		if run.DeploymentID == "" {
			lost = append(lost, lostRun{id: run.ID, attempt: math.MaxInt, reason: reason}) // settled later: it would shift the pages
		}
	}
	for _, one := range slices.Clone(lost) {
		if _, err := l.client.FlowRuns.ForceState(ctx, one.id, State{Type: StateCrashed, Message: reason}); err != nil {
			l.log.Warn("a subflow run of a lost flow run stays as it is", "flow_run_id", one.id, "error", err)
		}
		lost = append(lost, l.crashSubflows(ctx, one.id, reason)...)
	}
	return lost
}
