package prefectclient

import (
	"context"
	"fmt"
	"iter"
)

// MaxPageSize is the most objects that a server gives for one filter call.
const MaxPageSize = 200

// pageSize checks a query's page size; 0 means the largest.
func pageSize(n int) (int, error) {
	switch {
	case n == 0:
		return MaxPageSize, nil
	case n < 0 || n > MaxPageSize:
		return 0, fmt.Errorf("prefect: the page size %d is not between 1 and %d", n, MaxPageSize)
	}
	return n, nil
}

// page is the part of a filter call that moves.
type page struct {
	Offset int `json:"offset"`
	Limit  int `json:"limit"`
}

// pages walks a filter call. Offsets slip when objects are made meanwhile, so what the previous page held is not given
// again. Nothing is fetched before the first step, nor after a break.
func pages[T any](size int, id func(*T) string, fetch func(page) ([]*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		size, err := pageSize(size)
		if err != nil {
			yield(nil, err)
			return
		}
		var previous map[string]bool
		for offset := 0; ; offset += size {
			items, err := fetch(page{Offset: offset, Limit: size})
			if err != nil {
				yield(nil, err)
				return
			}
			seen := make(map[string]bool, len(items))
			for _, item := range items {
				seen[id(item)] = true
				if !previous[id(item)] && !yield(item, nil) {
					return
				}
			}
			if len(items) < size {
				return
			}
			previous = seen
		}
	}
}

// fetch posts a filter call; the body is the query with offset and limit.
func fetch[T any](ctx context.Context, c *Client, path string, body any) ([]*T, error) {
	var items []*T
	if _, err := c.call(ctx, read(path, body), &items); err != nil {
		return nil, err
	}
	return items, nil
}

// count posts a count call.
func count(ctx context.Context, c *Client, path string, body any) (int, error) {
	var n int
	_, err := c.call(ctx, read(path, body), &n)
	return n, err
}

// Page is one numbered page of a list.
type Page[T any] struct {
	Results []*T `json:"results"`
	// Count is the number of all results, Pages that of all pages; Number counts from 1.
	Count  int `json:"count"`
	Pages  int `json:"pages"`
	Number int `json:"page"`
}

// pageNumber is the part of a paginate call that moves.
type pageNumber struct {
	Number int `json:"page"`
	Limit  int `json:"limit"`
}

// numbered posts a paginate call.
func numbered[T any](ctx context.Context, c *Client, path string, size, number int, body func(pageNumber) any) (*Page[T], error) {
	size, err := pageSize(size)
	if err != nil {
		return nil, err
	}
	return one[Page[T]](ctx, c, read(path, body(pageNumber{Number: number, Limit: size})))
}

// bulkDelete removes what matches a filter and gives the ids of what is gone.
func bulkDelete(ctx context.Context, c *Client, kind string, filter any, limit int) ([]string, error) {
	body := map[string]any{kind: filter}
	if limit > 0 {
		body["limit"] = limit
	}
	// Not repeated after a lost answer: the next attempt would delete more than the limit, and report only those.
	answer, err := one[struct {
		Deleted []string `json:"deleted"`
	}](ctx, c, post(pathOf(kind, "bulk_delete"), body))
	if err != nil {
		return nil, err
	}
	return answer.Deleted, nil
}
