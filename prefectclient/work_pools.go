package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"
)

// WorkPoolsService holds work pools, the places where runs wait for workers.
type WorkPoolsService struct{ client *Client }

// WorkPool is a work pool as the server has it.
type WorkPool struct {
	ID               string          `json:"id"`
	Created          time.Time       `json:"created"`
	Updated          time.Time       `json:"updated"`
	Name             string          `json:"name"`
	Description      string          `json:"description"`
	Type             string          `json:"type"`
	BaseJobTemplate  json.RawMessage `json:"base_job_template"`
	IsPaused         bool            `json:"is_paused"`
	ConcurrencyLimit *int            `json:"concurrency_limit"`
	// Status is READY with an online worker, NOT_READY or PAUSED otherwise.
	Status         string `json:"status"`
	DefaultQueueID string `json:"default_queue_id"`
	ActiveSlots    *int   `json:"active_slots"`
}

// WorkPoolCreate describes a new work pool.
type WorkPoolCreate struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	// BaseJobTemplate is an object with "job_configuration" and "variables", neither of them empty. Nil is for pools
	// whose workers start no infrastructure, such as Go's.
	BaseJobTemplate  json.RawMessage `json:"base_job_template,omitempty"`
	IsPaused         bool            `json:"is_paused,omitempty"`
	ConcurrencyLimit *int            `json:"concurrency_limit,omitempty"`
}

// WorkPoolUpdate changes a work pool; fields left zero are left alone.
type WorkPoolUpdate struct {
	Description      Patch[string]          `json:"description,omitzero"`
	IsPaused         Patch[bool]            `json:"is_paused,omitzero"`
	BaseJobTemplate  Patch[json.RawMessage] `json:"base_job_template,omitzero"`
	ConcurrencyLimit Patch[int]             `json:"concurrency_limit,omitzero"`
}

// WorkPoolFilter selects work pools.
type WorkPoolFilter struct {
	Operator Operator   `json:"operator,omitempty"`
	ID       *AnyFilter `json:"id,omitempty"`
	Name     *AnyFilter `json:"name,omitempty"`
	Type     *AnyFilter `json:"type,omitempty"`
}

// ScheduledRun is a run that waits in a work pool.
type ScheduledRun struct {
	WorkPoolID  string  `json:"work_pool_id"`
	WorkQueueID string  `json:"work_queue_id"`
	FlowRun     FlowRun `json:"flow_run"`
}

// Create makes a work pool; a name that exists is an [ErrConflict].
func (s *WorkPoolsService) Create(ctx context.Context, in WorkPoolCreate) (*WorkPool, error) {
	var pool WorkPool
	if _, err := s.client.call(ctx, post("/work_pools/", in), &pool); err != nil {
		return nil, err
	}
	return &pool, nil
}

// Ensure gives the pool of this name, made as described when it does not exist.
func (s *WorkPoolsService) Ensure(ctx context.Context, in WorkPoolCreate) (*WorkPool, error) {
	pool, err := s.Read(ctx, in.Name)
	if !errors.Is(err, ErrNotFound) {
		return pool, err
	}
	pool, err = s.Create(ctx, in)
	if errors.Is(err, ErrConflict) { // someone else was faster
		return s.Read(ctx, in.Name)
	}
	return pool, err
}

// Read gives the work pool of this name.
func (s *WorkPoolsService) Read(ctx context.Context, name string) (*WorkPool, error) {
	var pool WorkPool
	if _, err := s.client.call(ctx, get(pathOf("work_pools", name)), &pool); err != nil {
		return nil, err
	}
	return &pool, nil
}

// Update changes what is set in the update.
func (s *WorkPoolsService) Update(ctx context.Context, name string, update WorkPoolUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("work_pools", name), update), nil)
	return err
}

// Delete removes a work pool with its queues.
func (s *WorkPoolsService) Delete(ctx context.Context, name string) error {
	_, err := s.client.call(ctx, remove(pathOf("work_pools", name)), nil)
	return err
}

// Filter walks the work pools that match; nil for all.
func (s *WorkPoolsService) Filter(ctx context.Context, filter *WorkPoolFilter) iter.Seq2[*WorkPool, error] {
	return pages(0, func(p *WorkPool) string { return p.ID }, func(p page) ([]*WorkPool, error) {
		return fetch[WorkPool](ctx, s.client, "/work_pools/filter", struct {
			WorkPools *WorkPoolFilter `json:"work_pools,omitempty"`
			page
		}{filter, p})
	})
}

// Count gives the number of work pools that match; nil for all.
func (s *WorkPoolsService) Count(ctx context.Context, filter *WorkPoolFilter) (int, error) {
	return count(ctx, s.client, "/work_pools/count", map[string]any{"work_pools": filter})
}

// PoolOccupancy says who holds a pool's slots.
type PoolOccupancy struct {
	ActiveSlots      int               `json:"active_slots"`
	ConcurrencyLimit *int              `json:"concurrency_limit"`
	Queues           []*QueueOccupancy `json:"queues"`
}

// ConcurrencyStatus says who holds a pool's slots, queue by queue, with at most limit runs each.
func (s *WorkPoolsService) ConcurrencyStatus(ctx context.Context, name string, limit int) (*PoolOccupancy, error) {
	return one[PoolOccupancy](ctx, s.client, read(pathOf("work_pools", name, "concurrency_status"), map[string]int{"flow_run_limit": limit}))
}

// ScheduledFlowRuns gives the runs that wait in a pool and are due by a time, the earliest first within the queues'
// priorities. No queues means all of them. A paused pool gives none; an unknown queue is an [ErrNotFound].
func (s *WorkPoolsService) ScheduledFlowRuns(ctx context.Context, pool string, queues []string, before time.Time, limit int) ([]*ScheduledRun, error) {
	body := map[string]any{"scheduled_before": before.UTC()}
	if len(queues) > 0 {
		body["work_queue_names"] = queues
	}
	if limit > 0 {
		body["limit"] = limit
	}
	return fetch[ScheduledRun](ctx, s.client, pathOf("work_pools", pool, "get_scheduled_flow_runs"), body)
}
