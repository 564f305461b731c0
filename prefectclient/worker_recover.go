package prefectclient

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// process names a worker's process: who, where, which one. A process that was started again differs in its start.
type process struct {
	worker string
	host   string
	pid    int
	// start is when the process was started, in the system's own count; empty where that is not known.
	start string
}

func thisProcess(worker string) (process, error) {
	host, err := os.Hostname()
	if err != nil {
		return process{}, fmt.Errorf("prefect: the host has no name: %w", err)
	}
	pid := os.Getpid()
	return process{worker: worker, host: host, pid: pid, start: processStart(pid)}, nil
}

// String is the form in which a run's record holds it.
func (p process) String() string {
	return fmt.Sprintf("%s/%s:%d:%s", p.worker, p.host, p.pid, p.start)
}

// parseProcess reads what String wrote.
func parseProcess(text string) (process, bool) {
	slash := strings.LastIndexByte(text, '/')
	if slash < 0 {
		return process{}, false
	}
	parts := strings.Split(text[slash+1:], ":")
	if len(parts) != 3 {
		return process{}, false
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil || pid <= 0 {
		return process{}, false
	}
	return process{worker: text[:slash], host: parts[0], pid: pid, start: parts[2]}, true
}

// lost reports an earlier process of this worker that does not run any more. Processes of other workers and hosts are
// not ours to judge.
func (p process) lost(own process) bool {
	if p.worker != own.worker || p.host != own.host || p == own {
		return false
	}
	return !p.runs()
}

// runs reports that the process, and not another one with its number, exists on this host.
func (p process) runs() bool { return processRuns(p.pid) && processStart(p.pid) == p.start }

// recover settles the runs that an earlier process of this worker left behind: one that had not started is scheduled
// again, one that ran is CRASHED, one that was being cancelled is CANCELLED.
func (w *Worker) recover(ctx context.Context) error {
	query := FlowRunQuery{Related: w.source.runs()}
	query.FlowRuns = &FlowRunFilter{State: StateIs(StatePending, StateRunning, StateCancelling)}
	lost := map[*FlowRun]process{}
	for run, err := range w.client.FlowRuns.Filter(ctx, query) {
		if err != nil {
			return err
		}
		if child, ok := parseProcess(run.InfrastructurePID); ok && child.worker == w.process.worker && child.host == w.process.host && child.runs() {
			continue // a subprocess outlived its worker
		}
		if owner, ok := ownerOf(run); ok && owner.lost(w.process) {
			lost[run] = owner // settled later: it would shift the pages
		}
	}
	for run, owner := range lost {
		state := settledState(run, owner)
		answer, err := w.client.FlowRuns.ForceState(ctx, run.ID, state)
		if err != nil {
			return err
		}
		if state.Type != StateScheduled {
			w.lost.crash(ctx, run, state.Message)
		}
		w.log.Warn("a flow run was lost by an earlier process of this worker", "flow_run", run.Name, "was", run.StateName, "is", state.Type, "answer", answer.Status)
	}
	return nil
}

// ownerOf finds the process that has a run: in its infrastructure id, or, just claimed, in its state's message.
func ownerOf(run *FlowRun) (process, bool) {
	if run.StateType == StatePending && run.State != nil && strings.HasPrefix(run.State.Message, claimPrefix) {
		return parseProcess(strings.TrimSuffix(strings.TrimPrefix(run.State.Message, claimPrefix), "."))
	}
	return parseProcess(run.InfrastructurePID)
}

// Worker is the name of the worker that has claimed the run or carries it out, by the record that workers of this package leave; "" when
// none has. A run that has ended keeps it.
func (r *FlowRun) Worker() string {
	owner, _ := ownerOf(r)
	return owner.worker
}

func settledState(run *FlowRun, owner process) State {
	switch run.StateType {
	case StatePending:
		return State{Type: StateScheduled, Message: "The worker ended before it started the flow run.", Details: StateDetails{ScheduledTime: now()}}
	case StateCancelling:
		return State{Type: StateCancelled, Message: "The worker ended while the flow run was being cancelled."}
	default:
		return State{Type: StateCrashed, Message: fmt.Sprintf("The worker process %s ended while the flow run was running.", owner)}
	}
}
