package mlflowclient

import (
	"iter"
	"maps"
	"slices"
)

// Page is one page of a list, for those who keep the token themselves.
type Page[T any] struct {
	Items []*T
	// NextToken fetches the next page; empty after the last. It is opaque.
	NextToken string
}

// iterate walks over pages. Nothing is fetched before the first step nor after a break; an error is the last element.
func iterate[T any](fetch func(token string) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		token := ""
		for {
			page, err := fetch(token)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.NextToken == "" {
				return
			}
			if page.NextToken == token {
				yield(nil, &Error{Code: CodeInternalError, Message: "the server gave the same page token twice"})
				return
			}
			token = page.NextToken
		}
	}
}

// ViewType selects by life cycle.
type ViewType string

// The views of a search; the zero value is ActiveOnly.
const (
	ActiveOnly  ViewType = "ACTIVE_ONLY"
	DeletedOnly ViewType = "DELETED_ONLY"
	All         ViewType = "ALL"
)

// LifecycleStage tells what is deleted, which can be restored.
type LifecycleStage string

// The stages of experiments and runs.
const (
	StageActive  LifecycleStage = "active"
	StageDeleted LifecycleStage = "deleted"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
