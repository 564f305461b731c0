package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// ResolvedModel is a model that a URI led to.
type ResolvedModel struct {
	// URI is what was asked for.
	URI string
	// Name and Version are empty unless the model was found in the registry.
	Name, Version string
	// RunID and ModelID are empty when nothing tells them.
	RunID, ModelID string
	// ArtifactURI is where the files are, for [ArtifactService.At] and [Client.DownloadModel].
	ArtifactURI string
}

const modelURIForms = "the forms are models:/name/1, models:/name/latest, models:/name@alias, models:/m-…, runs:/<run id>/<model or path>, " +
	"mlflow-artifacts:/path, s3://bucket/path, file:///path and a path"

// ResolveModel finds a model as MLflow's own clients do, by one of
//
//	models:/name/1          a version of a registered model
//	models:/name/latest     its highest version
//	models:/name@champion   the version that an alias points at
//	models:/name/Production the highest version in a stage, which MLflow has deprecated
//	models:/m-…             a logged model
//	runs:/<run id>/name     the logged model of that name that the run made, else a folder of the run's artifacts
//	mlflow-artifacts:/path  a model folder on the server
//	s3://bucket/path        a model folder in a bucket; see [WithS3]
//	file:///path, path      a model folder on this machine
//
// Names stand in it as they are, without percent-encoding. What does not exist is ErrNotFound, and a model whose upload
// did not come to its end is ErrInvalidState; the message says what there is instead.
func (c *Client) ResolveModel(ctx context.Context, uri string) (*ResolvedModel, error) {
	model, err := c.resolve(ctx, uri)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", quote(uri), err)
	}
	model.URI = uri
	return model, nil
}

func (c *Client) resolve(ctx context.Context, uri string) (*ResolvedModel, error) {
	scheme, rest, _ := strings.Cut(uri, ":")
	switch {
	case uri == "":
		return nil, invalid("the URI is empty; %s", modelURIForms)
	case filepath.IsAbs(uri):
		return c.resolveFolder(ctx, uri)
	case scheme == "models":
		return c.resolveRegistry(ctx, rest)
	case scheme == "runs":
		return c.resolveRun(ctx, rest)
	case rest == "" || strings.Contains(scheme, "/"): // no scheme, but a relative path
		path, err := filepath.Abs(uri)
		if err != nil {
			return nil, err
		}
		return c.resolveFolder(ctx, path)
	}
	return c.resolveFolder(ctx, uri)
}

// resolveRegistry resolves what follows "models:".
func (c *Client) resolveRegistry(ctx context.Context, rest string) (*ResolvedModel, error) {
	if host, ok := strings.CutPrefix(rest, "//"); ok {
		if !strings.HasPrefix(host, "/") {
			return nil, invalid("a model URI with a host is for Databricks; %s", modelURIForms)
		}
		rest = host
	}
	path, ok := strings.CutPrefix(rest, "/")
	name, version, two := strings.Cut(path, "/")
	switch {
	case !ok || strings.TrimSpace(name) == "" || two && (strings.TrimSpace(version) == "" || strings.Contains(version, "/")):
		return nil, invalid("it cannot be read; %s", modelURIForms)
	case two:
		return c.resolveVersion(ctx, name, version)
	case strings.Contains(name, "@"):
		at := strings.LastIndex(name, "@")
		return c.resolveAlias(ctx, name[:at], name[at+1:])
	case strings.HasPrefix(name, "m-"):
		return c.resolveLogged(ctx, name)
	}
	return nil, invalid("it names neither a version nor an alias; try models:/%s/latest; %s", name, modelURIForms)
}

func (c *Client) resolveVersion(ctx context.Context, name, which string) (*ResolvedModel, error) {
	var version *ModelVersion
	var err error
	switch {
	case strings.Trim(which, "0123456789") == "":
		version, err = c.ModelVersions.Get(ctx, name, which)
	case strings.EqualFold(which, "latest"):
		version, err = c.ModelVersions.Latest(ctx, name)
	default:
		version, err = c.latestIn(ctx, name, which)
	}
	if err != nil {
		return nil, c.explain(ctx, name, err)
	}
	return c.locate(ctx, version)
}

// latestIn finds the highest version in a stage.
func (c *Client) latestIn(ctx context.Context, name, stage string) (*ModelVersion, error) {
	versions, err := c.RegisteredModels.LatestVersions(ctx, name, stage)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, &Error{Code: CodeDoesNotExist, Message: "no version is in stage " + quote(stage)}
	}
	return versions[len(versions)-1], nil
}

func (c *Client) resolveAlias(ctx context.Context, name, alias string) (*ResolvedModel, error) {
	version, err := c.ModelVersions.GetByAlias(ctx, name, alias)
	if err != nil {
		return nil, c.explain(ctx, name, err)
	}
	return c.locate(ctx, version)
}

// explain adds to an error what the registry has instead.
func (c *Client) explain(ctx context.Context, name string, err error) error {
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	model, getErr := c.RegisteredModels.Get(ctx, name)
	switch {
	case errors.Is(getErr, ErrNotFound):
		return fmt.Errorf("%w (the registry at %s has no model %s: register one first, or check the name and the tracking URI)", err, c.uri, quote(name))
	case getErr != nil:
		return err
	case len(model.Latest) == 0:
		return fmt.Errorf("%w (model %s has no versions: register one first)", err, quote(name))
	}
	has := "its highest version is " + model.Latest[len(model.Latest)-1].Version
	if aliases := sortedKeys(model.Aliases); len(aliases) > 0 {
		has += ", its aliases are " + strings.Join(aliases, ", ")
	} else {
		has += ", it has no aliases"
	}
	return fmt.Errorf("%w (model %s exists: %s)", err, quote(name), has)
}

// locate finds the files of a version, and looks whether they are complete, which the server does not.
func (c *Client) locate(ctx context.Context, v *ModelVersion) (*ResolvedModel, error) {
	if v.Status != "" && v.Status != VersionReady {
		return nil, &Error{Code: CodeInvalidState, Message: fmt.Sprintf("version %s of model %s is %s: %s", v.Version, quote(v.Name), v.Status, v.StatusMessage)}
	}
	location, err := c.ModelVersions.DownloadURI(ctx, v.Name, v.Version)
	if err != nil {
		return nil, err
	}
	found := &ResolvedModel{ArtifactURI: location}
	if rest, ok := strings.CutPrefix(location, "runs:"); ok {
		if found, err = c.resolveRun(ctx, rest); err != nil {
			return nil, fmt.Errorf("version %s was made of runs:%s: %w", v.Version, rest, err)
		}
	}
	if v.ModelID != "" {
		// A version outlives the deletion of its logged model.
		model, err := c.LoggedModels.get(ctx, v.ModelID, url.Values{"allow_deleted": {"true"}})
		if err == nil {
			err = incomplete(model)
		}
		if err != nil {
			return nil, fmt.Errorf("version %s cannot be used: %w", v.Version, err)
		}
		found.ModelID = v.ModelID
	}
	found.Name, found.Version = v.Name, v.Version
	if v.RunID != "" {
		found.RunID = v.RunID
	}
	return found, nil
}

func (c *Client) resolveLogged(ctx context.Context, id string) (*ResolvedModel, error) {
	model, err := c.LoggedModels.Get(ctx, id)
	if err == nil {
		err = incomplete(model)
	}
	if err != nil {
		return nil, err
	}
	return &ResolvedModel{RunID: model.SourceRunID, ModelID: model.ID, ArtifactURI: model.ArtifactURI}, nil
}

// resolveFolder checks that a place holds a model, and asks its MLmodel where it comes from.
func (c *Client) resolveFolder(ctx context.Context, uri string) (*ResolvedModel, error) {
	store, err := c.Artifacts.At(uri)
	if err != nil {
		return nil, err
	}
	model, err := readMLmodel(ctx, store)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%w (%s is no model folder; %s)", err, uri, modelURIForms)
	}
	if err != nil {
		return nil, err
	}
	return &ResolvedModel{RunID: model.RunID, ModelID: model.ModelID, ArtifactURI: uri}, nil
}
