package prefectclient

import (
	"context"
	"errors"
	"fmt"
)

// Hook is called when a run has reached a final state. Its context is that of the run, but is not ended when the run was
// cancelled or timed out; an error of a hook is logged and changes nothing.
type Hook func(ctx context.Context, run RunInfo, state State) error

// hooks are those of a run, by what they wait for.
type hooks map[StateType][]Hook

// OnCompletion calls hooks when the run is COMPLETED.
func OnCompletion(hooks ...Hook) RunOption { return onState(StateCompleted, hooks) }

// OnFailure calls hooks when the run is FAILED and no retry follows.
func OnFailure(hooks ...Hook) RunOption { return onState(StateFailed, hooks) }

// OnCancellation calls hooks when the run is CANCELLED.
func OnCancellation(hooks ...Hook) RunOption { return onState(StateCancelled, hooks) }

// OnCrashed calls hooks when the run is CRASHED: its worker was stopped while it ran, or, with [Subprocess], its process
// died. Nobody is left to call them when the worker itself dies.
func OnCrashed(hooks ...Hook) RunOption { return onState(StateCrashed, hooks) }

func onState(state StateType, given []Hook) RunOption {
	return func(s *runSpec) error {
		for _, hook := range given {
			if hook == nil {
				return errors.New("a hook is nil")
			}
		}
		if s.hooks == nil {
			s.hooks = hooks{}
		}
		s.hooks[state] = append(s.hooks[state], given...)
		return nil
	}
}

// call calls the hooks of a state, one after the other.
func (h hooks) call(ctx context.Context, state *State) {
	info, _ := Info(ctx)
	ctx = context.WithoutCancel(ctx)
	log := Logger(ctx)
	for _, hook := range h[state.Type] {
		name := symbolOf(hook)
		log.Info(fmt.Sprintf("Running hook '%s' in response to entering state '%s'", name, state.Name))
		err := callSafely(ctx, func(ctx context.Context) error { return hook(ctx, info, *state) })
		if err != nil {
			log.Error(fmt.Sprintf("An error was encountered while running hook '%s': %v%s", name, err, stackOf(err)))
			continue
		}
		log.Info(fmt.Sprintf("Hook '%s' finished running successfully", name))
	}
}
