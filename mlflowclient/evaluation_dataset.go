package mlflowclient

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

const (
	datasetPrefix = "/api/3.0/mlflow/datasets"
	// maxDatasets is the server's limit on one page of data sets.
	maxDatasets = 50_000
)

// EvaluationDataset is a collection of questions with the answers that are expected, for judging applications. It belongs
// to any number of experiments. It is not the data set that a run reads, which is a [DatasetInput].
type EvaluationDataset struct {
	// ID is the server's, "d-…".
	ID string
	// Name need not be unique.
	Name string
	// Digest changes with the records.
	Digest string
	Tags   map[string]string
	// Schema and Profile are JSON that the server computes of the records: the types of the fields, and {"num_records":…}.
	Schema, Profile string
	// ExperimentIDs come with Create only; [EvaluationDatasetService.ExperimentIDs] asks for them.
	ExperimentIDs    []string
	Created, Updated time.Time
	// CreatedBy and UpdatedBy are the values of the tag mlflow.user.
	CreatedBy, UpdatedBy string
}

// EvaluationDatasetService is [Client.EvaluationDatasets].
type EvaluationDatasetService struct{ api *api }

// CreateEvaluationDataset is what a data set starts with. Only Name is needed.
type CreateEvaluationDataset struct {
	Name string
	// ExperimentIDs are not checked by the server.
	ExperimentIDs []string
	Tags          map[string]string
}

type evaluationDatasetJSON struct {
	ID            string   `json:"dataset_id"`
	Name          string   `json:"name"`
	Digest        string   `json:"digest"`
	Tags          string   `json:"tags"`
	Schema        string   `json:"schema"`
	Profile       string   `json:"profile"`
	ExperimentIDs []text   `json:"experiment_ids"`
	Created       *integer `json:"created_time"`
	Updated       *integer `json:"last_update_time"`
	CreatedBy     string   `json:"created_by"`
	UpdatedBy     string   `json:"last_updated_by"`
}

func (d *evaluationDatasetJSON) value() (*EvaluationDataset, error) {
	out := &EvaluationDataset{
		ID: d.ID, Name: d.Name, Digest: d.Digest, Schema: d.Schema, Profile: d.Profile, Created: fromMillis(d.Created),
		Updated: fromMillis(d.Updated), CreatedBy: d.CreatedBy, UpdatedBy: d.UpdatedBy, ExperimentIDs: texts(d.ExperimentIDs),
	}
	if d.Tags != "" {
		if err := json.Unmarshal([]byte(d.Tags), &out.Tags); err != nil {
			return nil, broken("data set %s: the tags cannot be read: %v", d.ID, err)
		}
	}
	return out, nil
}

func texts(in []text) []string {
	var out []string
	for _, t := range in {
		out = append(out, string(t))
	}
	return out
}

// Create makes a data set without records. It is not sent again when its end is unknown, because that could make two.
func (s *EvaluationDatasetService) Create(ctx context.Context, in CreateEvaluationDataset) (*EvaluationDataset, error) {
	body := struct {
		Name          string   `json:"name"`
		ExperimentIDs []string `json:"experiment_ids,omitempty"`
		Tags          string   `json:"tags,omitempty"`
	}{Name: in.Name, ExperimentIDs: in.ExperimentIDs}
	var err error
	if len(in.Tags) > 0 {
		if body.Tags, err = jsonText(in.Tags); err != nil {
			return nil, err
		}
	}
	return s.one(ctx, creates(datasetPrefix+"/create"), body)
}

// jsonText is JSON inside of JSON, as the server wants what has no fixed form.
func jsonText(v any) (string, error) {
	data, err := marshal(v)
	if err != nil {
		return "", invalid("the value cannot be written as JSON: %v", err)
	}
	return string(data), nil
}

// one sends what is answered with a data set.
func (s *EvaluationDatasetService) one(ctx context.Context, op operation, in any) (*EvaluationDataset, error) {
	var out struct {
		Dataset evaluationDatasetJSON `json:"dataset"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Dataset.value()
}

// Get returns a data set without its records, or ErrNotFound.
func (s *EvaluationDatasetService) Get(ctx context.Context, id string) (*EvaluationDataset, error) {
	at, err := joinPath(datasetPrefix, id)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, reads(at), nil)
}

// Delete removes a data set with its records; that it was not there is no error.
func (s *EvaluationDatasetService) Delete(ctx context.Context, id string) error {
	at, err := joinPath(datasetPrefix, id)
	if err != nil {
		return err
	}
	return s.api.call(ctx, deletes(at), nil, nil)
}

// SetTags sets tags, or overwrites them; others stay.
func (s *EvaluationDatasetService) SetTags(ctx context.Context, id string, tags map[string]string) error {
	at, err := joinPath(datasetPrefix, id, "tags")
	if err != nil {
		return err
	}
	text, err := jsonText(tags)
	if err != nil {
		return err
	}
	return s.api.call(ctx, patches(at), map[string]string{"tags": text}, nil)
}

// DeleteTag takes a tag away; that it was not there is no error. The server cannot be asked for a key that holds "/".
func (s *EvaluationDatasetService) DeleteTag(ctx context.Context, id, key string) error {
	at, err := joinPath(datasetPrefix, id, "tags", key)
	if err != nil {
		return err
	}
	return s.api.call(ctx, deletes(at), nil, nil)
}

// SearchEvaluationDatasets selects data sets. The zero value gives all, the last created first.
type SearchEvaluationDatasets struct {
	// ExperimentIDs, when given, are the experiments of which a data set must have one.
	ExperimentIDs []string
	// Filter as MLflow knows it, for example `name LIKE 'wine%' AND tags.team = 'a'`; see [Quote] for values.
	Filter string
	// OrderBy holds clauses such as "name ASC" or "last_update_time DESC".
	OrderBy []string
	// PageSize is the number of data sets a request asks for, 1000 when 0, and at most 50000.
	PageSize int
}

// Search walks over the data sets that match, without their records.
func (s *EvaluationDatasetService) Search(ctx context.Context, q SearchEvaluationDatasets) iter.Seq2[*EvaluationDataset, error] {
	return iterate(func(token string) (*Page[EvaluationDataset], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *EvaluationDatasetService) SearchPage(ctx context.Context, q SearchEvaluationDatasets, token string) (*Page[EvaluationDataset], error) {
	size := q.PageSize
	if size == 0 {
		size = 1000
	}
	if size < 0 || size > maxDatasets {
		return nil, invalid("a page of %d data sets: 1 to %d are possible", size, maxDatasets)
	}
	body := struct {
		ExperimentIDs []string `json:"experiment_ids,omitempty"`
		Filter        string   `json:"filter_string,omitempty"`
		OrderBy       []string `json:"order_by,omitempty"`
		MaxResults    int      `json:"max_results"`
		Token         string   `json:"page_token,omitempty"`
	}{q.ExperimentIDs, q.Filter, q.OrderBy, size, token}
	var out struct {
		Datasets  []evaluationDatasetJSON `json:"datasets"`
		NextToken string                  `json:"next_page_token"`
	}
	if err := s.api.call(ctx, queries(datasetPrefix+"/search"), body, &out); err != nil {
		return nil, err
	}
	sets, err := values(out.Datasets, (*evaluationDatasetJSON).value)
	if err != nil {
		return nil, err
	}
	return &Page[EvaluationDataset]{Items: sets, NextToken: out.NextToken}, nil
}

// ExperimentIDs are the experiments that a data set belongs to; none for a data set that does not exist.
func (s *EvaluationDatasetService) ExperimentIDs(ctx context.Context, id string) ([]string, error) {
	at, err := joinPath(datasetPrefix, id, "experiment-ids")
	if err != nil {
		return nil, err
	}
	var out struct {
		IDs []text `json:"experiment_ids"`
	}
	err = s.api.call(ctx, reads(at), nil, &out)
	return texts(out.IDs), err
}

// AddToExperiments shows a data set in more experiments, all of which must exist; in some already is no error.
func (s *EvaluationDatasetService) AddToExperiments(ctx context.Context, id string, experiments ...string) (*EvaluationDataset, error) {
	return s.experiments(ctx, id, "add-experiments", experiments)
}

// RemoveFromExperiments takes a data set out of experiments; that it was in none of them is no error.
func (s *EvaluationDatasetService) RemoveFromExperiments(ctx context.Context, id string, experiments ...string) (*EvaluationDataset, error) {
	return s.experiments(ctx, id, "remove-experiments", experiments)
}

func (s *EvaluationDatasetService) experiments(ctx context.Context, id, what string, experiments []string) (*EvaluationDataset, error) {
	at, err := joinPath(datasetPrefix, id, what)
	if err != nil {
		return nil, err
	}
	return s.one(ctx, writes(at), map[string]any{"experiment_ids": append([]string{}, experiments...)})
}
