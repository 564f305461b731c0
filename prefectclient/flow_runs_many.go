package prefectclient

import (
	"context"
	"io"
	"time"
)

// BulkDelete removes at most limit flow runs that match (0: the server's 50), with their task runs, and gives their ids.
func (s *FlowRunsService) BulkDelete(ctx context.Context, filter FlowRunFilter, limit int) ([]string, error) {
	return bulkDelete(ctx, s.client, "flow_runs", filter, limit)
}

// BulkOrchestration is the rules' answer for one of many runs.
type BulkOrchestration struct {
	FlowRunID string
	Orchestration
}

// BulkSetState proposes a state for at most limit flow runs that match (0: the server's 50), and gives the rules' answer
// for each. Forced, it passes by the rules.
func (s *FlowRunsService) BulkSetState(ctx context.Context, filter FlowRunFilter, state State, force bool, limit int) ([]BulkOrchestration, error) {
	body := struct {
		FlowRuns FlowRunFilter `json:"flow_runs"`
		proposal
		Limit int `json:"limit,omitempty"`
	}{filter, propose(state, force), limit}
	answer, err := one[struct {
		Results []struct {
			FlowRunID string `json:"flow_run_id"`
			orchestrationAnswer
		} `json:"results"`
	}](ctx, s.client, post("/flow_runs/bulk_set_state", body))
	if err != nil {
		return nil, err
	}
	results := make([]BulkOrchestration, len(answer.Results))
	for i := range answer.Results {
		results[i] = BulkOrchestration{answer.Results[i].FlowRunID, *answer.Results[i].result()}
	}
	return results, nil
}

// Page gives one page of the flow runs that match, with the number of all.
func (s *FlowRunsService) Page(ctx context.Context, q FlowRunQuery, number int) (*Page[FlowRun], error) {
	return numbered[FlowRun](ctx, s.client, "/flow_runs/paginate", q.PageSize, number, func(p pageNumber) any {
		return struct {
			FlowRunQuery
			pageNumber
		}{q, p}
	})
}

// History counts the flow runs that match by state, interval by interval; see [HistoryQuery].
func (s *FlowRunsService) History(ctx context.Context, q HistoryQuery) ([]*HistoryInterval, error) {
	return history(ctx, s.client, "/flow_runs/history", q)
}

// Lateness gives the average time between the expected and the real start of the runs that match; 0 without any.
func (s *FlowRunsService) Lateness(ctx context.Context, r Related) (time.Duration, error) {
	seconds, err := one[float64](ctx, s.client, read("/flow_runs/lateness", r))
	if err != nil {
		return 0, err
	}
	return time.Duration(*seconds * float64(time.Second)), nil
}

// CountTaskRuns gives the number of task runs of each flow run.
func (s *FlowRunsService) CountTaskRuns(ctx context.Context, flowRunIDs ...string) (map[string]int, error) {
	var counts map[string]int
	_, err := s.client.call(ctx, read("/ui/flow_runs/count-task-runs", map[string]any{"flow_run_ids": notNil(flowRunIDs)}), &counts)
	return counts, err
}

// DownloadLogs writes the logs of a flow run as CSV.
func (s *FlowRunsService) DownloadLogs(ctx context.Context, id string, w io.Writer) error {
	resp, err := s.client.call(ctx, get(pathOf("flow_runs", id, "logs", "download")), nil)
	if err != nil {
		return err
	}
	_, err = w.Write(resp.Body)
	return err
}
