package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mlopsgo/internal/rest"
)

// leaseTime is for how long a deployment's concurrency slot is held without a renewal.
const leaseTime = 5 * time.Minute

// keepAlive tells the server that the run lives, and keeps the concurrency slot that it holds. A lost slot ends the
// run. The returned function stops both.
func (e *flowEngine) keepAlive(ctx context.Context, end context.CancelCauseFunc, running *State) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	if every := e.session.client.settings.FlowHeartbeat; every > 0 {
		work.Go(func() { e.heartbeats(ctx, every) })
	}
	if lease := running.Details.DeploymentConcurrencyLeaseID; lease != "" {
		work.Go(func() { e.renewLease(ctx, end, lease) })
	}
	return func() { cancel(); work.Wait() }
}

// heartbeats are events; an automation of the server may take their absence for a crash.
func (e *flowEngine) heartbeats(ctx context.Context, every time.Duration) {
	about := resource("flow-run", e.run.id, e.run.name, "")
	for {
		event, err := NewEvent("prefect.flow-run.heartbeat", about, nil, e.run.related[1:]...)
		if err != nil {
			return
		}
		e.session.events.send(event)
		if !rest.Wait(ctx, every) {
			return
		}
	}
}

func (e *flowEngine) renewLease(ctx context.Context, end context.CancelCauseFunc, lease string) {
	path := pathOf("v2", "concurrency_limits", "leases", lease, "renew")
	for {
		_, err := e.session.client.call(ctx, post(path, map[string]any{"lease_duration": leaseTime.Seconds()}).harmless(), nil)
		if errors.Is(err, ErrGone) || errors.Is(err, ErrNotFound) {
			end(fmt.Errorf("the deployment's concurrency slot was lost: %w", err))
			return
		}
		// Two thirds of the time are left for attempts after a failure.
		if !rest.Wait(ctx, leaseTime/3) {
			return
		}
	}
}
