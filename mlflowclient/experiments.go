package mlflowclient

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"time"
)

// DefaultExperimentID is the experiment that every store has from the beginning, "Default".
const DefaultExperimentID = "0"

// maxExperiments is the server's limit on one page of experiments.
const maxExperiments = 50_000

// Experiment groups runs.
type Experiment struct {
	ID               string
	Name             string
	ArtifactLocation string
	Stage            LifecycleStage
	CreatedAt        time.Time
	UpdatedAt        time.Time
	Tags             map[string]string
	// Workspace is set by servers that know workspaces.
	Workspace string
}

// ExperimentService is [Client.Experiments].
type ExperimentService struct{ api *api }

// CreateExperiment is what an experiment starts with. Only Name is needed.
type CreateExperiment struct {
	// Name is unique, also among deleted experiments, and at most 500 characters long.
	Name string
	// ArtifactLocation is where runs keep their artifacts; empty leaves it to the server.
	ArtifactLocation string
	Tags             map[string]string
}

// SearchExperiments selects experiments. The zero value gives the active ones, the last created first.
type SearchExperiments struct {
	// Filter as MLflow knows it, for example `name LIKE 'wine%' AND tags.team = 'x'`.
	Filter string
	// OrderBy holds clauses such as "name ASC" or "last_update_time DESC".
	OrderBy []string
	View    ViewType
	// PageSize is the number of experiments a request asks for, 1000 when 0, and at most 50000.
	PageSize int
}

type experimentJSON struct {
	ID               text           `json:"experiment_id"`
	Name             string         `json:"name"`
	ArtifactLocation string         `json:"artifact_location"`
	Stage            LifecycleStage `json:"lifecycle_stage"`
	CreationTime     *integer       `json:"creation_time"`
	LastUpdateTime   *integer       `json:"last_update_time"`
	Tags             []tagJSON      `json:"tags"`
	Workspace        string         `json:"workspace"`
}

func (e *experimentJSON) value() *Experiment {
	return &Experiment{
		ID: string(e.ID), Name: e.Name, ArtifactLocation: e.ArtifactLocation, Stage: e.Stage,
		CreatedAt: fromMillis(e.CreationTime), UpdatedAt: fromMillis(e.LastUpdateTime),
		Tags: fromTags(e.Tags), Workspace: e.Workspace,
	}
}

// Create makes an experiment and returns its id. A name that is taken, also by a deleted experiment, is
// ErrAlreadyExists. It is not sent again when its end is unknown; [ExperimentService.GetOrCreate] is.
func (s *ExperimentService) Create(ctx context.Context, in CreateExperiment) (string, error) {
	return s.create(ctx, creates("experiments/create"), in)
}

func (s *ExperimentService) create(ctx context.Context, op operation, in CreateExperiment) (string, error) {
	body := struct {
		Name             string    `json:"name"`
		ArtifactLocation string    `json:"artifact_location,omitempty"`
		Tags             []tagJSON `json:"tags,omitempty"`
	}{in.Name, in.ArtifactLocation, toTags(in.Tags)}
	var out struct {
		ID text `json:"experiment_id"`
	}
	err := s.api.call(ctx, op, body, &out)
	return string(out.ID), err
}

// Get returns an experiment, deleted or not, or ErrNotFound.
func (s *ExperimentService) Get(ctx context.Context, id string) (*Experiment, error) {
	return s.get(ctx, "experiments/get", url.Values{"experiment_id": {id}})
}

// GetByName returns the experiment of that name, deleted or not, or ErrNotFound.
func (s *ExperimentService) GetByName(ctx context.Context, name string) (*Experiment, error) {
	return s.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}})
}

func (s *ExperimentService) get(ctx context.Context, path string, in url.Values) (*Experiment, error) {
	var out struct {
		Experiment experimentJSON `json:"experiment"`
	}
	if err := s.api.call(ctx, reads(path), in, &out); err != nil {
		return nil, err
	}
	return out.Experiment.value(), nil
}

// GetOrCreate returns the active experiment of that name and makes it first when there is none; several processes may
// do so at once. A deleted experiment of that name is ErrInvalidState: it keeps the name until it is restored.
func (s *ExperimentService) GetOrCreate(ctx context.Context, name string) (*Experiment, error) {
	found, err := s.GetByName(ctx, name)
	if errors.Is(err, ErrNotFound) {
		// Names are unique, so here, unlike in Create, a repetition can at worst meet its own work.
		_, err = s.create(ctx, writes("experiments/create"), CreateExperiment{Name: name})
		if err != nil && !errors.Is(err, ErrAlreadyExists) {
			return nil, err
		}
		found, err = s.GetByName(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	if found.Stage == StageDeleted {
		return nil, &Error{Code: CodeInvalidState, Message: "experiment " + quote(name) + " is deleted and keeps its name; restore experiment " +
			found.ID + " or choose another name"}
	}
	return found, nil
}

// Search walks over the experiments that match.
func (s *ExperimentService) Search(ctx context.Context, q SearchExperiments) iter.Seq2[*Experiment, error] {
	return iterate(func(token string) (*Page[Experiment], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *ExperimentService) SearchPage(ctx context.Context, q SearchExperiments, token string) (*Page[Experiment], error) {
	size := q.PageSize
	if size == 0 {
		size = 1000
	}
	if size < 0 || size > maxExperiments {
		return nil, invalid("a page of %d experiments: 1 to %d are possible", size, maxExperiments)
	}
	body := struct {
		MaxResults int      `json:"max_results"`
		Token      string   `json:"page_token,omitempty"`
		Filter     string   `json:"filter,omitempty"`
		OrderBy    []string `json:"order_by,omitempty"`
		View       ViewType `json:"view_type,omitempty"`
	}{size, token, q.Filter, q.OrderBy, q.View}
	var out struct {
		Experiments []experimentJSON `json:"experiments"`
		NextToken   string           `json:"next_page_token"`
	}
	if err := s.api.call(ctx, queries("experiments/search"), body, &out); err != nil {
		return nil, err
	}
	page := &Page[Experiment]{NextToken: out.NextToken}
	for i := range out.Experiments {
		page.Items = append(page.Items, out.Experiments[i].value())
	}
	return page, nil
}

// Rename gives an active experiment a new name.
func (s *ExperimentService) Rename(ctx context.Context, id, name string) error {
	body := map[string]string{"experiment_id": id, "new_name": name}
	return s.api.call(ctx, writes("experiments/update"), body, nil)
}

// Delete marks an active experiment and its runs as deleted. Nothing is erased, and the name stays taken.
func (s *ExperimentService) Delete(ctx context.Context, id string) error {
	err := s.api.call(ctx, writes("experiments/delete"), map[string]string{"experiment_id": id}, nil)
	return doneBefore(err, ErrNotFound)
}

// Restore takes a deletion back, of the experiment and of the runs that were deleted with it.
func (s *ExperimentService) Restore(ctx context.Context, id string) error {
	err := s.api.call(ctx, writes("experiments/restore"), map[string]string{"experiment_id": id}, nil)
	return doneBefore(err, ErrNotFound)
}

// SetTag sets a tag of an active experiment: a key of up to 250 characters, a value of up to 20000.
func (s *ExperimentService) SetTag(ctx context.Context, id, key, value string) error {
	body := map[string]string{"experiment_id": id, "key": key, "value": value}
	return s.api.call(ctx, writes("experiments/set-experiment-tag"), body, nil)
}

// DeleteTag takes a tag away; a tag that is not there is ErrNotFound.
func (s *ExperimentService) DeleteTag(ctx context.Context, id, key string) error {
	body := map[string]string{"experiment_id": id, "key": key}
	err := s.api.call(ctx, writes("experiments/delete-experiment-tag"), body, nil)
	return doneBefore(err, ErrNotFound)
}
