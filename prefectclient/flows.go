package prefectclient

import (
	"context"
	"iter"
	"time"
)

// FlowsService holds the flows' entries: a name under which runs and deployments are collected.
type FlowsService struct{ client *Client }

// FlowEntry is a flow as the server knows it. (A [Flow] is the function.)
type FlowEntry struct {
	ID      string         `json:"id"`
	Created time.Time      `json:"created"`
	Updated time.Time      `json:"updated"`
	Name    string         `json:"name"`
	Tags    []string       `json:"tags"`
	Labels  map[string]any `json:"labels"`
}

// FlowFilter selects flows.
type FlowFilter struct {
	Operator   Operator    `json:"operator,omitempty"`
	ID         *IDFilter   `json:"id,omitempty"`
	Deployment *LinkFilter `json:"deployment,omitempty"`
	Name       *NameFilter `json:"name,omitempty"`
	Tags       *TagsFilter `json:"tags,omitempty"`
}

// FlowQuery asks for flows. Sort is one of CREATED_DESC, UPDATED_DESC, NAME_ASC (default), NAME_DESC.
type FlowQuery struct {
	Related
	Sort string `json:"sort,omitempty"`
	// PageSize is how many are fetched at once; 0 means [MaxPageSize].
	PageSize int `json:"-"`
}

// Create makes the flow of this name, or gives the one that exists.
func (s *FlowsService) Create(ctx context.Context, name string, tags []string, labels map[string]any) (*FlowEntry, error) {
	body := struct {
		Name   string         `json:"name"`
		Tags   []string       `json:"tags,omitempty"`
		Labels map[string]any `json:"labels,omitempty"`
	}{name, tags, labels}
	var flow FlowEntry
	if _, err := s.client.call(ctx, post("/flows/", body).harmless(), &flow); err != nil {
		return nil, err
	}
	return &flow, nil
}

// Read gives the flow with this id.
func (s *FlowsService) Read(ctx context.Context, id string) (*FlowEntry, error) {
	var flow FlowEntry
	if _, err := s.client.call(ctx, get(pathOf("flows", id)), &flow); err != nil {
		return nil, err
	}
	return &flow, nil
}

// ReadByName gives the flow with this name.
func (s *FlowsService) ReadByName(ctx context.Context, name string) (*FlowEntry, error) {
	var flow FlowEntry
	if _, err := s.client.call(ctx, get(pathOf("flows", "name", name)), &flow); err != nil {
		return nil, err
	}
	return &flow, nil
}

// SetTags replaces the flow's tags.
func (s *FlowsService) SetTags(ctx context.Context, id string, tags []string) error {
	if tags == nil {
		tags = []string{}
	}
	_, err := s.client.call(ctx, patch(pathOf("flows", id), map[string]any{"tags": tags}), nil)
	return err
}

// Delete removes the flow with its deployments and runs.
func (s *FlowsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("flows", id)), nil)
	return err
}

// Filter walks the flows that match.
func (s *FlowsService) Filter(ctx context.Context, q FlowQuery) iter.Seq2[*FlowEntry, error] {
	return pages(q.PageSize, func(f *FlowEntry) string { return f.ID }, func(p page) ([]*FlowEntry, error) {
		return fetch[FlowEntry](ctx, s.client, "/flows/filter", struct {
			FlowQuery
			page
		}{q, p})
	})
}

// Count gives the number of flows that match.
func (s *FlowsService) Count(ctx context.Context, r Related) (int, error) {
	return count(ctx, s.client, "/flows/count", r)
}

// BulkDelete removes at most limit flows that match (0: the server's 50), with their deployments and runs, and gives
// their ids.
func (s *FlowsService) BulkDelete(ctx context.Context, filter FlowFilter, limit int) ([]string, error) {
	return bulkDelete(ctx, s.client, "flows", filter, limit)
}

// Page gives one page of the flows that match, with the number of all.
func (s *FlowsService) Page(ctx context.Context, q FlowQuery, number int) (*Page[FlowEntry], error) {
	return numbered[FlowEntry](ctx, s.client, "/flows/paginate", q.PageSize, number, func(p pageNumber) any {
		return struct {
			FlowQuery
			pageNumber
		}{q, p}
	})
}
