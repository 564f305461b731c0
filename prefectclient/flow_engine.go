package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/rest"
)

// Causes that end a run's context, and with it the run in a state of their own.
var (
	// ErrCancelled: someone cancelled the run. A flow that returns it cancels itself.
	ErrCancelled = errors.New("the run was cancelled")
	// errTimedOut: the run's own time-out.
	errTimedOut = errors.New("the run exceeded its time-out")
	// errAbandoned: the worker has ended and could wait no longer.
	errAbandoned = errors.New("the flow did not return in time after its worker was stopped")
	// errStopped: the worker ends and cannot wait any longer.
	errStopped = errors.New("the worker was stopped")
)

// flushTime is how long the end of a flow run waits for its task runs' events.
const flushTime = 2 * time.Second

// flowEngine carries one flow run through its states.
type flowEngine struct {
	spec    *flowSpec
	params  parameterMap
	body    func(context.Context) error
	result  func() any   // what body came to
	check   func() error // validates parameters that came from outside; may be nil
	session *session     // nil without a server
	run     *flowRunState
	log     *slog.Logger
	// retriesLeft is for runs without a server, whose rules the engine plays itself.
	retriesLeft int
	subflow     bool
	notices     runNotices
}

// runNotices tell a worker of a run's course; nil functions are not called.
type runNotices struct {
	// began: the server has the run as RUNNING, for the first time here.
	began func()
	// released: see ReleaseSlot.
	released func()
}

// runLocally runs an engine as the context wants it: as a subflow, as a run of its own, or without a server.
func runLocally(ctx context.Context, e *flowEngine) error {
	if parent := currentRun(ctx); parent != nil {
		e.session = parent.session
		if e.session == nil {
			return e.offline(ctx)
		}
		e.subflow = true
		return e.create(ctx, parent)
	}
	client, ok := FromContext(ctx)
	if !ok {
		return e.offline(ctx)
	}
	e.session = newSession(client)
	err := e.create(ctx, nil)
	if sendErr := e.session.close(ctx); sendErr != nil {
		client.log.Warn("the flow run's record may not be complete", "flow", e.spec.name, "error", sendErr)
	}
	return err
}

// offline runs without a server.
func (e *flowEngine) offline(ctx context.Context) error {
	e.run = &flowRunState{flowName: e.spec.name, name: e.spec.name, params: e.params}
	if e.spec.runName != "" {
		e.run.name = fillTemplate(e.spec.runName, e.params)
	}
	e.retriesLeft = e.spec.retries
	return e.attempts(ctx)
}

// create makes the flow run on the server and runs it.
func (e *flowEngine) create(ctx context.Context, parent *runContext) error {
	c := e.session.client
	flow, err := c.Flows.Create(ctx, e.spec.name, nil, nil)
	if err != nil {
		return err
	}
	in := FlowRunCreate{
		FlowID: flow.ID, FlowVersion: e.spec.version, Parameters: e.params, Tags: e.spec.tags, Policy: e.policy(),
		State: &State{Type: StatePending},
	}
	if e.spec.runName != "" {
		in.Name = fillTemplate(e.spec.runName, e.params)
	}
	if parent != nil && parent.flow != nil {
		if in.ParentTaskRunID, err = e.createParentTask(ctx, parent.flow); err != nil {
			return err
		}
	}
	run, _, err := c.FlowRuns.Create(ctx, in)
	if err != nil {
		return errors.Join(err, e.endParentTask(ctx, in.ParentTaskRunID, err))
	}
	return e.start(ctx, run)
}

// endParentTask ends the task run of a subflow that could not be made: with a subflow, the server does it.
func (e *flowEngine) endParentTask(ctx context.Context, id string, cause error) error {
	if id == "" {
		return nil
	}
	ctx, stop := closingContext(ctx)
	defer stop()
	state := State{Type: StateCrashed, Message: truncate("The subflow run could not be made: " + cause.Error())}
	_, err := e.session.client.TaskRuns.SetState(ctx, id, state)
	return err
}

// createParentTask makes the task run of the parent that stands for a subflow in its graph.
func (e *flowEngine) createParentTask(ctx context.Context, parent *flowRunState) (string, error) {
	key := taskKey(e.spec.name, e.spec.symbol)
	dynamic := parent.childKey(key)
	inputs := make(map[string][]TaskInput, len(e.spec.inputNames))
	for _, name := range e.spec.inputNames {
		inputs[name] = []TaskInput{}
	}
	run, err := e.session.client.TaskRuns.Create(ctx, TaskRunCreate{
		Name: e.spec.name + "-" + dynamic, FlowRunID: parent.id, TaskKey: key, DynamicKey: dynamic,
		TaskVersion: e.spec.version, Policy: &TaskRunPolicy{RetryDelay: json.RawMessage("0")}, Tags: e.spec.tags, TaskInputs: inputs, State: &State{Type: StatePending},
		Labels: map[string]any{"prefect.flow.id": parent.flowID, "prefect.flow-run.id": parent.id},
	})
	if err != nil {
		return "", err
	}
	return run.ID, nil
}

func (e *flowEngine) policy() *RunPolicy {
	return &RunPolicy{Retries: e.spec.retries, RetryDelay: wholeSeconds(e.spec.delay(1))}
}

// resume runs a flow run that exists and is PENDING for us.
func (e *flowEngine) resume(ctx context.Context, run *FlowRun) error {
	policy := *e.policy()
	policy.PauseKeys, policy.Resuming = run.Policy.PauseKeys, run.Policy.Resuming
	update := FlowRunUpdate{FlowVersion: Set(e.spec.version), Policy: Set(policy), InfrastructurePID: Set(e.session.process)}
	if e.spec.runName != "" {
		update.Name = Set(fillTemplate(e.spec.runName, e.params))
		run.Name = fillTemplate(e.spec.runName, e.params)
	}
	err := e.session.insist(ctx, func() error { return e.session.client.FlowRuns.Update(ctx, run.ID, update) })
	if err != nil {
		return err
	}
	return e.start(ctx, run)
}

// start runs a flow run that the server knows, and reads back whether its record is complete.
func (e *flowEngine) start(ctx context.Context, run *FlowRun) error {
	e.run = &flowRunState{
		id: run.ID, name: run.Name, flowID: run.FlowID, flowName: e.spec.name, deploymentID: run.DeploymentID,
		params: e.params, runCount: run.RunCount, related: relatedResources(run, e.spec.name), released: e.notices.released,
	}
	err := e.attempts(ctx)
	e.session.verify(ctx, e.run)
	return err
}

// attempts runs the flow until it ends in a state that is not followed by a retry.
func (e *flowEngine) attempts(ctx context.Context) error {
	ctx = withRun(ctx, &runContext{session: e.session, flow: e.run})
	e.log = engineLogger(ctx, e.spec.logLevel)
	ctx = withLogger(context.WithValue(ctx, levelKey{}, e.spec.logLevel), e.log)
	if e.check != nil {
		if err := e.check(); err != nil {
			e.log.Error("Validation of flow parameters failed with error: " + err.Error())
			return e.refuse(ctx, fmt.Errorf("Validation of flow parameters failed with error: %w", err)) //nolint:staticcheck // Prefect's text
		}
	}
	for {
		state, err := e.proposeRunning(ctx)
		if err != nil {
			return errors.Join(err, e.giveUp(ctx, err))
		}
		again, err := e.attempt(ctx, state)
		if !again {
			return err
		}
	}
}

// giveUp ends a run whose attempt could not begin, so that it does not wait for ever. What the server decided stays.
func (e *flowEngine) giveUp(ctx context.Context, cause error) error {
	if _, decided := errors.AsType[*OrchestrationError](cause); decided || e.session == nil {
		return nil
	}
	state := e.outcome(ctx, cause)
	if state.Type == StateFailed {
		state = State{Type: StateCrashed, Message: truncate("The flow run could not begin: " + cause.Error())}
	}
	ctx, stop := closingContext(ctx)
	defer stop()
	_, err := e.session.client.FlowRuns.SetState(ctx, e.run.id, state)
	return err
}

// refuse fails a run that was never started. Failing from PENDING is not followed by a retry.
func (e *flowEngine) refuse(ctx context.Context, cause error) error {
	_, err := e.propose(ctx, State{Type: StateFailed, Message: cause.Error()}, closing)
	return errors.Join(cause, err)
}

// proposeRunning moves the run to RUNNING, which the server may delay or refuse.
func (e *flowEngine) proposeRunning(ctx context.Context) (*State, error) {
	state, err := e.propose(ctx, State{Type: StateRunning}, opening)
	if err != nil {
		return nil, err
	}
	if state.Type != StateRunning {
		// For example cancelled in the meantime, or put back for want of a concurrency slot.
		return nil, &OrchestrationError{Orchestration{Status: Rejected, State: state, Reason: "the run was not to be started"}}
	}
	if e.notices.began != nil {
		e.notices.began()
		e.notices.began = nil
	}
	e.run.setAttempts(e.run.attempts() + 1)
	kind := "flow run"
	if e.subflow {
		kind = "subflow run"
	}
	e.log.Info(fmt.Sprintf("Beginning %s '%s' for flow '%s'", kind, e.run.name, e.spec.name))
	return state, nil
}

// attempt calls the function once and proposes the state that it ended in.
func (e *flowEngine) attempt(ctx context.Context, running *State) (again bool, err error) {
	err = e.callBody(ctx, running)
	if errors.Is(err, ErrSuspended) && e.run.isSuspended() {
		return false, err // the server has the state already
	}
	state := e.outcome(ctx, err)
	if state.Type == StateCompleted {
		if state.Data, err = e.keepResult(ctx); err != nil {
			state = e.outcome(ctx, err)
		}
	}
	if e.session != nil {
		// So that the graph is whole when the run ends, but not for long: a thousand task runs take the server many
		// seconds, and what is left is sent after the end.
		early, stop := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		_ = e.session.events.flush(early)
		stop()
	}
	if state.Type == StateFailed {
		e.logFailure("Encountered error during execution", err)
	}
	got, proposeErr := e.propose(ctx, state, closing)
	if proposeErr != nil {
		return false, errors.Join(err, proposeErr)
	}
	if state.Type == StateFailed && got.Type == StateScheduled {
		e.log.Info(fmt.Sprintf("Received non-final state '%s' when proposing final state 'Failed' and will attempt to run again...", got.Name))
		if !rest.Wait(ctx, time.Until(got.Details.ScheduledTime)) {
			_, proposeErr = e.propose(ctx, e.outcome(ctx, context.Cause(ctx)), closing)
			return false, errors.Join(err, proposeErr)
		}
		return true, nil
	}
	level := slog.LevelInfo
	if got.Type != StateCompleted {
		level = slog.LevelError
	}
	e.log.Log(ctx, level, "Finished in state "+got.String())
	e.spec.hooks.call(ctx, got)
	if got.Type == StateCancelled && err == nil {
		err = ErrCancelled
	}
	return false, err
}

// callBody runs the function with its time-out and heartbeat, and waits for what it submitted.
func (e *flowEngine) callBody(ctx context.Context, running *State) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if e.spec.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, e.spec.timeout, errTimedOut)
		defer stop()
	}
	if e.session != nil {
		stop := e.keepAlive(ctx, cancel, running)
		defer stop()
	}
	err := callSafely(ctx, e.body)
	e.run.tasks.Wait()
	return markTimeout(ctx, err)
}

// keepResult writes the flow's result where its storage is, and gives what the state says of it.
func (e *flowEngine) keepResult(ctx context.Context) (json.RawMessage, error) {
	if e.spec.results == nil {
		return nil, nil
	}
	record, err := newResultRecord(e.spec.results, uuid.NewString(), e.result(), 0)
	if err != nil {
		return nil, fmt.Errorf("the flow's result: %w", err)
	}
	return record.keep(ctx, e.spec.results)
}
