package mlflowclient

import (
	"context"
	"errors"
	"fmt"
)

// RegisterModel is a logged model to register; see [Client.RegisterModel].
type RegisterModel struct {
	// Name is that of the registered model, which is made when there is none.
	Name string
	// ModelID is the logged model.
	ModelID string
	// RunID is the run that made it; empty means the logged model's own.
	RunID string
	// Alias, unless empty, is pointed at the version.
	Alias string
	// Description and Tags are the version's.
	Description string
	Tags        map[string]string
}

// RegisterModel makes a version of a logged model, which has to be complete, and points the alias at it. It may be
// repeated, by another process too: a version that this model has under this name is found and returned instead of a
// second one, with the description, tags and alias of this call. Two processes that do so in the very same moment may
// make two; the lower is used from then on.
func (c *Client) RegisterModel(ctx context.Context, in RegisterModel) (*ModelVersion, error) {
	version, err := c.registerModel(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("registering model %s as %s: %w", in.ModelID, quote(in.Name), err)
	}
	return version, nil
}

func (c *Client) registerModel(ctx context.Context, in RegisterModel) (*ModelVersion, error) {
	if in.Name == "" || in.ModelID == "" {
		return nil, invalid("both a name and the id of a logged model are needed")
	}
	// The server would make a version of anything.
	model, err := c.LoggedModels.Get(ctx, in.ModelID)
	if err != nil {
		return nil, err
	}
	if err := incomplete(model); err != nil {
		return nil, err
	}
	if in.RunID == "" {
		in.RunID = model.SourceRunID
	}
	if _, err := c.RegisteredModels.GetOrCreate(ctx, in.Name); err != nil {
		return nil, err
	}
	version, err := c.versionOf(ctx, in)
	if err != nil {
		return nil, err
	}
	if in.Alias != "" {
		if err := c.RegisteredModels.SetAlias(ctx, in.Name, in.Alias, version.Version); err != nil {
			return nil, fmt.Errorf("version %s is there, but alias %s does not point at it: %w", version.Version, quote(in.Alias), err)
		}
	}
	return c.ModelVersions.Get(ctx, in.Name, version.Version)
}

// versionOf finds or makes the version.
func (c *Client) versionOf(ctx context.Context, in RegisterModel) (*ModelVersion, error) {
	version, err := c.findVersion(ctx, in.Name, in.ModelID)
	if err != nil {
		return nil, err
	}
	if version != nil {
		return version, c.amend(ctx, version, in)
	}
	version, err = c.ModelVersions.Create(ctx, CreateModelVersion{
		Name: in.Name, ModelID: in.ModelID, RunID: in.RunID, Description: in.Description, Tags: in.Tags,
	})
	if e, ok := errors.AsType[*Error](err); ok && e.Uncertain {
		if found, findErr := c.findVersion(ctx, in.Name, in.ModelID); findErr == nil && found != nil {
			return found, nil
		}
	}
	return version, err
}

// findVersion gives the lowest version that a registered model has of a logged model, or nil.
func (c *Client) findVersion(ctx context.Context, name, modelID string) (*ModelVersion, error) {
	source, err := Quote("models:/" + modelID)
	if err != nil {
		return nil, err
	}
	// Not every name can be asked for in a filter.
	q := SearchModelVersions{Filter: "source_path = " + source, OrderBy: []string{"version_number ASC"}}
	for version, err := range c.ModelVersions.Search(ctx, q) {
		if err != nil {
			return nil, err
		}
		if version.Name == name {
			return version, nil
		}
	}
	return nil, nil
}

// amend gives a version that was found the description and tags that it would have been made with.
func (c *Client) amend(ctx context.Context, version *ModelVersion, in RegisterModel) error {
	if in.Description != "" && in.Description != version.Description {
		if _, err := c.ModelVersions.Update(ctx, version.Name, version.Version, in.Description); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(in.Tags) {
		if had, ok := version.Tags[key]; ok && had == in.Tags[key] {
			continue
		}
		if err := c.ModelVersions.SetTag(ctx, version.Name, version.Version, key, in.Tags[key]); err != nil {
			return err
		}
	}
	return nil
}

// incomplete is the error of a logged model that cannot be used.
func incomplete(m *LoggedModel) error {
	if m.Status == LoggedModelReady {
		return nil
	}
	advice := "log it again"
	if m.Status == LoggedModelPending {
		advice = "wait for its upload, or log it again when whoever began that is gone"
	}
	return &Error{Code: CodeInvalidState, Message: fmt.Sprintf("the logged model %s (%s) is %s: %s", m.ID, quote(m.Name), m.Status, advice)}
}
