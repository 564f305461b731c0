package prefectclient

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"time"
)

// FlowRunsService creates, reads and moves flow runs. Their states are in flow_run_states.go, inputs in
// flow_run_inputs.go.
type FlowRunsService struct{ client *Client }

// FlowRun is one execution of a flow, past, present or planned.
type FlowRun struct {
	ID                     string                     `json:"id"`
	Created                time.Time                  `json:"created"`
	Updated                time.Time                  `json:"updated"`
	Name                   string                     `json:"name"`
	FlowID                 string                     `json:"flow_id"`
	StateID                string                     `json:"state_id"`
	DeploymentID           string                     `json:"deployment_id"`
	DeploymentVersion      string                     `json:"deployment_version"`
	WorkPoolID             string                     `json:"work_pool_id"`
	WorkPoolName           string                     `json:"work_pool_name"`
	WorkQueueID            string                     `json:"work_queue_id"`
	WorkQueueName          string                     `json:"work_queue_name"`
	FlowVersion            string                     `json:"flow_version"`
	Parameters             map[string]json.RawMessage `json:"parameters"`
	IdempotencyKey         string                     `json:"idempotency_key"`
	Context                map[string]any             `json:"context"`
	Policy                 RunPolicy                  `json:"empirical_policy"`
	Tags                   []string                   `json:"tags"`
	Labels                 map[string]any             `json:"labels"`
	ParentTaskRunID        string                     `json:"parent_task_run_id"`
	StateType              StateType                  `json:"state_type"`
	StateName              string                     `json:"state_name"`
	RunCount               int                        `json:"run_count"`
	ExpectedStartTime      time.Time                  `json:"expected_start_time"`
	NextScheduledStartTime time.Time                  `json:"next_scheduled_start_time"`
	StartTime              time.Time                  `json:"start_time"`
	EndTime                time.Time                  `json:"end_time"`
	// TotalRunTime and the estimates are in seconds.
	TotalRunTime            float64        `json:"total_run_time"`
	EstimatedRunTime        float64        `json:"estimated_run_time"`
	EstimatedStartTimeDelta float64        `json:"estimated_start_time_delta"`
	AutoScheduled           bool           `json:"auto_scheduled"`
	InfrastructurePID       string         `json:"infrastructure_pid"`
	CreatedBy               *Actor         `json:"created_by"`
	State                   *State         `json:"state"`
	JobVariables            map[string]any `json:"job_variables"`
}

// Actor is who made or changed an object.
type Actor struct {
	ID           string `json:"id"`
	Type         string `json:"type"`
	DisplayValue string `json:"display_value"`
}

// RunPolicy is how a run is repeated after a failure.
type RunPolicy struct {
	Retries int `json:"retries"`
	// RetryDelay is in seconds; the server takes whole ones for flow runs.
	RetryDelay int      `json:"retry_delay"`
	PauseKeys  []string `json:"pause_keys,omitempty"`
	Resuming   bool     `json:"resuming,omitempty"`
	RetryType  string   `json:"retry_type,omitempty"`
}

// FlowRunCreate describes a new flow run that no deployment stands behind. Only FlowID is required.
type FlowRunCreate struct {
	FlowID          string         `json:"flow_id"`
	Name            string         `json:"name,omitempty"`
	FlowVersion     string         `json:"flow_version,omitempty"`
	DeploymentID    string         `json:"deployment_id,omitempty"`
	Parameters      any            `json:"parameters,omitempty"`
	Context         map[string]any `json:"context,omitempty"`
	ParentTaskRunID string         `json:"parent_task_run_id,omitempty"`
	Policy          *RunPolicy     `json:"empirical_policy,omitempty"`
	Tags            []string       `json:"tags,omitempty"`
	Labels          map[string]any `json:"labels,omitempty"`
	// IdempotencyKey makes a second creation with the same key give the first one's run. A call with one is repeated when
	// its answer is lost, a call without is not: Python's runs have none, and the server shows it.
	IdempotencyKey string         `json:"idempotency_key,omitempty"`
	WorkPoolName   string         `json:"work_pool_name,omitempty"`
	WorkQueueName  string         `json:"work_queue_name,omitempty"`
	JobVariables   map[string]any `json:"job_variables,omitempty"`
	State          *State         `json:"state,omitempty"`
}

// FlowRunUpdate changes a flow run; fields left zero are left alone. The server refuses JobVariables with the whole
// update when the run is not scheduled, so send them apart.
type FlowRunUpdate struct {
	Name              Patch[string]         `json:"name,omitzero"`
	FlowVersion       Patch[string]         `json:"flow_version,omitzero"`
	Parameters        Patch[map[string]any] `json:"parameters,omitzero"`
	Policy            Patch[RunPolicy]      `json:"empirical_policy,omitzero"`
	Tags              Patch[[]string]       `json:"tags,omitzero"`
	InfrastructurePID Patch[string]         `json:"infrastructure_pid,omitzero"`
	JobVariables      Patch[map[string]any] `json:"job_variables,omitzero"`
}

// FlowRunFilter selects flow runs.
type FlowRunFilter struct {
	Operator               Operator         `json:"operator,omitempty"`
	ID                     *IDFilter        `json:"id,omitempty"`
	Name                   *NameFilter      `json:"name,omitempty"`
	Tags                   *TagsFilter      `json:"tags,omitempty"`
	DeploymentID           *LinkFilter      `json:"deployment_id,omitempty"`
	WorkQueueName          *LinkFilter      `json:"work_queue_name,omitempty"`
	State                  *StateFilter     `json:"state,omitempty"`
	FlowVersion            *AnyFilter       `json:"flow_version,omitempty"`
	StartTime              *TimeFilter      `json:"start_time,omitempty"`
	EndTime                *TimeFilter      `json:"end_time,omitempty"`
	ExpectedStartTime      *TimeFilter      `json:"expected_start_time,omitempty"`
	NextScheduledStartTime *TimeFilter      `json:"next_scheduled_start_time,omitempty"`
	ParentFlowRunID        *AnyFilter       `json:"parent_flow_run_id,omitempty"`
	ParentTaskRunID        *LinkFilter      `json:"parent_task_run_id,omitempty"`
	IdempotencyKey         *IDFilter        `json:"idempotency_key,omitempty"`
	CreatedBy              *CreatedByFilter `json:"created_by,omitempty"`
}

// CreatedByFilter selects by who made the run.
type CreatedByFilter struct {
	Operator Operator `json:"operator,omitempty"`
	ID       []string `json:"id_,omitempty"`
	Type     []string `json:"type_,omitempty"`
	IsNull   *bool    `json:"is_null_,omitempty"`
}

// FlowRunQuery asks for flow runs. Sort is one of ID_DESC (default), START_TIME_ASC, START_TIME_DESC,
// EXPECTED_START_TIME_ASC, EXPECTED_START_TIME_DESC, NAME_ASC, NAME_DESC, NEXT_SCHEDULED_START_TIME_ASC, END_TIME_DESC.
type FlowRunQuery struct {
	Related
	Sort string `json:"sort,omitempty"`
	// PageSize is how many are fetched at once; 0 means [MaxPageSize].
	PageSize int `json:"-"`
}

// Create makes a flow run. With an idempotency key, created is false when the run existed.
func (s *FlowRunsService) Create(ctx context.Context, in FlowRunCreate) (run *FlowRun, created bool, err error) {
	req := post("/flow_runs/", in)
	if in.IdempotencyKey != "" {
		req = req.harmless()
	}
	run = &FlowRun{}
	resp, err := s.client.call(ctx, req, run)
	if err != nil {
		return nil, false, err
	}
	return run, resp.Status == http.StatusCreated, nil
}

// Read gives the flow run with this id.
func (s *FlowRunsService) Read(ctx context.Context, id string) (*FlowRun, error) {
	var run FlowRun
	if _, err := s.client.call(ctx, get(pathOf("flow_runs", id)), &run); err != nil {
		return nil, err
	}
	return &run, nil
}

// Update changes what is set in the update.
func (s *FlowRunsService) Update(ctx context.Context, id string, update FlowRunUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("flow_runs", id), update), nil)
	return err
}

// UpdateLabels adds labels to a flow run, or replaces those of the same name. Values are texts, numbers or booleans.
func (s *FlowRunsService) UpdateLabels(ctx context.Context, id string, labels map[string]any) error {
	_, err := s.client.call(ctx, patch(pathOf("flow_runs", id, "labels"), labels), nil)
	return err
}

// Delete removes a flow run with its task runs.
func (s *FlowRunsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("flow_runs", id)), nil)
	return err
}

// Filter walks the flow runs that match.
func (s *FlowRunsService) Filter(ctx context.Context, q FlowRunQuery) iter.Seq2[*FlowRun, error] {
	return pages(q.PageSize, func(r *FlowRun) string { return r.ID }, func(p page) ([]*FlowRun, error) {
		return fetch[FlowRun](ctx, s.client, "/flow_runs/filter", struct {
			FlowRunQuery
			page
		}{q, p})
	})
}

// Count gives the number of flow runs that match.
func (s *FlowRunsService) Count(ctx context.Context, r Related) (int, error) {
	return count(ctx, s.client, "/flow_runs/count", r)
}

// Graph gives the run's task runs, subflow runs, edges and artifacts as the UI draws them.
func (s *FlowRunsService) Graph(ctx context.Context, id string) (*FlowRunGraph, error) {
	var graph FlowRunGraph
	if _, err := s.client.call(ctx, get(pathOf("flow_runs", id, "graph-v2")), &graph); err != nil {
		return nil, err
	}
	return &graph, nil
}

// FlowRunGraph is a run as a graph. Nodes are pairs of an id and a node, in the order of their start.
type FlowRunGraph struct {
	StartTime   time.Time         `json:"start_time"`
	EndTime     time.Time         `json:"end_time"`
	RootNodeIDs []string          `json:"root_node_ids"`
	Nodes       []GraphNode       `json:"nodes"`
	Artifacts   []json.RawMessage `json:"artifacts"`
	States      []json.RawMessage `json:"states"`
}

// GraphNode is a task run or a subflow run in a graph.
type GraphNode struct {
	Kind      string    `json:"kind"`
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	StateType StateType `json:"state_type"`
	StartTime time.Time `json:"start_time"`
	EndTime   time.Time `json:"end_time"`
	Parents   []Edge    `json:"parents"`
	Children  []Edge    `json:"children"`
}

// Edge names the other end of a connection in a graph.
type Edge struct {
	ID string `json:"id"`
}

// UnmarshalJSON reads a node out of its pair. The server gives an edge once for each input of its parent; here it is there once.
func (n *GraphNode) UnmarshalJSON(data []byte) error {
	type plain GraphNode
	var id string
	err := json.Unmarshal(data, &[]any{&id, (*plain)(n)})
	n.Parents, n.Children = distinct(n.Parents), distinct(n.Children)
	return err
}

// distinct leaves out edges that came before.
func distinct(edges []Edge) []Edge {
	seen := make(map[string]bool, len(edges))
	return slices.DeleteFunc(edges, func(edge Edge) bool {
		again := seen[edge.ID]
		seen[edge.ID] = true
		return again
	})
}
