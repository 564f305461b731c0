package prefectclient

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// StateType is the kind of a state; rules hang on it. Names of states are free text on top.
type StateType string

// The types of states.
const (
	StateScheduled  StateType = "SCHEDULED"
	StatePending    StateType = "PENDING"
	StateRunning    StateType = "RUNNING"
	StateCompleted  StateType = "COMPLETED"
	StateFailed     StateType = "FAILED"
	StateCancelled  StateType = "CANCELLED"
	StateCrashed    StateType = "CRASHED"
	StatePaused     StateType = "PAUSED"
	StateCancelling StateType = "CANCELLING"
)

// Final reports the types that end a run: completed, failed, cancelled and crashed.
func (t StateType) Final() bool {
	switch t {
	case StateCompleted, StateFailed, StateCancelled, StateCrashed:
		return true
	default:
		return false
	}
}

// title is the default name of a state of this type.
func (t StateType) title() string {
	if t == "" {
		return ""
	}
	return string(t[:1]) + strings.ToLower(string(t[1:]))
}

// State is one state of a run. To propose one, Type is enough; the server gives ID and Timestamp.
type State struct {
	ID   string    `json:"id,omitempty"`
	Type StateType `json:"type"`
	// Name defaults to the type's, for example "Completed"; "Late", "TimedOut", "AwaitingRetry" are others.
	Name      string          `json:"name,omitempty"`
	Timestamp time.Time       `json:"timestamp,omitzero"`
	Message   string          `json:"message,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
	Details   StateDetails    `json:"state_details,omitzero"`
}

// String is how Prefect's logs write a state: Completed(), or TimedOut('…', type=FAILED).
func (s *State) String() string {
	name, kind, message := s.Name, "", ""
	if name == "" {
		name = s.Type.title()
	}
	if name != s.Type.title() {
		kind = "type=" + string(s.Type)
	}
	if s.Message != "" {
		message = "'" + s.Message + "'"
		if kind != "" {
			message += ", "
		}
	}
	return fmt.Sprintf("%s(%s%s)", name, message, kind)
}

// StateDetails are what rules need to know beside a state's type. Empty fields are left out.
type StateDetails struct {
	FlowRunID       string    `json:"flow_run_id,omitempty"`
	TaskRunID       string    `json:"task_run_id,omitempty"`
	ChildFlowRunID  string    `json:"child_flow_run_id,omitempty"`
	ScheduledTime   time.Time `json:"scheduled_time,omitzero"`
	CacheKey        string    `json:"cache_key,omitempty"`
	CacheExpiration time.Time `json:"cache_expiration,omitzero"`
	Deferred        bool      `json:"deferred,omitempty"`
	// UntrackableResult says that the result is not kept, so that it cannot be an input of another run.
	UntrackableResult bool              `json:"untrackable_result,omitempty"`
	PauseTimeout      time.Time         `json:"pause_timeout,omitzero"`
	PauseReschedule   bool              `json:"pause_reschedule,omitempty"`
	PauseKey          string            `json:"pause_key,omitempty"`
	RunInputKeyset    map[string]string `json:"run_input_keyset,omitempty"`
	RefreshCache      *bool             `json:"refresh_cache,omitempty"`
	Retriable         *bool             `json:"retriable,omitempty"`
	// TransitionID makes a proposal recognisable, so that it can be repeated without being carried out twice.
	TransitionID     string `json:"transition_id,omitempty"`
	TaskParametersID string `json:"task_parameters_id,omitempty"`
	Traceparent      string `json:"traceparent,omitempty"`
	// DeploymentConcurrencyLeaseID is the lease of the deployment's concurrency limit that a run holds.
	DeploymentConcurrencyLeaseID string `json:"deployment_concurrency_lease_id,omitempty"`
}
