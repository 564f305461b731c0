package mlflowclient

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
)

// runOnce is the run that the first Start resumes.
type runOnce struct {
	id    string
	taken atomic.Bool
}

// take gives the id once, and then "".
func (o *runOnce) take() string {
	if o.id == "" || o.taken.Swap(true) {
		return ""
	}
	return o.id
}

// resumeRun takes a run up again. Only what is given changes; the tags of who started it stay.
func (c *Client) resumeRun(ctx context.Context, in StartRun) (*ActiveRun, error) {
	run, err := c.Runs.Get(ctx, in.RunID)
	if err != nil {
		return nil, fmt.Errorf("resuming run %s: %w", in.RunID, err)
	}
	switch {
	case run.Stage == StageDeleted:
		return nil, &Error{Code: CodeInvalidState, Message: fmt.Sprintf("run %s cannot be resumed: it is deleted; restore it first", in.RunID)}
	case in.ExperimentID != "" && in.ExperimentID != run.ExperimentID:
		return nil, invalid("run %s cannot be resumed in experiment %s: it belongs to experiment %s", in.RunID, in.ExperimentID, run.ExperimentID)
	}
	info, err := c.Runs.Update(ctx, in.RunID, UpdateRun{Status: StatusRunning, EndTime: run.EndTime, Name: in.Name})
	if err != nil {
		return nil, fmt.Errorf("resuming run %s: %w", in.RunID, err)
	}
	tags := maps.Clone(in.Tags)
	if in.Description != "" {
		if tags == nil {
			tags = map[string]string{}
		}
		tags[TagNote] = in.Description
	}
	if err := c.Runs.LogBatch(ctx, in.RunID, Batch{Tags: tags}); err != nil {
		return nil, fmt.Errorf("resuming run %s: %w", in.RunID, err)
	}
	return c.activate(ctx, *info, in.SystemMetrics, nextSystemStep(run)), nil
}

// nextSystemStep follows the system metrics that the run has.
func nextSystemStep(run *Run) int64 {
	next := int64(0)
	for key, m := range run.Metrics {
		if strings.HasPrefix(key, systemPrefix) {
			next = max(next, m.Step+1)
		}
	}
	return next
}
