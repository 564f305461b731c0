package prefectclient

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// SavedSearchesService holds the filters that users of the UI keep.
type SavedSearchesService struct{ client *Client }

// SavedSearch is a named list of filters.
type SavedSearch struct {
	ID      string              `json:"id"`
	Created time.Time           `json:"created"`
	Updated time.Time           `json:"updated"`
	Name    string              `json:"name"`
	Filters []SavedSearchFilter `json:"filters"`
}

// SavedSearchFilter is one condition, as the UI understands it.
type SavedSearchFilter struct {
	Object    string `json:"object"`
	Property  string `json:"property"`
	Type      string `json:"type"`
	Operation string `json:"operation"`
	Value     any    `json:"value"`
}

// Save makes the search of this name, or replaces its filters.
func (s *SavedSearchesService) Save(ctx context.Context, name string, filters ...SavedSearchFilter) (*SavedSearch, error) {
	body := map[string]any{"name": name, "filters": notNil(filters)}
	return one[SavedSearch](ctx, s.client, call{method: http.MethodPut, path: "/saved_searches/", body: body}.harmless())
}

// Read gives the search with this id.
func (s *SavedSearchesService) Read(ctx context.Context, id string) (*SavedSearch, error) {
	return one[SavedSearch](ctx, s.client, get(pathOf("saved_searches", id)))
}

// Filter walks all searches.
func (s *SavedSearchesService) Filter(ctx context.Context) iter.Seq2[*SavedSearch, error] {
	return pages(0, func(v *SavedSearch) string { return v.ID }, func(p page) ([]*SavedSearch, error) {
		return fetch[SavedSearch](ctx, s.client, "/saved_searches/filter", p)
	})
}

// Delete removes a search.
func (s *SavedSearchesService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("saved_searches", id)), nil)
	return err
}
