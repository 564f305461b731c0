package prefectclient

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/rest"
)

// phase says whether a proposal opens an attempt, which ends with the run's context, or closes it, which does not.
type phase bool

const (
	opening phase = false
	closing phase = true
)

// closingContext outlives the run's by [closingTime], so that its end can be told. Call stop when that is done.
func closingContext(ctx context.Context) (late context.Context, stop func()) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	heed := context.AfterFunc(ctx, func() { time.AfterFunc(closingTime, cancel) })
	return late, func() { heed(); cancel() }
}

// propose moves the run to a state and gives the state that it is in then. Without a server the engine plays the one
// rule that matters: a failure with retries left is followed by another attempt.
func (e *flowEngine) propose(ctx context.Context, state State, when phase) (*State, error) {
	if e.session == nil {
		return e.decide(ctx, state, when)
	}
	if when == closing {
		var stop func()
		ctx, stop = closingContext(ctx)
		defer stop()
	}
	state.Details.TransitionID = uuid.NewString()
	deadline := time.Now().Add(e.session.patience)
	runs := e.session.client.FlowRuns
	lost := false
	for failures := 0; ; {
		answer, err := runs.SetState(ctx, e.run.id, state)
		if err != nil {
			if !errors.Is(err, ErrUnavailable) || time.Now().After(deadline) || !rest.Wait(ctx, reconnectWait(failures)) {
				return nil, err
			}
			failures++
			lost = true
			continue
		}
		if answer.Status != Accepted && lost {
			if answer, err = runs.settle(ctx, e.run.id, state.Details.TransitionID, answer); err != nil {
				return nil, err
			}
		}
		switch {
		case answer.Status == Waiting:
			e.log.Debug("the server asks to wait", "delay", answer.Delay, "reason", answer.Reason)
			if !rest.Wait(ctx, answer.Delay) {
				return nil, context.Cause(ctx)
			}
		case answer.Status == Aborted || answer.State == nil:
			return nil, &OrchestrationError{*answer}
		default:
			return answer.State, nil
		}
	}
}

// decide is propose without a server.
func (e *flowEngine) decide(ctx context.Context, state State, when phase) (*State, error) {
	if when == opening && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if state.Name == "" {
		state.Name = state.Type.title()
	}
	if state.Type == StateFailed && e.retriesLeft > 0 {
		e.retriesLeft--
		state = State{Type: StateScheduled, Name: "AwaitingRetry", Message: state.Message}
		state.Details.ScheduledTime = time.Now().Add(e.spec.delay(1))
	}
	state.Timestamp = now()
	return &state, nil
}
