package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
)

// VariablesService holds variables: named JSON values that flows read.
type VariablesService struct{ client *Client }

// Variable is one variable.
type Variable struct {
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
	Tags  []string        `json:"tags"`
}

// VariableFilter selects variables.
type VariableFilter struct {
	Operator Operator    `json:"operator,omitempty"`
	ID       *AnyFilter  `json:"id,omitempty"`
	Name     *NameFilter `json:"name,omitempty"`
	Tags     *TagsFilter `json:"tags,omitempty"`
}

// Read gives the variable of this name.
func (s *VariablesService) Read(ctx context.Context, name string) (*Variable, error) {
	var v Variable
	if _, err := s.client.call(ctx, get(pathOf("variables", "name", name)), &v); err != nil {
		return nil, err
	}
	return &v, nil
}

// Get decodes the value of a variable into out; a variable that does not exist is an [ErrNotFound].
func (s *VariablesService) Get(ctx context.Context, name string, out any) error {
	v, err := s.Read(ctx, name)
	if err != nil {
		return err
	}
	return json.Unmarshal(v.Value, out)
}

// Set makes a variable or changes its value. Tags are left alone when none are given.
func (s *VariablesService) Set(ctx context.Context, name string, value any, tags ...string) error {
	body := map[string]any{"value": value}
	if tags != nil {
		body["tags"] = tags
	}
	_, err := s.client.call(ctx, patch(pathOf("variables", "name", name), body), nil)
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err = s.Create(ctx, name, value, tags...)
	return err
}

// Create makes a variable; a name that exists is an [ErrConflict].
func (s *VariablesService) Create(ctx context.Context, name string, value any, tags ...string) (*Variable, error) {
	body := map[string]any{"name": name, "value": value, "tags": notNil(tags)}
	return one[Variable](ctx, s.client, post("/variables/", body))
}

// ReadByID gives the variable with this id.
func (s *VariablesService) ReadByID(ctx context.Context, id string) (*Variable, error) {
	return one[Variable](ctx, s.client, get(pathOf("variables", id)))
}

// VariableUpdate changes a variable; fields left zero are left alone.
type VariableUpdate struct {
	Name  Patch[string]   `json:"name,omitzero"`
	Value Patch[any]      `json:"value,omitzero"`
	Tags  Patch[[]string] `json:"tags,omitzero"`
}

// Update changes what is set in the update of the variable with this id; its name can change.
func (s *VariablesService) Update(ctx context.Context, id string, update VariableUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("variables", id), update), nil)
	return err
}

// DeleteByID removes the variable with this id.
func (s *VariablesService) DeleteByID(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("variables", id)), nil)
	return err
}

// Count gives the number of variables that match.
func (s *VariablesService) Count(ctx context.Context, filter VariableFilter) (int, error) {
	return count(ctx, s.client, "/variables/count", map[string]any{"variables": filter})
}

// Delete removes a variable.
func (s *VariablesService) Delete(ctx context.Context, name string) error {
	_, err := s.client.call(ctx, remove(pathOf("variables", "name", name)), nil)
	return err
}

// Filter walks the variables that match.
func (s *VariablesService) Filter(ctx context.Context, filter VariableFilter) iter.Seq2[*Variable, error] {
	return pages(0, func(v *Variable) string { return v.ID }, func(p page) ([]*Variable, error) {
		return fetch[Variable](ctx, s.client, "/variables/filter", struct {
			Variables VariableFilter `json:"variables"`
			page
		}{filter, p})
	})
}
