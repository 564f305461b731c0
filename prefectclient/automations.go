package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"
)

// AutomationsService holds automations: actions that the server takes when events come, or stay away. Triggers are in
// automation_triggers.go, actions in automation_actions.go.
type AutomationsService struct{ client *Client }

// Automation is an automation as the server has it. Trigger and actions are JSON as the server sends them, because they
// can be of kinds that this client does not know.
type Automation struct {
	ID               string            `json:"id"`
	Created          time.Time         `json:"created"`
	Updated          time.Time         `json:"updated"`
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	Enabled          bool              `json:"enabled"`
	Tags             []string          `json:"tags"`
	Trigger          json.RawMessage   `json:"trigger"`
	Actions          []json.RawMessage `json:"actions"`
	ActionsOnTrigger []json.RawMessage `json:"actions_on_trigger"`
	ActionsOnResolve []json.RawMessage `json:"actions_on_resolve"`
}

// AutomationSpec describes an automation that shall be. Name, Trigger and one action are required.
type AutomationSpec struct {
	Name        string
	Description string
	// Disabled keeps it from acting.
	Disabled bool
	Tags     []string
	Trigger  Trigger
	// Actions are taken each time that the trigger fires.
	Actions []Action
	// ActionsOnTrigger and ActionsOnResolve are for triggers that stay fired for a while.
	ActionsOnTrigger, ActionsOnResolve []Action
	// OwnerResource is a resource that the automation goes with, for example prefect.deployment.<id>; only for a new one.
	OwnerResource string
}

// MarshalJSON writes the description as the server takes it.
func (a AutomationSpec) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name             string   `json:"name"`
		Description      string   `json:"description"`
		Enabled          bool     `json:"enabled"`
		Tags             []string `json:"tags,omitempty"`
		Trigger          Trigger  `json:"trigger"`
		Actions          []Action `json:"actions"`
		ActionsOnTrigger []Action `json:"actions_on_trigger,omitempty"`
		ActionsOnResolve []Action `json:"actions_on_resolve,omitempty"`
		OwnerResource    string   `json:"owner_resource,omitempty"`
	}{a.Name, a.Description, !a.Disabled, a.Tags, a.Trigger, a.Actions, a.ActionsOnTrigger, a.ActionsOnResolve, a.OwnerResource})
}

func (a AutomationSpec) validate() error {
	switch {
	case a.Name == "":
		return errors.New("prefect: an automation needs a name")
	case a.Trigger == nil:
		return fmt.Errorf("prefect: the automation %q has no trigger", a.Name)
	case len(a.Actions)+len(a.ActionsOnTrigger)+len(a.ActionsOnResolve) == 0:
		return fmt.Errorf("prefect: the automation %q has no action", a.Name)
	}
	return nil
}

// AutomationFilter selects automations.
type AutomationFilter struct {
	Operator Operator          `json:"operator,omitempty"`
	ID       *AnyFilter        `json:"id,omitempty"`
	Name     *AnyFilter        `json:"name,omitempty"`
	Created  *AutomationBefore `json:"created,omitempty"`
	Tags     *TagsFilter       `json:"tags,omitempty"`
}

// AutomationBefore selects automations that were made before a time.
type AutomationBefore struct {
	Before time.Time `json:"before_"`
}

// Create makes an automation. Names need not be unique: a second call makes a second one (but see Ensure).
func (s *AutomationsService) Create(ctx context.Context, spec AutomationSpec) (*Automation, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	spec.Actions = notNil(spec.Actions)
	return one[Automation](ctx, s.client, post("/automations/", spec))
}

// Ensure makes the automation of this name, or brings the one that exists to the description.
func (s *AutomationsService) Ensure(ctx context.Context, spec AutomationSpec) (*Automation, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	for found, err := range s.Filter(ctx, AutomationFilter{Name: &AnyFilter{Any: []string{spec.Name}}}) {
		if err != nil {
			return nil, err
		}
		if err := s.Update(ctx, found.ID, spec); err != nil {
			return nil, err
		}
		return s.Read(ctx, found.ID)
	}
	return s.Create(ctx, spec)
}

// Read gives the automation with this id.
func (s *AutomationsService) Read(ctx context.Context, id string) (*Automation, error) {
	return one[Automation](ctx, s.client, get(pathOf("automations", id)))
}

// Update replaces an automation by a description.
func (s *AutomationsService) Update(ctx context.Context, id string, spec AutomationSpec) error {
	if err := spec.validate(); err != nil {
		return err
	}
	spec.OwnerResource, spec.Actions = "", notNil(spec.Actions)
	_, err := s.client.call(ctx, call{method: http.MethodPut, path: pathOf("automations", id), body: spec}.harmless(), nil)
	return err
}

// SetEnabled lets an automation act, or keeps it from acting.
func (s *AutomationsService) SetEnabled(ctx context.Context, id string, enabled bool) error {
	_, err := s.client.call(ctx, patch(pathOf("automations", id), map[string]bool{"enabled": enabled}), nil)
	return err
}

// Delete removes an automation.
func (s *AutomationsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("automations", id)), nil)
	return err
}

// DeleteOwnedBy removes the automations that a resource owns.
func (s *AutomationsService) DeleteOwnedBy(ctx context.Context, resourceID string) error {
	_, err := s.client.call(ctx, remove(pathOf("automations", "owned-by", resourceID)), nil)
	return err
}

// RelatedTo gives the automations that name a resource, for example prefect.deployment.<id>, in trigger or action.
func (s *AutomationsService) RelatedTo(ctx context.Context, resourceID string) ([]*Automation, error) {
	var automations []*Automation
	_, err := s.client.call(ctx, get(pathOf("automations", "related-to", resourceID)), &automations)
	return automations, err
}

// Filter walks the automations that match, by name.
func (s *AutomationsService) Filter(ctx context.Context, filter AutomationFilter) iter.Seq2[*Automation, error] {
	return pages(0, func(a *Automation) string { return a.ID }, func(p page) ([]*Automation, error) {
		return fetch[Automation](ctx, s.client, "/automations/filter", struct {
			Automations AutomationFilter `json:"automations"`
			page
		}{filter, p})
	})
}

// Count gives the number of automations that match.
func (s *AutomationsService) Count(ctx context.Context, filter AutomationFilter) (int, error) {
	return count(ctx, s.client, "/automations/count", map[string]any{"automations": filter})
}

// ValidateTemplate checks a Jinja template as automations have them in messages and parameters; a wrong one is an
// [ErrInvalid].
func (s *AutomationsService) ValidateTemplate(ctx context.Context, template string) error {
	_, err := s.client.call(ctx, read("/automations/templates/validate", template), nil)
	return err
}

// notNil makes an empty list of none, where the server wants a list.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
