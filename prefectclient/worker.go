package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"mlopsgo/internal/rest"
)

// Worker runs the flow runs that wait in a work pool, in its own process. Make it with [NewWorker] and run it with
// [Worker.Run].
//
// A run is claimed before it starts, so any number of workers may serve one pool. A run of a flow that the worker does
// not have is left to others.
type Worker struct {
	client  *Client
	config  WorkerConfig
	flows   map[string]AnyFlow
	process process
	source  runSource
	metrics *workerMetrics
	lost    *lostRuns
	log     *slog.Logger
}

// NewWorker makes a worker of flows. It sends nothing.
func NewWorker(c *Client, config WorkerConfig, flows ...AnyFlow) (*Worker, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if config.Pool == "" {
		return nil, errors.New("prefect: a worker needs a work pool")
	}
	return newWorker(c, config, poolSource{c, config}, flows)
}

func newWorker(c *Client, config WorkerConfig, from runSource, flows []AnyFlow) (*Worker, error) {
	if len(flows) == 0 {
		return nil, errors.New("prefect: a worker needs flows")
	}
	w := &Worker{
		client: c, config: config, flows: make(map[string]AnyFlow, len(flows)), source: from, metrics: newWorkerMetrics(config),
		log: c.log.With("worker", config.Name),
	}
	w.lost = &lostRuns{client: c, log: w.log}
	for _, flow := range flows {
		if _, err := flow.ParameterSchema(); err != nil {
			return nil, err
		}
		if w.flows[flow.Name()] != nil {
			return nil, fmt.Errorf("prefect: the worker has two flows named %q", flow.Name())
		}
		w.flows[flow.Name()] = flow
	}
	var err error
	if w.process, err = thisProcess(config.Name); err != nil {
		return nil, err
	}
	return w, nil
}

// Name is the worker's name.
func (w *Worker) Name() string { return w.config.Name }

// Run serves the pool until the context ends, lets running flows end (see [WorkerConfig.DrainTimeout]), and returns
// nil. A server that is not reached is waited for, at the start and at any time; what is wrong for good, such as a pool
// of another type or credentials that are not taken, is returned.
func (w *Worker) Run(ctx context.Context) error {
	if w.isSubprocess() {
		return w.runOne(ctx, os.Getenv(flowRunVariable))
	}
	err := w.prepare(ctx)
	if err == nil {
		w.run(ctx)
	}
	if ctx.Err() != nil {
		err = nil // it was told to stop before it began
	}
	return err
}

func (w *Worker) run(ctx context.Context) {
	s := newSession(w.client)
	s.background = true
	s.process = w.process.String()
	newService(w, s).serve(ctx)
	if err := s.close(ctx); err != nil {
		w.log.Warn("the last records may not have reached the server", "error", err)
	}
}

// prepare makes the places that runs come from, and settles what an earlier process of this worker left.
func (w *Worker) prepare(ctx context.Context) error {
	return w.untilReached(ctx, func() error {
		if err := w.source.prepare(ctx); err != nil {
			return err
		}
		return w.recover(ctx)
	})
}

// untilReached repeats a step while the server is not reached.
func (w *Worker) untilReached(ctx context.Context, step func() error) error {
	for failures := 0; ; failures++ {
		err := step()
		if err == nil || !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			return err
		}
		w.log.Warn("the Prefect server is not reached; the worker waits for it", "error", err)
		if !rest.Wait(ctx, reconnectWait(failures)) {
			return context.Cause(ctx)
		}
	}
}

// service is a worker while it runs.
type service struct {
	*Worker
	session *session

	// wake makes the poller ask at once.
	wake chan struct{}
	// flowNames are the names of flows by their ids.
	flowNames sync.Map

	mu       sync.Mutex
	active   map[string]*activeRun // by flow run id
	slots    int                   // how many of them have a slot
	waiting  map[string]*time.Timer
	missing  map[string]bool // flows, by id, that this worker does not have, told once
	draining bool
	runs     sync.WaitGroup
}

// activeRun is a run that this worker has claimed or is about to claim.
type activeRun struct {
	cancel    context.CancelCauseFunc
	done      chan struct{}
	cancelled bool
	slot      bool // it counts in Limit
}

func newService(w *Worker, s *session) *service {
	return &service{
		Worker: w, session: s, wake: make(chan struct{}, 1), active: map[string]*activeRun{},
		waiting: map[string]*time.Timer{}, missing: map[string]bool{},
	}
}

// serve polls, listens and beats until the context ends, then drains.
func (s *service) serve(ctx context.Context) {
	s.emit("prefect.worker.started")
	s.log.Info("the worker serves "+s.source.String(), "flows", len(s.flows))
	var listeners, beats sync.WaitGroup
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	beats.Go(func() { s.beat(beating) }) // also while draining: the worker lives
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	listeners.Go(func() { s.listen(watching) }) // also while draining: runs can be cancelled
	listeners.Go(func() { s.watchCancelling(watching) })
	listeners.Go(func() { s.lost.lookAgain(watching) })
	s.poll(ctx)
	s.drain()
	stopWatching()
	listeners.Wait()
	stopBeating()
	beats.Wait()
	s.emit("prefect.worker.stopped")
}

// drain lets active runs end, and ends them when their time is over.
func (s *service) drain() {
	s.mu.Lock()
	s.draining = true
	for _, timer := range s.waiting {
		timer.Stop()
	}
	n := len(s.active)
	s.mu.Unlock()
	if n > 0 {
		s.log.Info("the worker stops; it waits for its flow runs", "flow_runs", n, "at_most", s.config.DrainTimeout)
	}
	ended := make(chan struct{})
	go func() { s.runs.Wait(); close(ended) }()
	if s.config.DrainTimeout < 0 {
		<-ended
		return
	}
	timer := time.NewTimer(s.config.DrainTimeout)
	defer timer.Stop()
	select {
	case <-ended:
		return
	case <-timer.C:
	}
	s.mu.Lock()
	for _, run := range s.active {
		run.cancel(errStopped)
	}
	s.mu.Unlock()
	select {
	case <-ended:
	case <-time.After(s.config.CancelGrace):
		s.abandon()
	}
}

// abandon settles what did not heed the end of its context, because nobody else would: a worker of this name may never
// come back.
func (s *service) abandon() {
	ctx, stop := context.WithTimeout(context.Background(), closingTime)
	defer stop()
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.active))
	s.mu.Unlock()
	for _, id := range ids {
		run, err := s.client.FlowRuns.Read(ctx, id)
		if err != nil {
			s.log.Error("an abandoned flow run was left without an end", "flow_run_id", id, "error", err)
			continue
		}
		s.log.Error("the flow run did not heed the end of its context and is abandoned", "flow_run", run.Name)
		s.settle(ctx, run, errAbandoned)
		s.lost.crash(ctx, run, errAbandoned.Error())
	}
}

// emit sends an event of the worker's own. What serves deployments without a pool is none in Prefect's eyes.
func (s *service) emit(name string, related ...Resource) {
	if s.config.Pool == "" {
		return
	}
	about := resource("worker."+PoolType, s.config.Name, s.config.Name, "")
	about["prefect.worker-type"] = PoolType
	event, err := NewEvent(name, about, nil, append(related, Resource{
		"prefect.resource.id": "prefect.work-pool." + s.config.Pool, "prefect.resource.name": s.config.Pool,
		"prefect.resource.role": "work-pool",
	})...)
	if err == nil {
		s.session.events.send(event)
	}
}
