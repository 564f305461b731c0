package mlflowclient

import (
	"context"
	"iter"
	"net/url"
)

// SearchLoggedModels selects logged models. Order: as OrderBy says, then the last created first.
type SearchLoggedModels struct {
	// ExperimentIDs are where to look; none finds nothing.
	ExperimentIDs []string
	// Filter as MLflow knows it: clauses joined by AND, such as `name = 'forest'`, `source_run_id = '…'`,
	// `metrics.accuracy > 0.6`, `params.depth = '3'`, `tags.team = 'wine'`.
	Filter string
	// Datasets restrict the metrics of Filter to those logged for one of these data sets; without such a clause, the
	// models to those with any metric for one.
	Datasets []DatasetRef
	OrderBy  []LoggedModelOrder
	// PageSize is the number of models a request asks for, 100 when 0.
	PageSize int
}

// DatasetRef names a data set by what identifies it.
type DatasetRef struct {
	Name string
	// Digest may be empty: any.
	Digest string
}

// LoggedModelOrder is one criterion of an order.
type LoggedModelOrder struct {
	// Field is such as "name", "creation_timestamp" or "metrics.accuracy".
	Field      string
	Descending bool
	// Dataset restricts a metric to what was logged for this data set.
	Dataset DatasetRef
}

type datasetRefJSON struct {
	Name   string `json:"dataset_name,omitempty"`
	Digest string `json:"dataset_digest,omitempty"`
}

type loggedModelOrderJSON struct {
	Field     string `json:"field_name"`
	Ascending bool   `json:"ascending"`
	datasetRefJSON
}

// Search walks over the logged models that match.
func (s *LoggedModelService) Search(ctx context.Context, q SearchLoggedModels) iter.Seq2[*LoggedModel, error] {
	return iterate(func(token string) (*Page[LoggedModel], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *LoggedModelService) SearchPage(ctx context.Context, q SearchLoggedModels, token string) (*Page[LoggedModel], error) {
	if len(q.ExperimentIDs) == 0 { // which the server takes for a missing argument
		return &Page[LoggedModel]{}, nil
	}
	if q.PageSize < 0 {
		return nil, invalid("a page of %d logged models", q.PageSize)
	}
	body := struct {
		ExperimentIDs []string               `json:"experiment_ids"`
		Filter        string                 `json:"filter,omitempty"`
		Datasets      []datasetRefJSON       `json:"datasets,omitempty"`
		MaxResults    int                    `json:"max_results,omitempty"`
		OrderBy       []loggedModelOrderJSON `json:"order_by,omitempty"`
		Token         string                 `json:"page_token,omitempty"`
	}{ExperimentIDs: q.ExperimentIDs, Filter: q.Filter, MaxResults: q.PageSize, Token: token}
	for _, d := range q.Datasets {
		body.Datasets = append(body.Datasets, datasetRefJSON(d))
	}
	for _, o := range q.OrderBy {
		body.OrderBy = append(body.OrderBy, loggedModelOrderJSON{o.Field, !o.Descending, datasetRefJSON(o.Dataset)})
	}
	var out struct {
		Models    []loggedModelJSON `json:"models"`
		NextToken string            `json:"next_page_token"`
	}
	if err := s.api.call(ctx, queries("logged-models/search"), body, &out); err != nil {
		return nil, err
	}
	page := &Page[LoggedModel]{NextToken: out.NextToken}
	for i := range out.Models {
		page.Items = append(page.Items, out.Models[i].value())
	}
	return page, nil
}

// ListArtifacts gives what is directly in a folder of the model's files ("" is the top), by name, as the server sees it;
// [ArtifactService.At] with the model's ArtifactURI also reads and writes them.
func (s *LoggedModelService) ListArtifacts(ctx context.Context, id, dir string) ([]*FileInfo, error) {
	at, err := loggedModelPath(id, "artifacts", "directories")
	if err != nil {
		return nil, err
	}
	in := url.Values{}
	if dir != "" {
		if err := checkArtifactName(dir); err != nil {
			return nil, err
		}
		in.Set("artifact_directory_path", dir)
	}
	var out serverFiles
	if err := s.api.call(ctx, reads(at), in, &out); err != nil {
		return nil, err
	}
	return out.in(dir, apiPrefix+at)
}
