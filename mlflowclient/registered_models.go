package mlflowclient

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// maxRegisteredModels is the server's limit on one page of registered models.
const maxRegisteredModels = 1000

// RegisteredModel is a name in the registry, under which versions of a model follow each other.
type RegisteredModel struct {
	Name        string
	Description string
	Created     time.Time
	// Updated also moves when a version is made or deleted.
	Updated time.Time
	// Aliases give versions names: alias → version, such as "champion" → "3".
	Aliases map[string]string
	Tags    map[string]string
	// Latest are the highest versions, one for each stage in use. Without stages, which MLflow has deprecated in favour
	// of aliases, that is one version, or none. They come without their aliases.
	Latest []*ModelVersion
}

// RegisteredModelService is [Client.RegisteredModels].
type RegisteredModelService struct{ api *api }

// CreateRegisteredModel is what a registered model starts with. Only Name is needed.
type CreateRegisteredModel struct {
	// Name is unique and without "/" and ":". Postgres keeps at most 256 characters of it; SQLite, also in a database file, more.
	Name        string
	Description string
	Tags        map[string]string
}

// SearchRegisteredModels selects registered models. The zero value gives all but prompts, by name.
type SearchRegisteredModels struct {
	// Filter as MLflow knows it, for example `name ILIKE '%forest%' AND tags.team = 'wine'`. Prompts are kept among the
	// registered models and found by tags.`mlflow.prompt.is_prompt` = 'true' alone.
	Filter string
	// OrderBy holds clauses such as "name ASC" or "last_updated_timestamp DESC".
	OrderBy []string
	// PageSize is the number of models a request asks for; 0 means 1000, the most there is.
	PageSize int
}

type aliasJSON struct {
	Alias   string `json:"alias"`
	Version text   `json:"version"`
}

type registeredModelJSON struct {
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Created     *integer           `json:"creation_timestamp"`
	Updated     *integer           `json:"last_updated_timestamp"`
	Aliases     []aliasJSON        `json:"aliases"`
	Tags        []tagJSON          `json:"tags"`
	Latest      []modelVersionJSON `json:"latest_versions"`
}

type registeredModelAnswer struct {
	Model registeredModelJSON `json:"registered_model"`
}

func (r *registeredModelJSON) value() *RegisteredModel {
	m := &RegisteredModel{
		Name: r.Name, Description: r.Description, Created: fromMillis(r.Created), Updated: fromMillis(r.Updated),
		Aliases: make(map[string]string, len(r.Aliases)), Tags: fromTags(r.Tags), Latest: versionValues(r.Latest),
	}
	for _, a := range r.Aliases {
		m.Aliases[a.Alias] = string(a.Version)
	}
	return m
}

// Create makes a registered model without versions. A name that is taken is ErrAlreadyExists. It is not sent again when
// its end is unknown; [RegisteredModelService.GetOrCreate] is.
func (s *RegisteredModelService) Create(ctx context.Context, in CreateRegisteredModel) (*RegisteredModel, error) {
	return s.create(ctx, creates("registered-models/create"), in)
}

func (s *RegisteredModelService) create(ctx context.Context, op operation, in CreateRegisteredModel) (*RegisteredModel, error) {
	body := struct {
		Name        string    `json:"name"`
		Description string    `json:"description,omitempty"`
		Tags        []tagJSON `json:"tags,omitempty"`
	}{in.Name, in.Description, toTags(in.Tags)}
	return s.change(ctx, op, body)
}

// change sends what is answered with the registered model as it is then.
func (s *RegisteredModelService) change(ctx context.Context, op operation, in any) (*RegisteredModel, error) {
	var out registeredModelAnswer
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Model.value(), nil
}

// Get returns a registered model, or ErrNotFound.
func (s *RegisteredModelService) Get(ctx context.Context, name string) (*RegisteredModel, error) {
	return s.change(ctx, reads("registered-models/get"), url.Values{"name": {name}})
}

// GetOrCreate returns the registered model of that name and makes it first when there is none; several processes may do
// so at once.
func (s *RegisteredModelService) GetOrCreate(ctx context.Context, name string) (*RegisteredModel, error) {
	found, err := s.Get(ctx, name)
	if !errors.Is(err, ErrNotFound) {
		return found, err
	}
	// Names are unique, so here, unlike in Create, a repetition can at worst meet its own work.
	found, err = s.create(ctx, writes("registered-models/create"), CreateRegisteredModel{Name: name})
	if errors.Is(err, ErrAlreadyExists) {
		return s.Get(ctx, name)
	}
	return found, err
}

// Update sets the description.
func (s *RegisteredModelService) Update(ctx context.Context, name, description string) (*RegisteredModel, error) {
	return s.change(ctx, patches("registered-models/update"), map[string]string{"name": name, "description": description})
}

// Rename gives a registered model a new name; versions, aliases and tags go along.
func (s *RegisteredModelService) Rename(ctx context.Context, name, newName string) (*RegisteredModel, error) {
	renamed, err := s.change(ctx, writes("registered-models/rename"), map[string]string{"name": name, "new_name": newName})
	if err != nil && doneBefore(err, ErrNotFound) == nil {
		return s.Get(ctx, newName)
	}
	return renamed, err
}

// Delete removes a registered model with its versions, aliases and tags; nothing brings it back. The logged models that
// the versions were made of stay.
func (s *RegisteredModelService) Delete(ctx context.Context, name string) error {
	err := s.api.call(ctx, deletes("registered-models/delete"), map[string]string{"name": name}, nil)
	return doneBefore(err, ErrNotFound)
}

// Search walks over the registered models that match.
func (s *RegisteredModelService) Search(ctx context.Context, q SearchRegisteredModels) iter.Seq2[*RegisteredModel, error] {
	return iterate(func(token string) (*Page[RegisteredModel], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *RegisteredModelService) SearchPage(ctx context.Context, q SearchRegisteredModels, token string) (*Page[RegisteredModel], error) {
	in, err := registryQuery(q.Filter, q.OrderBy, q.PageSize, maxRegisteredModels, maxRegisteredModels, token)
	if err != nil {
		return nil, err
	}
	var out struct {
		Models    []registeredModelJSON `json:"registered_models"`
		NextToken string                `json:"next_page_token"`
	}
	if err := s.api.call(ctx, reads("registered-models/search"), in, &out); err != nil {
		return nil, err
	}
	page := &Page[RegisteredModel]{NextToken: out.NextToken}
	for i := range out.Models {
		page.Items = append(page.Items, out.Models[i].value())
	}
	return page, nil
}

// registryQuery is what both searches of the registry ask with.
func registryQuery(filter string, orderBy []string, size, standard, most int, token string) (url.Values, error) {
	if size == 0 {
		size = standard
	}
	if size < 0 || size > most {
		return nil, invalid("a page of %d: 1 to %d are possible", size, most)
	}
	in := url.Values{"max_results": {strconv.Itoa(size)}}
	if filter != "" {
		in.Set("filter", filter)
	}
	if len(orderBy) > 0 {
		in["order_by"] = orderBy
	}
	if token != "" {
		in.Set("page_token", token)
	}
	return in, nil
}

// LatestVersions returns the highest version in each of the stages, or in all stages in use when none is named.
// Stages ("None", "Staging", "Production", "Archived") are deprecated; [ModelVersionService.Latest] knows nothing of
// them.
func (s *RegisteredModelService) LatestVersions(ctx context.Context, name string, stages ...string) ([]*ModelVersion, error) {
	body := struct {
		Name   string   `json:"name"`
		Stages []string `json:"stages,omitempty"`
	}{name, stages}
	var out struct {
		Versions []modelVersionJSON `json:"model_versions"`
	}
	if err := s.api.call(ctx, queries("registered-models/get-latest-versions"), body, &out); err != nil {
		return nil, err
	}
	return versionValues(out.Versions), nil
}

// SetTag sets a tag, or overwrites it.
func (s *RegisteredModelService) SetTag(ctx context.Context, name, key, value string) error {
	body := map[string]string{"name": name, "key": key, "value": value}
	return s.api.call(ctx, writes("registered-models/set-tag"), body, nil)
}

// DeleteTag takes a tag away; that it was not there is no error.
func (s *RegisteredModelService) DeleteTag(ctx context.Context, name, key string) error {
	return s.api.call(ctx, deletes("registered-models/delete-tag"), map[string]string{"name": name, "key": key}, nil)
}

// SetAlias points an alias at a version, and away from the one that it pointed at. An alias consists of letters, digits,
// "_" and "-"; "latest" and "v" with a number are reserved.
func (s *RegisteredModelService) SetAlias(ctx context.Context, name, alias, version string) error {
	body := map[string]string{"name": name, "alias": alias, "version": version}
	return s.api.call(ctx, writes("registered-models/alias"), body, nil)
}

// DeleteAlias takes an alias away; that it was not there is no error.
func (s *RegisteredModelService) DeleteAlias(ctx context.Context, name, alias string) error {
	return s.api.call(ctx, deletes("registered-models/alias"), map[string]string{"name": name, "alias": alias}, nil)
}
