package prefectclient

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// runSource is where a worker's runs come from: a work pool, or deployments that need none.
type runSource interface {
	fmt.Stringer
	// prepare makes what is missing.
	prepare(ctx context.Context) error
	// scheduled gives the runs that are planned up to a time.
	scheduled(ctx context.Context, before time.Time) ([]*FlowRun, error)
	// beat tells that the worker lives.
	beat(ctx context.Context) error
	// concerns reports events of runs from here.
	concerns(event *Event) bool
	// runs selects the flow runs from here.
	runs() Related
}

// poolSource is a work pool, or some of its queues.
type poolSource struct {
	client *Client
	config WorkerConfig
}

func (s poolSource) String() string {
	if len(s.config.Queues) == 0 {
		return fmt.Sprintf("the work pool %q", s.config.Pool)
	}
	return fmt.Sprintf("the queues %q of the work pool %q", s.config.Queues, s.config.Pool)
}

func (s poolSource) prepare(ctx context.Context) error {
	if err := ensurePool(ctx, s.client, s.config.Pool); err != nil {
		return err
	}
	for _, queue := range s.config.Queues {
		if _, err := s.client.WorkQueues.Ensure(ctx, s.config.Pool, WorkQueueCreate{Name: queue}); err != nil {
			return err
		}
	}
	return nil
}

func (s poolSource) scheduled(ctx context.Context, before time.Time) ([]*FlowRun, error) {
	found, err := s.client.WorkPools.ScheduledFlowRuns(ctx, s.config.Pool, s.config.Queues, before, pollLimit)
	runs := make([]*FlowRun, len(found))
	for i, run := range found {
		runs[i] = &run.FlowRun
	}
	return runs, err
}

func (s poolSource) beat(ctx context.Context) error {
	return s.client.Workers.Heartbeat(ctx, s.config.Pool, s.config.Name, s.config.HeartbeatInterval)
}

func (s poolSource) concerns(event *Event) bool {
	return slices.ContainsFunc(event.Related, func(r Resource) bool {
		return r.Role() == "work-pool" && r.Name() == s.config.Pool
	})
}

func (s poolSource) runs() Related {
	return Related{WorkPools: &WorkPoolFilter{Name: &AnyFilter{Any: []string{s.config.Pool}}}}
}

// deploymentSource are deployments without a work pool.
type deploymentSource struct {
	client *Client
	ids    []string
}

func (s deploymentSource) String() string { return fmt.Sprintf("%d deployments", len(s.ids)) }

func (s deploymentSource) prepare(context.Context) error { return nil }

func (s deploymentSource) scheduled(ctx context.Context, before time.Time) ([]*FlowRun, error) {
	return s.client.Deployments.ScheduledFlowRuns(ctx, before, pollLimit, s.ids...)
}

// beat does nothing: asking for runs tells that the deployments are served.
func (s deploymentSource) beat(context.Context) error { return nil }

func (s deploymentSource) concerns(event *Event) bool {
	return slices.ContainsFunc(event.Related, func(r Resource) bool {
		return r.Role() == "deployment" && slices.Contains(s.ids, lastSegment(r.ID()))
	})
}

func (s deploymentSource) runs() Related {
	return Related{Deployments: &DeploymentFilter{ID: &IDFilter{Any: s.ids}}}
}

// lastSegment is the id at the end of a resource's.
func lastSegment(resourceID string) string {
	for i := len(resourceID) - 1; i >= 0; i-- {
		if resourceID[i] == '.' {
			return resourceID[i+1:]
		}
	}
	return resourceID
}
