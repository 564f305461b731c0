package prefectclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// DeploymentSpec says what a deployment shall be. Name and FlowID are required; what is left zero is the server's
// default for a new deployment and is left alone on an existing one.
type DeploymentSpec struct {
	Name   string
	FlowID string
	// WorkPool is where its runs are queued, WorkQueue the queue there ("default" when empty; made when missing).
	WorkPool, WorkQueue string
	// Parameters is a struct or map that becomes a JSON object; runs may override each of them.
	Parameters any
	// ParameterSchema is the OpenAPI schema that the UI draws the form from; see [SchemaOf].
	ParameterSchema any
	// EnforceParameterSchema is true for a new deployment when nil: a run whose parameters do not fit is refused.
	EnforceParameterSchema *bool
	// Schedules replaces the deployment's schedules unless nil; those that are there already are not touched. An empty
	// list removes all.
	Schedules []ScheduleSpec
	// ConcurrencyLimit is how many of its runs may run at once; what is over it waits, or is cancelled with
	// CollisionStrategy CANCEL_NEW.
	ConcurrencyLimit  int
	CollisionStrategy string
	Tags              []string
	Version           string
	// Description is Markdown.
	Description  string
	JobVariables map[string]any
	// Entrypoint and Path are shown in the UI.
	Entrypoint, Path string
	Paused           *bool
}

// Apply makes the deployment, or brings the existing one with this flow and name in line with the spec. Unlike a
// repeated creation, which resets to defaults what it does not name, it leaves alone what the spec leaves zero.
func (s *DeploymentsService) Apply(ctx context.Context, spec DeploymentSpec) (*Deployment, error) {
	if spec.Name == "" || spec.FlowID == "" {
		return nil, errors.New("prefect: a deployment needs a name and a flow id")
	}
	for _, schedule := range spec.Schedules {
		if err := schedule.Schedule.validate(); err != nil {
			return nil, fmt.Errorf("prefect: deployment %q: %w", spec.Name, err)
		}
	}
	flow, err := s.client.Flows.Read(ctx, spec.FlowID)
	if err != nil {
		return nil, err
	}
	existing, err := s.ReadByName(ctx, flow.Name, spec.Name)
	if errors.Is(err, ErrNotFound) {
		return s.create(ctx, spec)
	}
	if err != nil {
		return nil, err
	}
	update, err := spec.update(existing)
	if err != nil {
		return nil, err
	}
	if update != (deploymentPatch{}) {
		if err := s.patch(ctx, existing.ID, update); err != nil {
			return nil, err
		}
	}
	if spec.Schedules != nil {
		if err := s.syncSchedules(ctx, existing, spec.Schedules); err != nil {
			return nil, err
		}
	}
	return s.Read(ctx, existing.ID)
}

// deploymentPatch is an update whose fields are JSON already, so that it can be compared.
type deploymentPatch struct {
	Version, Description, Tags, Parameters, Schema, Enforce, Limit, Options string
	Pool, Queue, Variables, Entrypoint, Path, Paused                        string
}

func (s *DeploymentsService) patch(ctx context.Context, id string, p deploymentPatch) error {
	body := map[string]json.RawMessage{}
	for name, value := range map[string]string{
		"version": p.Version, "description": p.Description, "tags": p.Tags, "parameters": p.Parameters,
		"parameter_openapi_schema": p.Schema, "enforce_parameter_schema": p.Enforce, "concurrency_limit": p.Limit,
		"concurrency_options": p.Options, "work_pool_name": p.Pool, "work_queue_name": p.Queue,
		"job_variables": p.Variables, "entrypoint": p.Entrypoint, "path": p.Path, "paused": p.Paused,
	} {
		if value != "" {
			body[name] = json.RawMessage(value)
		}
	}
	_, err := s.client.call(ctx, patch(pathOf("deployments", id), body), nil)
	return err
}

// update compares a spec with what is there.
func (spec *DeploymentSpec) update(d *Deployment) (deploymentPatch, error) {
	var p deploymentPatch
	text := func(to *string, want, have string) {
		if want != "" && want != have {
			*to = string(mustJSON(want))
		}
	}
	text(&p.Version, spec.Version, d.Version)
	text(&p.Description, spec.Description, d.Description)
	text(&p.Entrypoint, spec.Entrypoint, d.Entrypoint)
	text(&p.Path, spec.Path, d.Path)
	text(&p.Pool, spec.WorkPool, d.WorkPoolName)
	text(&p.Queue, spec.WorkQueue, d.WorkQueueName)
	if p.Pool != "" && spec.WorkQueue != "" {
		p.Queue = string(mustJSON(spec.WorkQueue)) // a queue belongs to its pool: they move together
	}
	if p.Queue != "" && d.WorkPoolName != "" && p.Pool == "" {
		p.Pool = string(mustJSON(d.WorkPoolName)) // without it the server looks for the queue outside of pools
	}
	if spec.EnforceParameterSchema != nil && *spec.EnforceParameterSchema != d.EnforceParameterSchema {
		p.Enforce = string(mustJSON(*spec.EnforceParameterSchema))
	}
	if spec.Paused != nil && *spec.Paused != d.Paused {
		p.Paused = string(mustJSON(*spec.Paused))
	}
	if spec.ConcurrencyLimit > 0 && (d.GlobalConcurrencyLimit == nil || d.GlobalConcurrencyLimit.Limit != spec.ConcurrencyLimit) {
		p.Limit = string(mustJSON(spec.ConcurrencyLimit))
	}
	if spec.CollisionStrategy != "" && (d.ConcurrencyOptions == nil || d.ConcurrencyOptions.CollisionStrategy != spec.CollisionStrategy) {
		p.Options = string(mustJSON(ConcurrencyOptions{spec.CollisionStrategy}))
	}
	for _, field := range []struct {
		to    *string
		given bool
		want  any
		have  any
	}{
		{&p.Tags, spec.Tags != nil, spec.Tags, d.Tags},
		{&p.Parameters, spec.Parameters != nil, spec.Parameters, d.Parameters},
		{&p.Schema, spec.ParameterSchema != nil, spec.ParameterSchema, d.ParameterSchema},
		{&p.Variables, spec.JobVariables != nil, spec.JobVariables, d.JobVariables},
	} {
		if !field.given || sameJSON(field.want, field.have) {
			continue
		}
		data, err := json.Marshal(field.want)
		if err != nil {
			return p, fmt.Errorf("prefect: deployment %q cannot be written as JSON: %w", spec.Name, err)
		}
		*field.to = string(data)
	}
	return p, nil
}

func (s *DeploymentsService) create(ctx context.Context, spec DeploymentSpec) (*Deployment, error) {
	body := map[string]any{"name": spec.Name, "flow_id": spec.FlowID}
	set := func(name string, given bool, value any) {
		if given {
			body[name] = value
		}
	}
	set("work_pool_name", spec.WorkPool != "", spec.WorkPool)
	set("work_queue_name", spec.WorkQueue != "", spec.WorkQueue)
	set("parameters", spec.Parameters != nil, spec.Parameters)
	set("parameter_openapi_schema", spec.ParameterSchema != nil, spec.ParameterSchema)
	set("enforce_parameter_schema", spec.EnforceParameterSchema != nil, spec.EnforceParameterSchema)
	set("schedules", len(spec.Schedules) > 0, spec.Schedules)
	set("concurrency_limit", spec.ConcurrencyLimit > 0, spec.ConcurrencyLimit)
	set("concurrency_options", spec.CollisionStrategy != "", ConcurrencyOptions{spec.CollisionStrategy})
	set("tags", spec.Tags != nil, spec.Tags)
	set("version", spec.Version != "", spec.Version)
	set("description", spec.Description != "", spec.Description)
	set("job_variables", spec.JobVariables != nil, spec.JobVariables)
	set("entrypoint", spec.Entrypoint != "", spec.Entrypoint)
	set("path", spec.Path != "", spec.Path)
	set("paused", spec.Paused != nil, spec.Paused)
	var d Deployment
	// Creation is an upsert by flow and name: repeating it makes the same deployment again.
	if _, err := s.client.call(ctx, post("/deployments/", body).harmless(), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// sameJSON compares two values as JSON, whatever the order of keys.
func sameJSON(a, b any) bool {
	first, ok := canonicalJSON(a)
	if !ok {
		return false
	}
	second, ok := canonicalJSON(b)
	return ok && bytes.Equal(first, second)
}

func canonicalJSON(v any) ([]byte, bool) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	var decoded any
	if json.Unmarshal(data, &decoded) != nil {
		return nil, false
	}
	data, err = json.Marshal(decoded)
	return data, err == nil
}
