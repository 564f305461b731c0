package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// AdminService answers for the server itself.
type AdminService struct{ client *Client }

// Health asks whether the server answers. It needs no credentials.
func (s *AdminService) Health(ctx context.Context) error {
	var healthy bool
	if _, err := s.client.call(ctx, get("/health"), &healthy); err != nil {
		return err
	}
	if !healthy {
		return errors.New("prefect: the server says that it is not healthy")
	}
	return nil
}

// Ready asks whether the server and its database answer.
func (s *AdminService) Ready(ctx context.Context) error {
	_, err := s.client.call(ctx, get("/ready"), nil)
	return err
}

// Version gives the server's version, for example "3.8.8".
func (s *AdminService) Version(ctx context.Context) (string, error) {
	var version string
	_, err := s.client.call(ctx, get("/admin/version"), &version)
	return version, err
}

// Settings gives the server's settings as JSON, secrets hidden.
func (s *AdminService) Settings(ctx context.Context) (json.RawMessage, error) {
	var settings json.RawMessage
	_, err := s.client.call(ctx, get("/admin/settings"), &settings)
	return settings, err
}

// resultStorage is the block that holds results where a flow names none.
type resultStorage struct {
	BlockID string `json:"default_result_storage_block_id"`
}

// DefaultResultStorage gives the id of the block document that keeps results where a flow names no storage; "" without
// one.
func (s *AdminService) DefaultResultStorage(ctx context.Context) (string, error) {
	storage, err := one[resultStorage](ctx, s.client, get("/admin/storage"))
	if err != nil {
		return "", err
	}
	return storage.BlockID, nil
}

// SetDefaultResultStorage names the block document that keeps results where a flow names no storage.
func (s *AdminService) SetDefaultResultStorage(ctx context.Context, blockDocumentID string) error {
	req := call{method: http.MethodPut, path: "/admin/storage", body: resultStorage{blockDocumentID}}.harmless()
	_, err := s.client.call(ctx, req, nil)
	return err
}

// ClearDefaultResultStorage makes the server name no storage.
func (s *AdminService) ClearDefaultResultStorage(ctx context.Context) error {
	_, err := s.client.call(ctx, remove("/admin/storage"), nil)
	return err
}

// CollectionView gives one of the views on the collections of Prefect's own and its partners, as JSON:
// "aggregate-worker-metadata", "aggregate-block-metadata" or "aggregate-flow-metadata".
func (s *AdminService) CollectionView(ctx context.Context, view string) (json.RawMessage, error) {
	var content json.RawMessage
	_, err := s.client.call(ctx, get(pathOf("collections", "views", view)), &content)
	return content, err
}

// ValidateParameters checks values against a JSON schema as the UI's form does, and gives the errors by field; an empty
// list means that they fit.
func (s *AdminService) ValidateParameters(ctx context.Context, schema, values any) ([]SchemaError, error) {
	answer, err := one[struct {
		Errors []SchemaError `json:"errors"`
		Valid  bool          `json:"valid"`
	}](ctx, s.client, read("/ui/schemas/validate", map[string]any{"schema": schema, "values": values}))
	if err != nil {
		return nil, err
	}
	return answer.Errors, nil
}

// SchemaError is a value that does not fit its schema: a text, or a property or an index with errors of its own.
type SchemaError struct {
	Property string
	Index    *int
	Errors   []SchemaError
	Message  string
}

// UnmarshalJSON reads any of the three forms.
func (e *SchemaError) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &e.Message)
	}
	var form struct {
		Property string        `json:"property"`
		Index    *int          `json:"index"`
		Errors   []SchemaError `json:"errors"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return err
	}
	e.Property, e.Index, e.Errors = form.Property, form.Index, form.Errors
	return nil
}

// TaskWorker is a program that takes background tasks from the server.
type TaskWorker struct {
	Identifier string   `json:"identifier"`
	TaskKeys   []string `json:"task_keys"`
	Timestamp  string   `json:"timestamp"`
}

// TaskWorkers gives the programs that take background tasks of these keys; of all without keys.
func (s *AdminService) TaskWorkers(ctx context.Context, taskKeys ...string) ([]*TaskWorker, error) {
	body := map[string]any{}
	if len(taskKeys) > 0 {
		body["task_worker_filter"] = map[string]any{"task_keys": taskKeys}
	}
	return fetch[TaskWorker](ctx, s.client, "/task_workers/filter", body)
}
