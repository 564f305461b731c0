package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// SetStateStatus is how the server's rules answer a proposed state.
type SetStateStatus string

// The answers of the rules.
const (
	// Accepted: the run is in the proposed state.
	Accepted SetStateStatus = "ACCEPT"
	// Rejected: the run is in another state, which the answer holds; go on with that one.
	Rejected SetStateStatus = "REJECT"
	// Aborted: the run is not to be moved by this proposal; stop.
	Aborted SetStateStatus = "ABORT"
	// Waiting: propose the same again after a while.
	Waiting SetStateStatus = "WAIT"
)

// Sentinels that [errors.Is] finds in an [*OrchestrationError].
var (
	// ErrRejected: the server put the run into another state instead.
	ErrRejected = errors.New("the proposed state was rejected")
	// ErrAborted: the server does not let this client move the run, for example because another worker has it.
	ErrAborted = errors.New("the proposed state was aborted")
	// ErrWait: the proposal came too early.
	ErrWait = errors.New("the proposed state has to wait")
)

// Orchestration is the rules' answer to a proposed state.
type Orchestration struct {
	Status SetStateStatus
	// State is the run's state now; nil when it was not moved.
	State *State
	// Reason says why it was not accepted.
	Reason string
	// Delay is how long to wait before proposing again; only of a [Waiting] answer.
	Delay time.Duration
}

// Err is nil for an accepted state, and an [*OrchestrationError] otherwise.
func (o *Orchestration) Err() error {
	if o.Status == Accepted {
		return nil
	}
	return &OrchestrationError{*o}
}

// OrchestrationError is a rule's refusal as an error.
type OrchestrationError struct{ Orchestration }

func (e *OrchestrationError) Error() string {
	text := "prefect: the server answered the proposed state with " + string(e.Status)
	if e.State != nil {
		text += ": the run is " + e.State.String()
	}
	if e.Delay > 0 {
		text += fmt.Sprintf(" (wait %v)", e.Delay)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Is finds ErrRejected, ErrAborted and ErrWait.
func (e *OrchestrationError) Is(target error) bool {
	switch target {
	case ErrRejected:
		return e.Status == Rejected
	case ErrAborted:
		return e.Status == Aborted
	case ErrWait:
		return e.Status == Waiting
	}
	return false
}

// orchestrationAnswer is the answer as it is sent.
type orchestrationAnswer struct {
	Status  SetStateStatus `json:"status"`
	State   *State         `json:"state"`
	Details struct {
		Reason       string  `json:"reason"`
		DelaySeconds float64 `json:"delay_seconds"`
	} `json:"details"`
}

func (a *orchestrationAnswer) result() *Orchestration {
	return &Orchestration{
		Status: a.Status, State: a.State, Reason: a.Details.Reason,
		Delay: time.Duration(a.Details.DelaySeconds * float64(time.Second)),
	}
}

// proposal is a state as set_state takes it.
type proposal struct {
	State struct {
		Type    StateType    `json:"type"`
		Name    string       `json:"name,omitempty"`
		Message string       `json:"message,omitempty"`
		Data    any          `json:"data,omitempty"`
		Details StateDetails `json:"state_details"`
	} `json:"state"`
	Force bool `json:"force"`
}

func propose(state State, force bool) proposal {
	p := proposal{Force: force}
	p.State.Type, p.State.Name, p.State.Message, p.State.Details = state.Type, state.Name, state.Message, state.Details
	if len(state.Data) > 0 {
		p.State.Data = state.Data
	}
	return p
}

// SetState proposes a state for a flow run and gives the rules' answer; that they refuse is no error here (but see
// [Orchestration.Err]). The proposal gets a transition id when it has none: when the answer to an attempt was lost and
// the next one is refused, the run is read again, and if it is in the state of this very proposal the answer is that it
// was accepted.
func (s *FlowRunsService) SetState(ctx context.Context, id string, state State) (*Orchestration, error) {
	return s.setState(ctx, id, state, false)
}

// ForceState sets a state past the rules, as the UI does to cancel.
func (s *FlowRunsService) ForceState(ctx context.Context, id string, state State) (*Orchestration, error) {
	return s.setState(ctx, id, state, true)
}

func (s *FlowRunsService) setState(ctx context.Context, id string, state State, force bool) (*Orchestration, error) {
	if state.Details.TransitionID == "" {
		state.Details.TransitionID = uuid.NewString()
	}
	var answer orchestrationAnswer
	resp, err := s.client.call(ctx, post(pathOf("flow_runs", id, "set_state"), propose(state, force)).harmless(), &answer)
	if err != nil {
		return nil, err
	}
	result := answer.result()
	if result.Status != Accepted && resp.Uncertain {
		return s.settle(ctx, id, state.Details.TransitionID, result)
	}
	return result, nil
}

// settle finds out whether a refusal is the echo of our own earlier attempt.
func (s *FlowRunsService) settle(ctx context.Context, id, transition string, result *Orchestration) (*Orchestration, error) {
	run, err := s.Read(ctx, id)
	if err != nil {
		return nil, err
	}
	if run.State != nil && strings.EqualFold(run.State.Details.TransitionID, transition) {
		return &Orchestration{Status: Accepted, State: run.State}, nil
	}
	return result, nil
}

// ReadState gives the state with this id.
func (s *FlowRunsService) ReadState(ctx context.Context, stateID string) (*State, error) {
	return one[State](ctx, s.client, get(pathOf("flow_run_states", stateID)))
}

// States gives a flow run's states, the oldest first.
func (s *FlowRunsService) States(ctx context.Context, id string) ([]*State, error) {
	req := get("/flow_run_states/")
	req.query = map[string][]string{"flow_run_id": {id}}
	var states []*State
	if _, err := s.client.call(ctx, req, &states); err != nil {
		return nil, err
	}
	return states, nil
}
