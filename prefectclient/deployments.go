package prefectclient

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// DeploymentsService holds deployments: a flow with a place to run, parameters and schedules. How one is made or
// brought up to date is in deployment_apply.go, schedules are in schedules.go.
type DeploymentsService struct{ client *Client }

// Deployment is a deployment as the server has it.
type Deployment struct {
	ID                     string                `json:"id"`
	Created                time.Time             `json:"created"`
	Updated                time.Time             `json:"updated"`
	Name                   string                `json:"name"`
	Version                string                `json:"version"`
	Description            string                `json:"description"`
	FlowID                 string                `json:"flow_id"`
	Paused                 bool                  `json:"paused"`
	Schedules              []*DeploymentSchedule `json:"schedules"`
	ConcurrencyOptions     *ConcurrencyOptions   `json:"concurrency_options"`
	GlobalConcurrencyLimit *struct {
		ID    string `json:"id"`
		Limit int    `json:"limit"`
	} `json:"global_concurrency_limit"`
	JobVariables    map[string]any  `json:"job_variables"`
	Parameters      map[string]any  `json:"parameters"`
	Tags            []string        `json:"tags"`
	Labels          map[string]any  `json:"labels"`
	WorkPoolName    string          `json:"work_pool_name"`
	WorkQueueName   string          `json:"work_queue_name"`
	WorkQueueID     string          `json:"work_queue_id"`
	LastPolled      time.Time       `json:"last_polled"`
	ParameterSchema json.RawMessage `json:"parameter_openapi_schema"`
	Path            string          `json:"path"`
	Entrypoint      string          `json:"entrypoint"`
	// Status is READY or NOT_READY: whether a worker has looked for its runs lately.
	Status                 string `json:"status"`
	EnforceParameterSchema bool   `json:"enforce_parameter_schema"`
}

// ConcurrencyOptions say what happens to a run over a deployment's concurrency limit.
type ConcurrencyOptions struct {
	// CollisionStrategy is ENQUEUE or CANCEL_NEW.
	CollisionStrategy string `json:"collision_strategy"`
}

// DeploymentUpdate changes a deployment; fields left zero are left alone.
type DeploymentUpdate struct {
	Version                Patch[string]             `json:"version,omitzero"`
	Description            Patch[string]             `json:"description,omitzero"`
	Paused                 Patch[bool]               `json:"paused,omitzero"`
	ConcurrencyLimit       Patch[int]                `json:"concurrency_limit,omitzero"`
	ConcurrencyOptions     Patch[ConcurrencyOptions] `json:"concurrency_options,omitzero"`
	Parameters             Patch[map[string]any]     `json:"parameters,omitzero"`
	ParameterSchema        Patch[json.RawMessage]    `json:"parameter_openapi_schema,omitzero"`
	EnforceParameterSchema Patch[bool]               `json:"enforce_parameter_schema,omitzero"`
	Tags                   Patch[[]string]           `json:"tags,omitzero"`
	WorkPoolName           Patch[string]             `json:"work_pool_name,omitzero"`
	WorkQueueName          Patch[string]             `json:"work_queue_name,omitzero"`
	JobVariables           Patch[map[string]any]     `json:"job_variables,omitzero"`
	Path                   Patch[string]             `json:"path,omitzero"`
	Entrypoint             Patch[string]             `json:"entrypoint,omitzero"`
}

// DeploymentFilter selects deployments.
type DeploymentFilter struct {
	Operator         Operator    `json:"operator,omitempty"`
	ID               *IDFilter   `json:"id,omitempty"`
	Name             *NameFilter `json:"name,omitempty"`
	FlowOrDeployment *NameFilter `json:"flow_or_deployment_name,omitempty"`
	Paused           *BoolFilter `json:"paused,omitempty"`
	Tags             *TagsFilter `json:"tags,omitempty"`
	WorkQueueName    *AnyFilter  `json:"work_queue_name,omitempty"`
}

// BoolFilter selects by a yes or no.
type BoolFilter struct {
	Equals bool `json:"eq_"`
}

// DeploymentQuery asks for deployments. Sort is one of CREATED_DESC, UPDATED_DESC, NAME_ASC (default), NAME_DESC.
type DeploymentQuery struct {
	Related
	Sort string `json:"sort,omitempty"`
	// PageSize is how many are fetched at once; 0 means [MaxPageSize].
	PageSize int `json:"-"`
}

// DeploymentRun describes a run of a deployment. The zero value runs it now with its own parameters.
type DeploymentRun struct {
	Name string `json:"name,omitempty"`
	// Parameters win over those of the deployment, one by one. With an enforced schema, wrong ones are an
	// [ErrConflict].
	Parameters any      `json:"parameters,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	// IdempotencyKey makes a second creation with the same key give the first one's run. A call with one is repeated when
	// its answer is lost, a call without is not: Python's runs have none, and the server shows it.
	IdempotencyKey string         `json:"idempotency_key,omitempty"`
	WorkQueueName  string         `json:"work_queue_name,omitempty"`
	JobVariables   map[string]any `json:"job_variables,omitempty"`
	Labels         map[string]any `json:"labels,omitempty"`
	// ParentTaskRunID makes it a subflow's run.
	ParentTaskRunID string `json:"parent_task_run_id,omitempty"`
	// At is when it shall start; zero for now.
	At time.Time `json:"-"`
}

// Read gives the deployment with this id.
func (s *DeploymentsService) Read(ctx context.Context, id string) (*Deployment, error) {
	var d Deployment
	if _, err := s.client.call(ctx, get(pathOf("deployments", id)), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// ReadByName gives the deployment of a flow with this name.
func (s *DeploymentsService) ReadByName(ctx context.Context, flow, deployment string) (*Deployment, error) {
	var d Deployment
	if _, err := s.client.call(ctx, get(pathOf("deployments", "name", flow, deployment)), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// Update changes what is set in the update.
func (s *DeploymentsService) Update(ctx context.Context, id string, update DeploymentUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("deployments", id), update), nil)
	return err
}

// Delete removes a deployment with its planned runs.
func (s *DeploymentsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("deployments", id)), nil)
	return err
}

// Pause stops all schedules of a deployment and removes its planned runs.
func (s *DeploymentsService) Pause(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, post(pathOf("deployments", id, "pause_deployment"), nil).harmless(), nil)
	return err
}

// Resume lets a paused deployment's schedules go on.
func (s *DeploymentsService) Resume(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, post(pathOf("deployments", id, "resume_deployment"), nil).harmless(), nil)
	return err
}

// deploymentRun is a run's description as it is sent: its time is in the state.
type deploymentRun struct {
	DeploymentRun
	State State `json:"state"`
}

func (r DeploymentRun) asSent() deploymentRun {
	return deploymentRun{r, State{Type: StateScheduled, Details: StateDetails{ScheduledTime: r.At}}}
}

// CreateFlowRun makes a run of a deployment, by the call behind the UI's Run button.
func (s *DeploymentsService) CreateFlowRun(ctx context.Context, id string, in DeploymentRun) (*FlowRun, error) {
	req := post(pathOf("deployments", id, "create_flow_run"), in.asSent())
	if in.IdempotencyKey != "" {
		req = req.harmless()
	}
	var run FlowRun
	if _, err := s.client.call(ctx, req, &run); err != nil {
		return nil, err
	}
	return &run, nil
}

// ScheduledFlowRuns gives the runs of deployments that are planned up to a time, the earliest first. Asking marks the
// deployments as served. It is what a process asks that serves deployments without a work pool.
func (s *DeploymentsService) ScheduledFlowRuns(ctx context.Context, before time.Time, limit int, deploymentIDs ...string) ([]*FlowRun, error) {
	body := map[string]any{"deployment_ids": deploymentIDs, "scheduled_before": before.UTC()}
	if limit > 0 {
		body["limit"] = limit
	}
	return fetch[FlowRun](ctx, s.client, "/deployments/get_scheduled_flow_runs", body)
}

// Filter walks the deployments that match.
func (s *DeploymentsService) Filter(ctx context.Context, q DeploymentQuery) iter.Seq2[*Deployment, error] {
	return pages(q.PageSize, func(d *Deployment) string { return d.ID }, func(p page) ([]*Deployment, error) {
		return fetch[Deployment](ctx, s.client, "/deployments/filter", struct {
			DeploymentQuery
			page
		}{q, p})
	})
}

// Count gives the number of deployments that match.
func (s *DeploymentsService) Count(ctx context.Context, r Related) (int, error) {
	return count(ctx, s.client, "/deployments/count", r)
}
