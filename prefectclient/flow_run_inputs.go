package prefectclient

import (
	"context"
	"encoding/json"
	"fmt"
)

// FlowRunInput is a value that someone sent to a run under a key.
type FlowRunInput struct {
	FlowRunID string `json:"flow_run_id"`
	Key       string `json:"key"`
	// Value is JSON in a text.
	Value  string `json:"value"`
	Sender string `json:"sender"`
}

// CreateInput keeps a value, as JSON, under a key of the run. A key that exists is an [ErrConflict].
func (s *FlowRunsService) CreateInput(ctx context.Context, id, key string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("prefect: the input %q cannot be written as JSON: %w", key, err)
	}
	body := map[string]string{"key": key, "value": string(data)}
	_, err = s.client.call(ctx, post(pathOf("flow_runs", id, "input"), body), nil)
	return err
}

// ReadInput decodes the value under a key of the run into out.
func (s *FlowRunsService) ReadInput(ctx context.Context, id, key string, out any) error {
	_, err := s.client.call(ctx, get(pathOf("flow_runs", id, "input", key)), out)
	return err
}

// DeleteInput removes the value under a key of the run.
func (s *FlowRunsService) DeleteInput(ctx context.Context, id, key string) error {
	_, err := s.client.call(ctx, remove(pathOf("flow_runs", id, "input", key)), nil)
	return err
}

// FilterInputs gives up to limit inputs whose keys have the prefix, without those of the excluded keys.
func (s *FlowRunsService) FilterInputs(ctx context.Context, id, prefix string, limit int, exclude ...string) ([]*FlowRunInput, error) {
	if exclude == nil {
		exclude = []string{}
	}
	body := map[string]any{"prefix": prefix, "limit": limit, "exclude_keys": exclude}
	return fetch[FlowRunInput](ctx, s.client, pathOf("flow_runs", id, "input", "filter"), body)
}

// Resume moves a paused run on, with the input that it waits for, or nil. An input that does not fit the run's schema
// leaves the run paused: the answer is then a rejection with the reason.
func (s *FlowRunsService) Resume(ctx context.Context, id string, input any) (*Orchestration, error) {
	body := map[string]any{}
	if input != nil {
		body["run_input"] = input
	}
	var answer orchestrationAnswer
	if _, err := s.client.call(ctx, post(pathOf("flow_runs", id, "resume"), body), &answer); err != nil {
		return nil, err
	}
	return answer.result(), nil
}
