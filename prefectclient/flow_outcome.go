package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"
)

// markTimeout tells an error after the run's own time-out, whatever the function made of it.
func markTimeout(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, errTimedOut) || !errors.Is(context.Cause(ctx), errTimedOut) {
		return err
	}
	return fmt.Errorf("%w: %w", errTimedOut, err)
}

// outcome is the state that an attempt ended in.
func (e *flowEngine) outcome(ctx context.Context, err error) State {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, ErrCancelled) || errors.Is(err, ErrCancelled):
		return State{Type: StateCancelled}
	case err == nil:
		return State{Type: StateCompleted, Details: StateDetails{UntrackableResult: e.spec.results == nil}}
	case errors.Is(err, errTimedOut):
		return State{Type: StateFailed, Name: "TimedOut", Message: fmt.Sprintf("Flow run exceeded timeout of %v second(s)", e.spec.timeout.Seconds())}
	case cause != nil:
		return State{Type: StateCrashed, Message: "Execution was ended from outside: " + cause.Error()}
	}
	return State{Type: StateFailed, Message: truncate("Flow run encountered an error: " + err.Error())}
}

// logFailure logs an error, and the stack of a panic.
func (e *flowEngine) logFailure(text string, err error) {
	e.log.Error(fmt.Sprintf("%s: %v%s", text, err, stackOf(err)))
}

// stackOf gives a panic's stack on lines of its own, and nothing for other errors.
func stackOf(err error) string {
	if panicked, ok := errors.AsType[*PanicError](err); ok {
		return "\n" + panicked.Stack
	}
	return ""
}

// truncate bounds a state's message as Python does.
func truncate(message string) string {
	const limit = 100_000
	if len(message) <= limit {
		return message
	}
	return firstBytes(message, limit) + "…"
}

// firstBytes is the beginning of a text, as many whole characters as fit into so many bytes.
func firstBytes(text string, most int) string {
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
