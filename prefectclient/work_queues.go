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

// ReadByID gives the queue with this id.
func (s *WorkQueuesService) ReadByID(ctx context.Context, id string) (*WorkQueue, error) {
	return one[WorkQueue](ctx, s.client, get(pathOf("work_queues", id)))
}

// UpdateByID changes what is set in the update of the queue with this id.
func (s *WorkQueuesService) UpdateByID(ctx context.Context, id string, update WorkQueueUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("work_queues", id), update), nil)
	return err
}

// DeleteByID removes the queue with this id.
func (s *WorkQueuesService) DeleteByID(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("work_queues", id)), nil)
	return err
}

// FilterAll walks the queues of all pools that match; nil for all.
func (s *WorkQueuesService) FilterAll(ctx context.Context, filter *WorkQueueFilter) iter.Seq2[*WorkQueue, error] {
	return pages(0, func(q *WorkQueue) string { return q.ID }, func(p page) ([]*WorkQueue, error) {
		return fetch[WorkQueue](ctx, s.client, "/work_queues/filter", struct {
			WorkQueues *WorkQueueFilter `json:"work_queues,omitempty"`
			page
		}{filter, p})
	})
}

// QueueStatus says whether a queue is served as it should be.
type QueueStatus struct {
	Healthy    bool      `json:"healthy"`
	LateRuns   int       `json:"late_runs_count"`
	LastPolled time.Time `json:"last_polled"`
}

// Status says whether the queue with this id is served as it should be.
func (s *WorkQueuesService) Status(ctx context.Context, id string) (*QueueStatus, error) {
	return one[QueueStatus](ctx, s.client, get(pathOf("work_queues", id, "status")))
}

// QueueOccupancy says who holds a queue's slots.
type QueueOccupancy struct {
	// QueueID and QueueName are set where a pool lists its queues.
	QueueID          string     `json:"queue_id"`
	QueueName        string     `json:"queue_name"`
	ActiveSlots      int        `json:"active_slots"`
	ConcurrencyLimit *int       `json:"concurrency_limit"`
	FlowRuns         []*SlotRun `json:"flow_runs"`
}

// SlotRun is a flow run that holds a slot.
type SlotRun struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	StateType StateType `json:"state_type"`
	StateName string    `json:"state_name"`
	StartTime time.Time `json:"start_time"`
	// TimeInState is in seconds.
	TimeInState float64 `json:"time_in_current_state"`
}

// ConcurrencyStatus says who holds the slots of the queue with this id: the first limit runs (0: the server's 200).
func (s *WorkQueuesService) ConcurrencyStatus(ctx context.Context, id string, limit int) (*QueueOccupancy, error) {
	body := map[string]int{}
	if limit > 0 {
		body["limit"] = limit
	}
	return one[QueueOccupancy](ctx, s.client, read(pathOf("work_queues", id, "concurrency_status"), body))
}
