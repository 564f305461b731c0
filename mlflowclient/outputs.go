package mlflowclient

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// LogOutputs says which logged models the run made. A model that the run already has as its output counts as done,
// whatever its step: MLflow keeps the first.
func (s *RunService) LogOutputs(ctx context.Context, runID string, outputs []ModelOutput) error {
	err := s.logOutputs(ctx, runID, outputs)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusBadRequest {
		return err
	}
	// The server refuses the whole call for one output that it has, with a text of its database. The run tells.
	run, getErr := s.Get(ctx, runID)
	if getErr != nil {
		return err
	}
	missing := slices.DeleteFunc(slices.Clone(outputs), func(o ModelOutput) bool {
		return slices.ContainsFunc(run.ModelOutputs, func(had ModelOutput) bool { return had.ModelID == o.ModelID })
	})
	switch len(missing) {
	case 0:
		return nil
	case len(outputs):
		return err
	}
	return s.logOutputs(ctx, runID, missing)
}

func (s *RunService) logOutputs(ctx context.Context, runID string, outputs []ModelOutput) error {
	body := struct {
		RunID  string            `json:"run_id"`
		Models []modelOutputJSON `json:"models"`
	}{RunID: runID, Models: []modelOutputJSON{}}
	for _, m := range outputs {
		body.Models = append(body.Models, modelOutputJSON{m.ModelID, integer(m.Step)})
	}
	return s.api.call(ctx, writes("runs/outputs"), body, nil)
}
