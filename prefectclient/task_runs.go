package prefectclient

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// TaskRunsService reads task runs. They are written by events, which the engine of this package sends; the REST calls
// that write are for subflows, which hang on a task run of their parent.
type TaskRunsService struct{ client *Client }

// TaskRun is one execution of a task.
type TaskRun struct {
	ID                string                 `json:"id"`
	Created           time.Time              `json:"created"`
	Updated           time.Time              `json:"updated"`
	Name              string                 `json:"name"`
	FlowRunID         string                 `json:"flow_run_id"`
	TaskKey           string                 `json:"task_key"`
	DynamicKey        string                 `json:"dynamic_key"`
	CacheKey          string                 `json:"cache_key"`
	TaskVersion       string                 `json:"task_version"`
	Policy            TaskRunPolicy          `json:"empirical_policy"`
	Tags              []string               `json:"tags"`
	Labels            map[string]any         `json:"labels"`
	StateID           string                 `json:"state_id"`
	TaskInputs        map[string][]TaskInput `json:"task_inputs"`
	StateType         StateType              `json:"state_type"`
	StateName         string                 `json:"state_name"`
	RunCount          int                    `json:"run_count"`
	FlowRunRunCount   int                    `json:"flow_run_run_count"`
	ExpectedStartTime time.Time              `json:"expected_start_time"`
	StartTime         time.Time              `json:"start_time"`
	EndTime           time.Time              `json:"end_time"`
	// TotalRunTime and the estimates are in seconds.
	TotalRunTime            float64 `json:"total_run_time"`
	EstimatedRunTime        float64 `json:"estimated_run_time"`
	EstimatedStartTimeDelta float64 `json:"estimated_start_time_delta"`
	State                   *State  `json:"state"`
}

// TaskRunPolicy is how a task is repeated after a failure.
type TaskRunPolicy struct {
	Retries int `json:"retries"`
	// RetryDelay is in seconds: a number, or a list of them whose last one is repeated.
	RetryDelay        json.RawMessage `json:"retry_delay,omitempty"`
	RetryJitterFactor *float64        `json:"retry_jitter_factor,omitempty"`
}

// TaskInput is where an input of a task run came from: a task run (its ID) or a flow's parameter (its name).
type TaskInput struct {
	InputType string `json:"input_type"`
	ID        string `json:"id,omitempty"`
	Name      string `json:"name,omitempty"`
}

// TaskRunCreate describes a task run made by REST.
type TaskRunCreate struct {
	Name        string                 `json:"name,omitempty"`
	FlowRunID   string                 `json:"flow_run_id,omitempty"`
	TaskKey     string                 `json:"task_key"`
	DynamicKey  string                 `json:"dynamic_key"`
	TaskVersion string                 `json:"task_version,omitempty"`
	Policy      *TaskRunPolicy         `json:"empirical_policy,omitempty"`
	Tags        []string               `json:"tags,omitempty"`
	Labels      map[string]any         `json:"labels,omitempty"`
	TaskInputs  map[string][]TaskInput `json:"task_inputs,omitempty"`
	State       *State                 `json:"state,omitempty"`
}

// TaskRunFilter selects task runs.
type TaskRunFilter struct {
	Operator          Operator      `json:"operator,omitempty"`
	ID                *IDFilter     `json:"id,omitempty"`
	Name              *NameFilter   `json:"name,omitempty"`
	Tags              *TagsFilter   `json:"tags,omitempty"`
	State             *StateFilter  `json:"state,omitempty"`
	StartTime         *TimeFilter   `json:"start_time,omitempty"`
	EndTime           *TimeFilter   `json:"end_time,omitempty"`
	ExpectedStartTime *TimeFilter   `json:"expected_start_time,omitempty"`
	SubflowRuns       *ExistsFilter `json:"subflow_runs,omitempty"`
	FlowRunID         *LinkFilter   `json:"flow_run_id,omitempty"`
}

// ExistsFilter selects by the existence of something.
type ExistsFilter struct {
	Exists bool `json:"exists_"`
}

// TaskRunQuery asks for task runs. Sort is one of ID_DESC (default), EXPECTED_START_TIME_ASC, EXPECTED_START_TIME_DESC,
// NAME_ASC, NAME_DESC, NEXT_SCHEDULED_START_TIME_ASC, END_TIME_DESC.
type TaskRunQuery struct {
	Related
	Sort string `json:"sort,omitempty"`
	// PageSize is how many are fetched at once; 0 means [MaxPageSize].
	PageSize int `json:"-"`
}

// TaskRunsOf selects the task runs of flow runs.
func TaskRunsOf(flowRunIDs ...string) Related {
	return Related{TaskRuns: &TaskRunFilter{FlowRunID: &LinkFilter{Any: flowRunIDs}}}
}

// Read gives the task run with this id.
func (s *TaskRunsService) Read(ctx context.Context, id string) (*TaskRun, error) {
	var run TaskRun
	if _, err := s.client.call(ctx, get(pathOf("task_runs", id)), &run); err != nil {
		return nil, err
	}
	return &run, nil
}

// Create makes a task run, or gives the one with the same flow run, task key and dynamic key.
func (s *TaskRunsService) Create(ctx context.Context, in TaskRunCreate) (*TaskRun, error) {
	var run TaskRun
	if _, err := s.client.call(ctx, post("/task_runs/", in).harmless(), &run); err != nil {
		return nil, err
	}
	return &run, nil
}

// SetState proposes a state for a task run by REST; see [FlowRunsService.SetState].
func (s *TaskRunsService) SetState(ctx context.Context, id string, state State) (*Orchestration, error) {
	var answer orchestrationAnswer
	if _, err := s.client.call(ctx, post(pathOf("task_runs", id, "set_state"), propose(state, false)), &answer); err != nil {
		return nil, err
	}
	return answer.result(), nil
}

// SetName renames a task run.
func (s *TaskRunsService) SetName(ctx context.Context, id, name string) error {
	_, err := s.client.call(ctx, patch(pathOf("task_runs", id), map[string]string{"name": name}), nil)
	return err
}

// Delete removes a task run.
func (s *TaskRunsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("task_runs", id)), nil)
	return err
}

// Filter walks the task runs that match.
func (s *TaskRunsService) Filter(ctx context.Context, q TaskRunQuery) iter.Seq2[*TaskRun, error] {
	return pages(q.PageSize, func(r *TaskRun) string { return r.ID }, func(p page) ([]*TaskRun, error) {
		return fetch[TaskRun](ctx, s.client, "/task_runs/filter", struct {
			TaskRunQuery
			page
		}{q, p})
	})
}

// Count gives the number of task runs that match.
func (s *TaskRunsService) Count(ctx context.Context, r Related) (int, error) {
	return count(ctx, s.client, "/task_runs/count", r)
}

// States gives a task run's states, the oldest first.
func (s *TaskRunsService) States(ctx context.Context, id string) ([]*State, error) {
	req := get("/task_run_states/")
	req.query = map[string][]string{"task_run_id": {id}}
	var states []*State
	if _, err := s.client.call(ctx, req, &states); err != nil {
		return nil, err
	}
	return states, nil
}

// ReadState gives the state with this id.
func (s *TaskRunsService) ReadState(ctx context.Context, stateID string) (*State, error) {
	return one[State](ctx, s.client, get(pathOf("task_run_states", stateID)))
}

// Page gives one page of the task runs that match, with the number of all.
func (s *TaskRunsService) Page(ctx context.Context, q TaskRunQuery, number int) (*Page[TaskRun], error) {
	return numbered[TaskRun](ctx, s.client, "/task_runs/paginate", q.PageSize, number, func(p pageNumber) any {
		return struct {
			TaskRunQuery
			pageNumber
		}{q, p}
	})
}

// History counts the task runs that match by state, interval by interval; see [HistoryQuery].
func (s *TaskRunsService) History(ctx context.Context, q HistoryQuery) ([]*HistoryInterval, error) {
	return history(ctx, s.client, "/task_runs/history", q)
}

// CountByState counts the task runs that match, state by state.
func (s *TaskRunsService) CountByState(ctx context.Context, r Related) (map[StateType]int, error) {
	var counts map[StateType]int
	_, err := s.client.call(ctx, read("/ui/task_runs/count", r), &counts)
	return counts, err
}
