package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// execute claims a run and carries it to its end. The function may release the run's slot before.
func (s *service) execute(ctx context.Context, flow AnyFlow, run *FlowRun, release func()) {
	log := s.log.With("flow", flow.Name(), "flow_run", run.Name)
	claimed, err := s.claim(ctx, run)
	if err != nil {
		if !errors.Is(err, ErrNotFound) {
			log.Warn("a flow run could not be claimed", "error", err)
		}
		return
	}
	if !claimed {
		s.metrics.claimsLost.Inc()
		log.Debug("another worker has the flow run, or it is not to be started")
		return
	}
	s.metrics.delay.Observe(max(0, time.Since(run.ExpectedStartTime).Seconds()))
	defer s.metrics.runs.WithLabelValues(flow.Name()).Inc()
	related := relatedResources(run, flow.Name())
	s.emit("prefect.worker.submitted-flow-run", related...)
	var labels sync.WaitGroup
	label := sync.OnceFunc(func() { labels.Go(func() { s.label(ctx, run) }) })
	if s.config.Isolation == Subprocess {
		label()
		if err := s.isolate(ctx, flow, run); err != nil {
			s.metrics.subprocessFailures.Inc()
			log.Warn("the flow run's subprocess has failed", "reason", err)
		}
	} else {
		s.carry(ctx, flow, run, runNotices{began: label, released: release}) // the function does not wait for labels
		label()
	}
	labels.Wait()
	s.emit("prefect.worker.executed-flow-run", related...)
}

// carry runs a claimed run in this process.
func (s *service) carry(ctx context.Context, flow AnyFlow, run *FlowRun, tell runNotices) {
	log := s.log.With("flow", flow.Name(), "flow_run", run.Name)
	err := flow.runClaimed(ctx, s.session, run, tell)
	switch {
	case err == nil:
		log.Info("the flow run has completed")
	case errors.Is(err, ErrSuspended):
		log.Info("the flow run is suspended")
	case errors.Is(err, ErrRejected), errors.Is(err, ErrAborted):
		log.Info("the server took the flow run back", "reason", err)
	default:
		log.Info("the flow run has ended", "error", err)
		s.settle(ctx, run, err)
	}
}

// settle marks a run as CRASHED that ended here without a final state on the server, for example because the server
// refused to take one. A run that ended regularly is left as it is.
func (s *service) settle(ctx context.Context, run *FlowRun, cause error) {
	ctx, stop := closingContext(ctx)
	defer stop()
	current, err := s.client.FlowRuns.Read(ctx, run.ID)
	if err != nil || current.InfrastructurePID != s.session.process && current.StateType != StatePending {
		return
	}
	if current.StateType != StatePending && current.StateType != StateRunning {
		return
	}
	state := State{Type: StateCrashed, Message: truncate("The worker could not carry the flow run to its end: " + cause.Error())}
	if _, err := s.client.FlowRuns.SetState(ctx, run.ID, state); err != nil {
		s.log.Error("a flow run was left without an end", "flow_run", run.Name, "error", err)
	}
}

// claim moves a run to PENDING. The server lets one worker do that: the others' proposals are aborted. The message says
// whose it is, so that a run whose worker dies here is found.
func (s *service) claim(ctx context.Context, run *FlowRun) (bool, error) {
	state := State{Type: StatePending, Message: claimMessage(s.process)}
	answer, err := s.client.FlowRuns.SetState(ctx, run.ID, state)
	if err != nil {
		return false, err
	}
	if answer.Status != Accepted {
		return false, nil
	}
	run.State = answer.State
	return true, nil
}

// label says on the run who runs it, as Python's workers do.
func (s *service) label(ctx context.Context, run *FlowRun) {
	labels := map[string]any{
		"prefect.worker.name": s.config.Name, "prefect.worker.type": PoolType, "prefect.work-pool.name": s.config.Pool,
	}
	if run.WorkPoolID != "" {
		labels["prefect.work-pool.id"] = run.WorkPoolID
	}
	if err := s.client.FlowRuns.UpdateLabels(ctx, run.ID, labels); err != nil && ctx.Err() == nil {
		s.log.Debug("a flow run's labels were not set", "flow_run", run.Name, "error", err)
	}
}

const claimPrefix = "Claimed by the worker process "

func claimMessage(p process) string { return fmt.Sprintf("%s%s.", claimPrefix, p) }
