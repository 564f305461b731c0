package prefectclient

import (
	"context"
	"time"
)

// BulkDelete removes at most limit deployments that match (0: the server's 50) and gives their ids.
func (s *DeploymentsService) BulkDelete(ctx context.Context, filter DeploymentFilter, limit int) ([]string, error) {
	return bulkDelete(ctx, s.client, "deployments", filter, limit)
}

// BulkRun is the outcome of one of many runs to be made: the id of the run, or why there is none.
type BulkRun struct {
	FlowRunID string `json:"flow_run_id"`
	// Status is CREATED or FAILED.
	Status string `json:"status"`
	Error  string `json:"error"`
}

// CreateFlowRuns makes several runs of a deployment at once and gives an outcome for each, in their order.
func (s *DeploymentsService) CreateFlowRuns(ctx context.Context, id string, runs ...DeploymentRun) ([]*BulkRun, error) {
	body := make([]deploymentRun, len(runs))
	keyed := true
	for i, run := range runs {
		body[i] = run.asSent()
		keyed = keyed && run.IdempotencyKey != ""
	}
	req := post(pathOf("deployments", id, "create_flow_run", "bulk"), body)
	if keyed {
		req = req.harmless()
	}
	answer, err := one[struct {
		Results []*BulkRun `json:"results"`
	}](ctx, s.client, req)
	if err != nil {
		return nil, err
	}
	return answer.Results, nil
}

// Schedule makes the runs that a deployment's schedules have between two times, without waiting for the server's own
// scheduler. Runs that exist are not made again.
func (s *DeploymentsService) Schedule(ctx context.Context, id string, from, to time.Time) error {
	body := map[string]time.Time{"start_time": from.UTC(), "end_time": to.UTC()}
	_, err := s.client.call(ctx, post(pathOf("deployments", id, "schedule"), body).harmless(), nil)
	return err
}

// Page gives one page of the deployments that match, with the number of all.
func (s *DeploymentsService) Page(ctx context.Context, q DeploymentQuery, number int) (*Page[Deployment], error) {
	return numbered[Deployment](ctx, s.client, "/deployments/paginate", q.PageSize, number, func(p pageNumber) any {
		return struct {
			DeploymentQuery
			pageNumber
		}{q, p}
	})
}

// CountByFlow gives the number of deployments of each flow.
func (s *DeploymentsService) CountByFlow(ctx context.Context, flowIDs ...string) (map[string]int, error) {
	var counts map[string]int
	_, err := s.client.call(ctx, read("/ui/flows/count-deployments", map[string]any{"flow_ids": notNil(flowIDs)}), &counts)
	return counts, err
}

// NextRun is the next planned run of a flow.
type NextRun struct {
	ID        string    `json:"id"`
	FlowID    string    `json:"flow_id"`
	Name      string    `json:"name"`
	StateName string    `json:"state_name"`
	StateType StateType `json:"state_type"`
	StartTime time.Time `json:"next_scheduled_start_time"`
}

// NextRuns gives the next planned run of each flow; nil for a flow without one.
func (s *DeploymentsService) NextRuns(ctx context.Context, flowIDs ...string) (map[string]*NextRun, error) {
	var next map[string]*NextRun
	_, err := s.client.call(ctx, read("/ui/flows/next-runs", map[string]any{"flow_ids": notNil(flowIDs)}), &next)
	return next, err
}
