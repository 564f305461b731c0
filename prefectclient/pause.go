package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"mlopsgo/internal/rest"
)

// ErrSuspended is what [Suspend] returns when the run is suspended: the flow returns it, and is run again from its
// beginning when someone resumes it.
var ErrSuspended = errors.New("the flow run is suspended")

// ErrPauseTimeout says that nobody resumed a paused run in time.
var ErrPauseTimeout = errors.New("the flow run was paused and never resumed")

// Pausing says how a run waits for somebody; see [Pause] and [Suspend].
type Pausing struct {
	// Key tells the pauses of a flow apart; "" counts them in the order of the calls.
	Key string
	// Timeout is how long to wait, an hour when 0.
	Timeout time.Duration
	// Description is Markdown, shown above the form.
	Description string
}

// pauseInterval is how often a paused run is looked at where events do not reach it.
const pauseInterval = 10 * time.Second

// Pause sets the flow run to PAUSED and waits, with the function standing still, until someone resumes it in the UI or
// by [FlowRunsService.Resume]. The UI shows a form of the fields of T, described by tags as parameters are ([SchemaOf]),
// and Pause gives what was filled in; struct{} asks nothing. It needs a server, and is called in the flow, not in a task.
func Pause[T any](ctx context.Context, how Pausing) (T, error) {
	return waitForInput[T](ctx, how, "Paused", false)
}

// Suspend sets the flow run to PAUSED, as "Suspended", and returns [ErrSuspended], which the flow must return: nothing
// waits in the worker meanwhile. Resumed, the flow is run again from its beginning, by any worker, and this time Suspend
// gives what was filled in. Work that shall not be done twice belongs into tasks with a cache. The run needs a deployment.
func Suspend[T any](ctx context.Context, how Pausing) (T, error) {
	return waitForInput[T](ctx, how, "Suspended", true)
}

func waitForInput[T any](ctx context.Context, how Pausing, name string, reschedule bool) (T, error) {
	var input T
	run := currentRun(ctx)
	switch {
	case run == nil || run.session == nil:
		return input, fmt.Errorf("prefect: a flow can be %s only on a server: there is nobody to resume it", strings.ToLower(name))
	case run.task != nil:
		return input, fmt.Errorf("prefect: a task cannot be %s; call it in the flow", strings.ToLower(name))
	}
	p := pause{run: run, state: State{Type: StatePaused, Name: name}, description: how.Description}
	if how.Timeout == 0 {
		how.Timeout = time.Hour
	}
	if how.Key == "" {
		how.Key = run.flow.nextPause()
	}
	details := &p.state.Details
	details.PauseKey, details.PauseReschedule, details.PauseTimeout = how.Key, reschedule, now().Add(how.Timeout)
	var params *parameterType
	if t := reflect.TypeFor[T](); t != reflect.TypeFor[struct{}]() {
		var err error
		if params, err = newParameterType(t); err != nil {
			return input, fmt.Errorf("prefect: the input of a pause: %w", err)
		}
		params.schema.Title = t.Name()
		base := strings.ToLower(name) + "-" + how.Key
		details.RunInputKeyset = map[string]string{
			"description": base + "-description", "response": base + "-response", "schema": base + "-schema",
		}
		p.schema = params.schema
	}
	if err := p.wait(ctx); err != nil {
		return input, err
	}
	if params == nil {
		return input, nil
	}
	values := parameterMap{}
	if err := run.session.client.FlowRuns.ReadInput(ctx, run.flow.id, details.RunInputKeyset["response"], &values); err != nil {
		return input, fmt.Errorf("prefect: the input that the flow run was resumed with: %w", err)
	}
	err := params.decode(values, &input)
	return input, err
}

// nextPause numbers the pauses of a run.
func (f *flowRunState) nextPause() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pauses++
	return strconv.Itoa(f.pauses)
}

// suspend notes that the server has the run as suspended.
func (f *flowRunState) suspend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.suspended = true
}

func (f *flowRunState) isSuspended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.suspended
}

// pause is one call of Pause or Suspend.
type pause struct {
	run         *runContext
	state       State
	schema      *Schema // nil when nothing is asked
	description string
}

// wait pauses the run and returns when it goes on.
func (p *pause) wait(ctx context.Context) error {
	client, id := p.run.session.client, p.run.flow.id
	log := Logger(ctx)
	answer, err := client.FlowRuns.SetState(ctx, id, p.state)
	switch {
	case err != nil:
		return err
	case answer.State != nil && answer.State.Type == StateRunning:
		return nil // this pause is over: the server knows its key
	case answer.Status != Accepted:
		return fmt.Errorf("the flow run cannot be paused: %w", answer.Err())
	}
	if err := p.ask(ctx, client, id); err != nil {
		return err
	}
	if p.state.Details.PauseReschedule {
		p.run.flow.suspend()
		log.Info("Suspending flow run, execution will be rescheduled when this flow run is resumed.")
		return ErrSuspended
	}
	log.Info("Pausing flow, execution will continue when this flow run is resumed.")
	ctx, cancel := context.WithDeadlineCause(ctx, p.state.Details.PauseTimeout, ErrPauseTimeout)
	defer cancel()
	if err := untilResumed(ctx, client, id); err != nil {
		return err
	}
	log.Info("Resuming flow run execution!")
	return nil
}

// ask keeps the form where the UI looks for it.
func (p *pause) ask(ctx context.Context, client *Client, id string) error {
	if p.schema == nil {
		return nil
	}
	keys := p.state.Details.RunInputKeyset
	if err := client.FlowRuns.CreateInput(ctx, id, keys["schema"], p.schema); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	if p.description == "" {
		return nil
	}
	if err := client.FlowRuns.CreateInput(ctx, id, keys["description"], p.description); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

// untilResumed looks at the run at intervals, and at once when the server tells of a new state.
func untilResumed(ctx context.Context, client *Client, id string) error {
	changed := make(chan struct{}, 1)
	listening, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sub := subscription{client: client, filter: EventFilter{Since: now(), Prefixes: []string{"prefect.flow-run."}, ResourceIDs: []string{"prefect.flow-run." + id}}}
		_ = sub.run(listening, func(*Event) bool { // without events the intervals have to do
			select {
			case changed <- struct{}{}:
			default:
			}
			return true
		})
	}()
	defer func() { stop(); <-ended }()
	for failures := 0; ; {
		run, err := client.FlowRuns.Read(ctx, id)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			if failures++; !errors.Is(err, ErrUnavailable) || !rest.Wait(ctx, reconnectWait(failures)) {
				return errors.Join(context.Cause(ctx), err)
			}
			continue
		case run.StateType == StateRunning:
			return nil
		case run.StateType == StateCancelling || run.StateType == StateCancelled:
			return ErrCancelled
		case run.StateType != StatePaused:
			return &OrchestrationError{Orchestration{Status: Rejected, State: run.State, Reason: "the run was moved on while it was paused"}}
		}
		failures = 0
		timer := time.NewTimer(pauseInterval)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
		}
		timer.Stop()
	}
}
