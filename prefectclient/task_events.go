package prefectclient

import (
	"encoding/json"
	"strconv"
	"time"
)

// taskRunState is a task run while it runs.
type taskRunState struct {
	id           string
	name         string
	dynamicKey   string
	spec         *taskSpec
	inputs       map[string][]TaskInput
	flowRunCount int

	state     *State // nil before the first
	lastEvent string
	runCount  int
	expected  time.Time
	started   time.Time
	ended     time.Time
	total     time.Duration
}

// move takes a new state, and gives the one before. It fills in the state's id and time: times of one run rise
// strictly, because the server orders states by them.
func (t *taskRunState) move(next *State) (previous *State) {
	previous = t.state
	next.ID, next.Timestamp = newID(), now()
	if next.Name == "" {
		next.Name = next.Type.title()
	}
	if previous == nil {
		t.expected = next.Timestamp
	} else {
		if !next.Timestamp.After(previous.Timestamp) {
			next.Timestamp = previous.Timestamp.Add(time.Microsecond)
		}
		if previous.Type == StateRunning {
			t.total += next.Timestamp.Sub(previous.Timestamp)
		}
	}
	if next.Type == StateRunning {
		t.runCount++
		if t.started.IsZero() {
			t.started = next.Timestamp
		}
	}
	if next.Type.Final() && !t.started.IsZero() {
		t.ended = next.Timestamp
	}
	t.state = next
	return previous
}

// eventState is a state within a task run's event.
type eventState struct {
	Type    StateType       `json:"type"`
	Name    string          `json:"name"`
	Message string          `json:"message"`
	Details StateDetails    `json:"state_details"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func newEventState(s *State) *eventState {
	if s == nil {
		return nil
	}
	return &eventState{Type: s.Type, Name: s.Name, Message: s.Message, Details: s.Details, Data: s.Data}
}

// taskEventPayload is what the server makes the task run's record of.
type taskEventPayload struct {
	Intended struct {
		From *StateType `json:"from"`
		To   StateType  `json:"to"`
	} `json:"intended"`
	Initial   *eventState  `json:"initial_state"`
	Validated *eventState  `json:"validated_state"`
	TaskRun   eventTaskRun `json:"task_run"`
}

// eventTaskRun is the task run within its event; times are omitted before they are known.
type eventTaskRun struct {
	Name            string                 `json:"name"`
	TaskKey         string                 `json:"task_key"`
	DynamicKey      string                 `json:"dynamic_key"`
	TaskVersion     string                 `json:"task_version,omitempty"`
	Policy          TaskRunPolicy          `json:"empirical_policy"`
	Tags            []string               `json:"tags"`
	Labels          map[string]any         `json:"labels"`
	TaskInputs      map[string][]TaskInput `json:"task_inputs"`
	RunCount        int                    `json:"run_count"`
	FlowRunRunCount int                    `json:"flow_run_run_count"`
	ExpectedStart   time.Time              `json:"expected_start_time"`
	Start           time.Time              `json:"start_time,omitzero"`
	End             time.Time              `json:"end_time,omitzero"`
	TotalRunTime    float64                `json:"total_run_time"`
}

// event writes the event of a change of state.
func (t *taskRunState) event(previous, state *State, flow *flowRunState) []byte {
	var payload taskEventPayload
	payload.Intended.To = state.Type
	if previous != nil {
		payload.Intended.From = &previous.Type
	}
	payload.Initial, payload.Validated = newEventState(previous), newEventState(state)
	tags := t.spec.tags
	if tags == nil {
		tags = []string{}
	}
	payload.TaskRun = eventTaskRun{
		Name: t.name, TaskKey: t.spec.key, DynamicKey: t.dynamicKey, TaskVersion: t.spec.version, Policy: t.spec.policy(),
		Tags: tags, Labels: map[string]any{}, TaskInputs: t.inputs, RunCount: t.runCount, FlowRunRunCount: t.flowRunCount,
		ExpectedStart: t.expected, Start: t.started, End: t.ended, TotalRunTime: t.total.Seconds(),
	}
	if state.Type == StatePending {
		payload.TaskRun.FlowRunRunCount = 0 // Python knows it when the run starts
	}
	related := make([]Resource, 0, len(tags)+len(flow.related))
	for _, tag := range tags {
		related = append(related, resource("tag", tag, "", "tag"))
	}
	event := Event{
		ID: state.ID, Occurred: state.Timestamp, Name: "prefect.task-run." + state.Name,
		Resource: Resource{
			"prefect.resource.id": "prefect.task-run." + t.id, "prefect.resource.name": t.name,
			"prefect.run-count": strconv.Itoa(t.runCount), "prefect.state-message": state.Message,
			"prefect.state-name": state.Name, "prefect.state-timestamp": state.Timestamp.Format(time.RFC3339Nano),
			"prefect.state-type": string(state.Type), "prefect.orchestration": "client",
		},
		Related: append(related, flow.related...), Payload: mustJSON(payload), Follows: t.lastEvent,
	}
	t.lastEvent = state.ID
	return mustJSON(event)
}

// policy is the task's retry policy as the server keeps it.
func (s *taskSpec) policy() TaskRunPolicy {
	policy := TaskRunPolicy{Retries: s.retries, RetryDelay: json.RawMessage("0")}
	switch len(s.delays) {
	case 0:
	case 1:
		policy.RetryDelay = mustJSON(s.delays[0].Seconds())
	default:
		seconds := make([]float64, len(s.delays))
		for i, d := range s.delays {
			seconds[i] = d.Seconds()
		}
		policy.RetryDelay = mustJSON(seconds)
	}
	if s.jitter > 0 {
		policy.RetryJitterFactor = &s.jitter
	}
	return policy
}
