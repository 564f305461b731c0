package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/rest"
)

// taskEngine carries one task run through its states. Unlike those of flow runs, the client decides them, and tells
// the server by events.
type taskEngine struct {
	spec   *taskSpec
	body   func(context.Context) error
	input  any
	output any         // a pointer to where body puts its output
	parent *runContext // nil outside of runs
	task   *taskRunState
	after  []Upstream
	log    *slog.Logger

	// cacheKey is that of the cache's entry, "" without a cache.
	cacheKey string
	// completed is the name of the final state when it is not the type's: "Cached".
	completed string
	// resultData is what the final state says of a kept result.
	resultData json.RawMessage
}

// newTaskEngine names a task run. announce tells of it.
func newTaskEngine(ctx context.Context, spec *taskSpec, after []Upstream) *taskEngine {
	dynamic := uuid.NewString()
	e := &taskEngine{
		spec: spec, parent: currentRun(ctx), after: after,
		task: &taskRunState{
			id: newID(), name: spec.name + "-" + dynamic[:3], dynamicKey: dynamic, spec: spec,
			inputs: make(map[string][]TaskInput, len(spec.inputNames)),
		},
	}
	for _, name := range spec.inputNames {
		e.task.inputs[name] = []TaskInput{}
	}
	if e.parent != nil {
		e.task.flowRunCount = e.parent.flow.attempts()
		if e.parent.task != nil {
			e.task.inputs["__parents__"] = []TaskInput{{InputType: "task_run", ID: e.parent.task.id}}
		}
	}
	return e
}

// addInputs finds the futures in an input, and draws the edges: each parent once.
func (e *taskEngine) addInputs(input reflect.Value) {
	seen := map[string]bool{}
	edge := func(name string, upstream Upstream) {
		for _, id := range upstream.taskRunIDs() {
			if !seen[id] {
				seen[id] = true
				e.task.inputs[name] = append(e.task.inputs[name], TaskInput{InputType: "task_run", ID: id})
			}
		}
	}
	waiting := slices.Clone(e.after)
	for _, place := range e.spec.futures {
		value := input
		if place.index >= 0 {
			value = input.Field(place.index)
		}
		if upstream, ok := reflect.TypeAssert[Upstream](value); ok {
			edge(place.name, upstream)
			waiting = append(waiting, upstream)
		}
	}
	for _, upstream := range e.after {
		edge("wait_for", upstream)
	}
	e.after = waiting
}

// announce tells that the task run is PENDING.
func (e *taskEngine) announce() { e.set(State{Type: StatePending}) }

// run runs the task run to its end.
func (e *taskEngine) run(ctx context.Context) error {
	run := &runContext{task: e.task}
	if e.parent != nil {
		run.session, run.flow = e.parent.session, e.parent.flow
		ctx = withRun(ctx, run)
		e.log = engineLogger(ctx, runLogLevel(ctx))
		ctx = withLogger(ctx, e.log)
	} else {
		e.log = slog.New(slog.DiscardHandler) // outside of a flow a task is a plain function
	}
	for _, upstream := range e.after {
		if err := upstream.await(ctx); err != nil {
			e.set(State{Type: StatePending, Name: "NotReady", Message: "Upstream task run did not reach a 'COMPLETED' state."})
			return fmt.Errorf("%w: %w", ErrUpstream, err)
		}
	}
	if done, err := e.fromCache(ctx); done || err != nil {
		return e.finish(ctx, err)
	}
	e.set(State{Type: StateRunning})
	for retry := 1; ; retry++ {
		err := e.callBody(ctx)
		if err == nil {
			err = e.keepResult(ctx)
		}
		if !e.retry(ctx, err, retry) {
			return e.finish(ctx, err)
		}
	}
}

func (e *taskEngine) callBody(ctx context.Context) error {
	if e.spec.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, e.spec.timeout, errTimedOut)
		defer stop()
	}
	err := callSafely(ctx, e.body)
	return markTimeout(ctx, err)
}

// retry reports whether the attempt is followed by another, after the wait.
func (e *taskEngine) retry(ctx context.Context, err error, retry int) bool {
	if err == nil || ctx.Err() != nil || errors.Is(err, ErrCancelled) || retry > e.spec.retries || !e.spec.retriable(err) {
		return false
	}
	delay := e.spec.delay(retry)
	when := "immediately"
	if delay > 0 {
		when = fmt.Sprintf("%v second(s) from now", delay.Seconds())
	}
	e.log.Info(fmt.Sprintf("Task run failed with error: %v - Retry %d/%d will start %s", err, retry, e.spec.retries, when))
	if delay > 0 {
		delay = e.jitter(delay)
		state := State{Type: StateScheduled, Name: "AwaitingRetry"}
		state.Details.ScheduledTime = now().Add(delay)
		e.set(state)
		if !rest.Wait(ctx, delay) {
			return false
		}
	}
	e.set(State{Type: StateRunning, Name: "Retrying"})
	return true
}

// jitter spreads a delay evenly by the factor to both sides.
func (e *taskEngine) jitter(delay time.Duration) time.Duration {
	if e.spec.jitter <= 0 {
		return delay
	}
	return time.Duration(float64(delay) * max(0, 1+e.spec.jitter*(2*rand.Float64()-1)))
}

// finish sets and logs the final state.
func (e *taskEngine) finish(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	state := State{Type: StateFailed}
	switch {
	case err == nil:
		state = State{Type: StateCompleted, Name: e.completed, Data: e.resultData}
		state.Details.UntrackableResult = e.resultData == nil
	case errors.Is(err, ErrCancelled) || errors.Is(cause, ErrCancelled):
		state = State{Type: StateCancelled, Message: "The flow run was cancelled."}
	case errors.Is(err, errTimedOut):
		state.Name = "TimedOut"
		state.Message = fmt.Sprintf("Task run exceeded timeout of %v second(s)", e.spec.timeout.Seconds())
		e.logFailure(err)
		e.log.Error(state.Message)
	case cause != nil:
		state = State{Type: StateCrashed, Message: "Execution was ended from outside: " + cause.Error()}
	default:
		state.Message = truncate("Task run encountered an error: " + err.Error())
		e.logFailure(err)
	}
	e.set(state)
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
	}
	e.log.Log(ctx, level, "Finished in state "+state.String())
	e.spec.hooks.call(ctx, e.task.state)
	return err
}

func (e *taskEngine) logFailure(err error) {
	text := "Task run failed with error: " + err.Error()
	if e.spec.retries > 0 && e.spec.retriable(err) {
		text += " - Retries are exhausted"
	}
	e.log.Error(text + stackOf(err))
}

// set moves the task run and tells the server.
func (e *taskEngine) set(state State) {
	previous := e.task.move(&state)
	if e.parent == nil || e.parent.session == nil {
		return
	}
	event := e.task.event(previous, &state, e.parent.flow)
	if state.Type.Final() {
		e.parent.flow.remember(e.task.id, event)
	}
	e.parent.session.events.emit(event)
}

// templateFields are the fields of an input for a run name's template.
func templateFields(in any) parameterMap {
	data, err := json.Marshal(in)
	if err != nil {
		return nil
	}
	fields := parameterMap{}
	if json.Unmarshal(data, &fields) != nil {
		return parameterMap{"input": data}
	}
	return fields
}
