package mlflowclient

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxModelVersions is the server's limit on one page of model versions.
const maxModelVersions = 200_000

// VersionReady is the status of a version that can be used. MLflow's own server gives it to every version at once,
// also to one whose files are missing.
const VersionReady = "READY"

// ModelVersion is one version of a registered model: a pointer to a logged model, or to a folder of files.
type ModelVersion struct {
	Name string
	// Version is a number as text, counted from "1"; the number of a deleted version is not used again.
	Version     string
	Description string
	UserID      string
	// Source is what the version was made of: models:/m-… or the place of the files.
	Source string
	// RunID is the run that made it; may be empty.
	RunID string
	// ModelID is the logged model that it was made of, taken from Source; empty for one made of files.
	ModelID       string
	Status        string
	StatusMessage string
	// Stage is "None" unless somebody uses MLflow's deprecated stages.
	Stage string
	// Aliases that point at it. Lists of versions come without them.
	Aliases []string
	Tags    map[string]string
	Created time.Time
	Updated time.Time
}

// ModelVersionService is [Client.ModelVersions].
type ModelVersionService struct{ api *api }

// CreateModelVersion is what a version starts with.
type CreateModelVersion struct {
	// Name is that of an existing registered model.
	Name string
	// Source is models:/ and the ModelID, which is also the default, or the place of the files.
	Source string
	// ModelID is the logged model that the version is made of. RunID is then that model's run by default.
	ModelID     string
	RunID       string
	Description string
	Tags        map[string]string
}

// SearchModelVersions selects versions. The zero value gives all but those of prompts, the last changed first.
type SearchModelVersions struct {
	// Filter as MLflow knows it, for example `name = 'wine' AND run_id = '…'`, `source_path LIKE 'models:/%'`,
	// `version_number > 3` or `tags.checked = 'yes'`.
	Filter string
	// OrderBy holds clauses such as "version_number DESC", "name" or "creation_timestamp".
	OrderBy []string
	// PageSize is the number of versions a request asks for, 1000 when 0, and at most 200000.
	PageSize int
}

type modelVersionJSON struct {
	Name          string    `json:"name"`
	Version       text      `json:"version"`
	Description   string    `json:"description"`
	UserID        string    `json:"user_id"`
	Source        string    `json:"source"`
	RunID         string    `json:"run_id"`
	ModelID       string    `json:"model_id"`
	Status        string    `json:"status"`
	StatusMessage string    `json:"status_message"`
	Stage         string    `json:"current_stage"`
	Aliases       []string  `json:"aliases"`
	Tags          []tagJSON `json:"tags"`
	Created       *integer  `json:"creation_timestamp"`
	Updated       *integer  `json:"last_updated_timestamp"`
}

func (v *modelVersionJSON) value() *ModelVersion {
	version := &ModelVersion{
		Name: v.Name, Version: string(v.Version), Description: v.Description, UserID: v.UserID, Source: v.Source, RunID: v.RunID,
		ModelID: v.ModelID, Status: v.Status, StatusMessage: v.StatusMessage, Stage: v.Stage, Aliases: v.Aliases,
		Tags: fromTags(v.Tags), Created: fromMillis(v.Created), Updated: fromMillis(v.Updated),
	}
	// The server leaves the id out of its answers, but not out of the source.
	if id, ok := strings.CutPrefix(v.Source, "models:/"); ok && v.ModelID == "" && strings.HasPrefix(id, "m-") {
		version.ModelID, _, _ = strings.Cut(id, "/")
	}
	return version
}

func versionValues(in []modelVersionJSON) []*ModelVersion {
	out := make([]*ModelVersion, len(in))
	for i := range in {
		out[i] = in[i].value()
	}
	return out
}

// Create makes the next version. It is not sent again when its end is unknown, because that could make two;
// [Client.RegisterModel] finds what an earlier attempt made.
func (s *ModelVersionService) Create(ctx context.Context, in CreateModelVersion) (*ModelVersion, error) {
	if in.Source == "" && in.ModelID != "" {
		in.Source = "models:/" + in.ModelID
	}
	body := struct {
		Name        string    `json:"name"`
		Source      string    `json:"source"`
		RunID       string    `json:"run_id,omitempty"`
		ModelID     string    `json:"model_id,omitempty"`
		Description string    `json:"description,omitempty"`
		Tags        []tagJSON `json:"tags,omitempty"`
	}{in.Name, in.Source, in.RunID, in.ModelID, in.Description, toTags(in.Tags)}
	return s.change(ctx, creates("model-versions/create"), body)
}

// change sends what is answered with the version as it is then.
func (s *ModelVersionService) change(ctx context.Context, op operation, in any) (*ModelVersion, error) {
	var out struct {
		Version modelVersionJSON `json:"model_version"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Version.value(), nil
}

// Get returns a version, or ErrNotFound.
func (s *ModelVersionService) Get(ctx context.Context, name, version string) (*ModelVersion, error) {
	return s.change(ctx, reads("model-versions/get"), url.Values{"name": {name}, "version": {version}})
}

// GetByAlias returns the version that an alias points at. No such model, or no such alias, is ErrNotFound.
func (s *ModelVersionService) GetByAlias(ctx context.Context, name, alias string) (*ModelVersion, error) {
	found, err := s.change(ctx, reads("registered-models/alias"), url.Values{"name": {name}, "alias": {alias}})
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusBadRequest && strings.HasSuffix(e.Message, "alias "+alias+" not found.") {
		e.Code = CodeDoesNotExist // which the server calls an invalid parameter
	}
	return found, err
}

// Latest returns the highest version. A model without versions is ErrNotFound.
func (s *ModelVersionService) Latest(ctx context.Context, name string) (*ModelVersion, error) {
	return s.GetByAlias(ctx, name, "latest")
}

// Update sets the description.
func (s *ModelVersionService) Update(ctx context.Context, name, version, description string) (*ModelVersion, error) {
	body := map[string]string{"name": name, "version": version, "description": description}
	return s.change(ctx, patches("model-versions/update"), body)
}

// TransitionStage moves a version to a stage: "None", "Staging", "Production" or "Archived". MLflow has deprecated
// stages; aliases replace them.
func (s *ModelVersionService) TransitionStage(ctx context.Context, name, version, stage string, archiveExisting bool) (*ModelVersion, error) {
	body := struct {
		Name            string `json:"name"`
		Version         string `json:"version"`
		Stage           string `json:"stage"`
		ArchiveExisting bool   `json:"archive_existing_versions"`
	}{name, version, stage, archiveExisting}
	return s.change(ctx, writes("model-versions/transition-stage"), body)
}

// Delete removes a version and, without a word, the aliases that point at it. The logged model that it was made of
// stays, and its number is not used again.
func (s *ModelVersionService) Delete(ctx context.Context, name, version string) error {
	err := s.api.call(ctx, deletes("model-versions/delete"), map[string]string{"name": name, "version": version}, nil)
	return doneBefore(err, ErrNotFound)
}

// DownloadURI returns where the files are, for [ArtifactService.At].
func (s *ModelVersionService) DownloadURI(ctx context.Context, name, version string) (string, error) {
	var out struct {
		URI string `json:"artifact_uri"`
	}
	in := url.Values{"name": {name}, "version": {version}}
	err := s.api.call(ctx, reads("model-versions/get-download-uri"), in, &out)
	return out.URI, err
}

// Search walks over the versions that match.
func (s *ModelVersionService) Search(ctx context.Context, q SearchModelVersions) iter.Seq2[*ModelVersion, error] {
	return iterate(func(token string) (*Page[ModelVersion], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *ModelVersionService) SearchPage(ctx context.Context, q SearchModelVersions, token string) (*Page[ModelVersion], error) {
	in, err := registryQuery(q.Filter, q.OrderBy, q.PageSize, 1000, maxModelVersions, token)
	if err != nil {
		return nil, err
	}
	var out struct {
		Versions  []modelVersionJSON `json:"model_versions"`
		NextToken string             `json:"next_page_token"`
	}
	if err := s.api.call(ctx, reads("model-versions/search"), in, &out); err != nil {
		return nil, err
	}
	return &Page[ModelVersion]{Items: versionValues(out.Versions), NextToken: out.NextToken}, nil
}

// SetTag sets a tag, or overwrites it.
func (s *ModelVersionService) SetTag(ctx context.Context, name, version, key, value string) error {
	body := map[string]string{"name": name, "version": version, "key": key, "value": value}
	return s.api.call(ctx, writes("model-versions/set-tag"), body, nil)
}

// DeleteTag takes a tag away; that it was not there is no error.
func (s *ModelVersionService) DeleteTag(ctx context.Context, name, version, key string) error {
	body := map[string]string{"name": name, "version": version, "key": key}
	return s.api.call(ctx, deletes("model-versions/delete-tag"), body, nil)
}
