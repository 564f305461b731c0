package prefectclient

import (
	"context"
	"fmt"
	"time"
)

// HistoryQuery asks how many runs were in which state over a time.
type HistoryQuery struct {
	Related
	Start, End time.Time
	// Interval is the length of one step, at least a second.
	Interval time.Duration
}

// HistoryInterval is one step of a history.
type HistoryInterval struct {
	Start  time.Time      `json:"interval_start"`
	End    time.Time      `json:"interval_end"`
	States []HistoryState `json:"states"`
}

// HistoryState counts the runs of one state in a step.
type HistoryState struct {
	Type StateType `json:"state_type"`
	Name string    `json:"state_name"`
	Runs int       `json:"count_runs"`
	// RunTime and Lateness are sums of the server's estimates, in seconds.
	RunTime  float64 `json:"sum_estimated_run_time"`
	Lateness float64 `json:"sum_estimated_lateness"`
}

func history(ctx context.Context, c *Client, path string, q HistoryQuery) ([]*HistoryInterval, error) {
	if q.Interval < time.Second || !q.Start.Before(q.End) {
		return nil, fmt.Errorf("prefect: a history needs Start before End and an Interval of a second or more, not %v to %v by %v", q.Start, q.End, q.Interval)
	}
	return fetch[HistoryInterval](ctx, c, path, struct {
		Related
		Start    time.Time `json:"history_start"`
		End      time.Time `json:"history_end"`
		Interval float64   `json:"history_interval_seconds"`
	}{q.Related, q.Start.UTC(), q.End.UTC(), q.Interval.Seconds()})
}
