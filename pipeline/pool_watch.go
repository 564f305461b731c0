package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"mlopsgo/prefectclient"
)

// watchInterval is how often a study asks how its flow runs are; their ends are told by events, within tenths of a second.
const watchInterval = 2 * time.Second

// flowRunWatch waits for the ends of flow runs on a pool, and finds those whose workers are gone.
type flowRunWatch struct {
	client *prefectclient.Client
	pool   string
	beats  workerBeats
	ask    chan struct{}
	work   sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]chan *prefectclient.FlowRun // by flow run: gets what is known of it at its end, or nil
}

func newFlowRunWatch(client *prefectclient.Client, pool string) *flowRunWatch {
	return &flowRunWatch{
		client: client, pool: pool, beats: workerBeats{seen: map[string]workerBeat{}}, ask: make(chan struct{}, 1), waiting: map[string]chan *prefectclient.FlowRun{},
	}
}

// start follows events, and asks now and then, until ctx ends.
func (w *flowRunWatch) start(ctx context.Context) {
	w.work.Go(func() { w.follow(ctx) })
	w.work.Go(func() {
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := w.look(ctx); err != nil && ctx.Err() == nil {
				prefectclient.Logger(ctx).Warn("the pool's flow runs cannot be read; the study goes on asking", "error", err)
			}
		}
	})
}

// wait returns a flow run as it is at its end.
func (w *flowRunWatch) wait(ctx context.Context, run *prefectclient.FlowRun) (*prefectclient.FlowRun, error) {
	for !run.StateType.Final() { // somebody may have it retried as soon as it ended
		ended := make(chan *prefectclient.FlowRun, 1)
		w.mu.Lock()
		w.waiting[run.ID] = ended
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case known := <-ended:
			if known != nil {
				return known, nil
			}
		}
		now, err := w.client.FlowRuns.Read(ctx, run.ID)
		if err != nil {
			return run, err
		}
		run = now
	}
	return run, nil
}

// ended wakes who waits for a flow run, and hands on what is known of it; nil has it read.
func (w *flowRunWatch) ended(id string, known *prefectclient.FlowRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if waiting := w.waiting[id]; waiting != nil {
		waiting <- known
		delete(w.waiting, id)
	}
}

// completed is the event of a flow run that has come to its good end, of which there is no more to know.
const completed = "prefect.flow-run.Completed"

// finals are the events of flow runs that have ended. An AwaitingRetry is none.
var finals = []string{
	completed, "prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.Cancelled", "prefect.flow-run.TimedOut",
}

// follow takes the ends from the server's events.
func (w *flowRunWatch) follow(ctx context.Context) {
	for event, err := range w.client.Events.Subscribe(ctx, prefectclient.EventFilter{Names: finals}) {
		if err != nil {
			if ctx.Err() == nil {
				prefectclient.Logger(ctx).Warn("the server's events cannot be followed; the ends of trials are seen after seconds", "error", err)
			}
			return
		}
		id := strings.TrimPrefix(event.Resource.ID(), "prefect.flow-run.")
		var known *prefectclient.FlowRun
		if event.Name == completed {
			known = &prefectclient.FlowRun{ID: id, StateType: prefectclient.StateCompleted, StateName: "Completed"}
		}
		w.ended(id, known)
	}
}

// look reads the flow runs that are waited for: some may have ended without an event that came here, and some may be lost.
func (w *flowRunWatch) look(ctx context.Context) error {
	w.mu.Lock()
	ids := slices.Collect(maps.Keys(w.waiting))
	w.mu.Unlock()
	var held []*prefectclient.FlowRun
	for part := range slices.Chunk(ids, prefectclient.MaxPageSize) {
		query := prefectclient.FlowRunQuery{Related: prefectclient.Related{FlowRuns: &prefectclient.FlowRunFilter{ID: &prefectclient.IDFilter{Any: part}}}}
		for run, err := range w.client.FlowRuns.Filter(ctx, query) {
			if err != nil {
				return err
			}
			switch {
			case run.StateType.Final():
				w.ended(run.ID, run)
			case run.StateType == prefectclient.StatePending || run.StateType == prefectclient.StateRunning:
				held = append(held, run)
			}
		}
	}
	if len(held) == 0 {
		return nil
	}
	if err := w.beats.read(ctx, w.client, w.pool); err != nil {
		return err
	}
	for _, run := range held {
		if silence := w.beats.silence(run.Worker()); silence > 0 {
			if err := w.crash(ctx, run, silence); err != nil {
				return err
			}
		}
	}
	return nil
}

// crash gives up a flow run whose worker is gone. One that has ended meanwhile is left as it is.
func (w *flowRunWatch) crash(ctx context.Context, run *prefectclient.FlowRun, silence time.Duration) error {
	state := prefectclient.State{
		Type: prefectclient.StateCrashed, Message: fmt.Sprintf("The worker %s has not been heard of for %v.", run.Worker(), silence.Round(time.Second)),
	}
	if _, err := w.client.FlowRuns.SetState(ctx, run.ID, state); err != nil {
		return fmt.Errorf("give up flow run %s: %w", run.ID, err)
	}
	w.ended(run.ID, nil)
	return nil
}

// workerBeats notes when the heartbeats of a pool's workers changed, by the clock of this process: clocks of servers and workers may differ.
type workerBeats struct{ seen map[string]workerBeat }

type workerBeat struct {
	last     time.Time // as the server has it
	changed  time.Time // when that was first seen here
	interval time.Duration
}

// read asks the server for the workers.
func (b workerBeats) read(ctx context.Context, client *prefectclient.Client, pool string) error {
	for worker, err := range client.Workers.Filter(ctx, pool) {
		if err != nil {
			return fmt.Errorf("workers of pool %s: %w", pool, err)
		}
		beat, known := b.seen[worker.Name]
		if !known || !beat.last.Equal(worker.LastHeartbeatTime) {
			beat = workerBeat{last: worker.LastHeartbeatTime, changed: time.Now()}
		}
		beat.interval = time.Duration(worker.HeartbeatIntervalSeconds) * time.Second
		b.seen[worker.Name] = beat
	}
	return nil
}

// missedBeats is how many heartbeats a worker may miss, as for Prefect itself.
const missedBeats = 3

// silence is for how long a worker that must be given up has not been heard of; 0 when it lives, or is not known.
func (b workerBeats) silence(worker string) time.Duration {
	beat, known := b.seen[worker]
	silent := time.Since(beat.changed)
	if !known || beat.interval <= 0 || silent < missedBeats*beat.interval+watchInterval {
		return 0
	}
	return silent
}
