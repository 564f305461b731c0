package prefectclient

import (
	"context"
	"errors"
	"iter"
	"time"
)

// WorkQueuesService holds the queues of work pools.
type WorkQueuesService struct{ client *Client }

// WorkQueue is a queue of a work pool.
type WorkQueue struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	Description      string `json:"description"`
	IsPaused         bool   `json:"is_paused"`
	ConcurrencyLimit *int   `json:"concurrency_limit"`
	// Priority is served in rising order: 1 before 2.
	Priority     int       `json:"priority"`
	WorkPoolID   string    `json:"work_pool_id"`
	WorkPoolName string    `json:"work_pool_name"`
	LastPolled   time.Time `json:"last_polled"`
	// Status is READY, NOT_READY or PAUSED.
	Status      string `json:"status"`
	ActiveSlots *int   `json:"active_slots"`
}

// WorkQueueCreate describes a new queue.
type WorkQueueCreate struct {
	Name             string `json:"name"`
	Description      string `json:"description,omitempty"`
	IsPaused         bool   `json:"is_paused,omitempty"`
	ConcurrencyLimit *int   `json:"concurrency_limit,omitempty"`
	// Priority is the lowest of all when 0.
	Priority int `json:"priority,omitempty"`
}

// WorkQueueUpdate changes a queue; fields left zero are left alone.
type WorkQueueUpdate struct {
	Name             Patch[string] `json:"name,omitzero"`
	Description      Patch[string] `json:"description,omitzero"`
	IsPaused         Patch[bool]   `json:"is_paused,omitzero"`
	ConcurrencyLimit Patch[int]    `json:"concurrency_limit,omitzero"`
	Priority         Patch[int]    `json:"priority,omitzero"`
}

// WorkQueueFilter selects queues.
type WorkQueueFilter struct {
	Operator Operator         `json:"operator,omitempty"`
	ID       *AnyFilter       `json:"id,omitempty"`
	Name     *QueueNameFilter `json:"name,omitempty"`
}

// QueueNameFilter selects queues by name or by how it starts.
type QueueNameFilter struct {
	Any        []string `json:"any_,omitempty"`
	StartsWith []string `json:"startswith_,omitempty"`
}

// Create makes a queue in a pool; a name that exists is an [ErrConflict].
func (s *WorkQueuesService) Create(ctx context.Context, pool string, in WorkQueueCreate) (*WorkQueue, error) {
	var queue WorkQueue
	if _, err := s.client.call(ctx, post(pathOf("work_pools", pool, "queues"), in), &queue); err != nil {
		return nil, err
	}
	return &queue, nil
}

// Ensure gives the queue of this name, made as described when it does not exist.
func (s *WorkQueuesService) Ensure(ctx context.Context, pool string, in WorkQueueCreate) (*WorkQueue, error) {
	queue, err := s.Read(ctx, pool, in.Name)
	if !errors.Is(err, ErrNotFound) {
		return queue, err
	}
	queue, err = s.Create(ctx, pool, in)
	if errors.Is(err, ErrConflict) { // someone else was faster
		return s.Read(ctx, pool, in.Name)
	}
	return queue, err
}

// Read gives a queue of a pool.
func (s *WorkQueuesService) Read(ctx context.Context, pool, name string) (*WorkQueue, error) {
	var queue WorkQueue
	if _, err := s.client.call(ctx, get(pathOf("work_pools", pool, "queues", name)), &queue); err != nil {
		return nil, err
	}
	return &queue, nil
}

// Update changes what is set in the update.
func (s *WorkQueuesService) Update(ctx context.Context, pool, name string, update WorkQueueUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("work_pools", pool, "queues", name), update), nil)
	return err
}

// Delete removes a queue.
func (s *WorkQueuesService) Delete(ctx context.Context, pool, name string) error {
	_, err := s.client.call(ctx, remove(pathOf("work_pools", pool, "queues", name)), nil)
	return err
}

// Filter walks a pool's queues that match; nil for all.
func (s *WorkQueuesService) Filter(ctx context.Context, pool string, filter *WorkQueueFilter) iter.Seq2[*WorkQueue, error] {
	return pages(0, func(q *WorkQueue) string { return q.ID }, func(p page) ([]*WorkQueue, error) {
		return fetch[WorkQueue](ctx, s.client, pathOf("work_pools", pool, "queues", "filter"), struct {
			WorkQueues *WorkQueueFilter `json:"work_queues,omitempty"`
			page
		}{filter, p})
	})
}
