package prefectclient

import (
	"context"
	"iter"
	"math"
	"time"
)

// WorkersService sends and reads the heartbeats of workers. (A [Worker] is the program.)
type WorkersService struct{ client *Client }

// WorkerEntry is a worker as the server knows it.
type WorkerEntry struct {
	ID                       string    `json:"id"`
	Name                     string    `json:"name"`
	WorkPoolID               string    `json:"work_pool_id"`
	LastHeartbeatTime        time.Time `json:"last_heartbeat_time"`
	HeartbeatIntervalSeconds int       `json:"heartbeat_interval_seconds"`
	// Status is ONLINE or OFFLINE; a worker is offline after three intervals without a heartbeat.
	Status string `json:"status"`
}

// Heartbeat tells that a worker of a pool lives and when it will tell again.
func (s *WorkersService) Heartbeat(ctx context.Context, pool, worker string, interval time.Duration) error {
	body := map[string]any{"name": worker, "heartbeat_interval_seconds": int(math.Ceil(interval.Seconds()))}
	_, err := s.client.call(ctx, post(pathOf("work_pools", pool, "workers", "heartbeat"), body).harmless(), nil)
	return err
}

// Filter walks the workers of a pool.
func (s *WorkersService) Filter(ctx context.Context, pool string) iter.Seq2[*WorkerEntry, error] {
	return pages(0, func(w *WorkerEntry) string { return w.ID }, func(p page) ([]*WorkerEntry, error) {
		return fetch[WorkerEntry](ctx, s.client, pathOf("work_pools", pool, "workers", "filter"), p)
	})
}

// Delete forgets a worker.
func (s *WorkersService) Delete(ctx context.Context, pool, worker string) error {
	_, err := s.client.call(ctx, remove(pathOf("work_pools", pool, "workers", worker)), nil)
	return err
}
