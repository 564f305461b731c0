package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Served is a flow with the deployment that [Serve] makes of it.
type Served struct {
	Flow AnyFlow
	// Deployment needs a Name. It has no work pool: the serving process runs it.
	Deployment DeploymentSpec
}

// Serve makes a deployment of each flow and runs what is scheduled for them, in this process and without a work pool, as
// Python's flow.serve() does, until the context ends; then it lets running flows end and pauses the deployments, so that
// no runs pile up for nobody. The configuration's Pool and Queues must be empty.
//
// Two processes may serve the same deployments: each run is run once. The first one that ends pauses them for both; set
// KeepSchedules to leave them alone.
func Serve(ctx context.Context, c *Client, config ServeConfig, served ...Served) error {
	worker, err := config.WorkerConfig.withDefaults()
	switch {
	case err != nil:
		return err
	case worker.Pool != "" || len(worker.Queues) > 0:
		return errors.New("prefect: what is served needs no work pool and no queues; use NewWorker for those")
	case len(served) == 0:
		return errors.New("prefect: there is nothing to serve")
	}
	var flows []AnyFlow
	names := map[string]bool{}
	for _, s := range served {
		if s.Deployment.Name == "" || s.Deployment.WorkPool != "" {
			return fmt.Errorf("prefect: the served deployment of flow %q needs a name and no work pool", s.Flow.Name())
		}
		if !names[s.Flow.Name()] { // one flow may have several deployments
			names[s.Flow.Name()] = true
			flows = append(flows, s.Flow)
		}
	}
	from := deploymentSource{client: c}
	w, err := newWorker(c, worker, nil, flows)
	if err != nil {
		return err
	}
	if w.isSubprocess() {
		return w.Run(ctx)
	}
	err = w.untilReached(ctx, func() error {
		from.ids = nil
		for _, s := range served {
			spec := s.Deployment
			if spec.Paused == nil {
				spec.Paused = new(false) // it may have been paused by the last one that served it
			}
			d, err := Deploy(ctx, c, s.Flow, spec)
			if err != nil {
				return err
			}
			from.ids = append(from.ids, d.ID)
		}
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			err = nil // it was told to stop before it began
		}
		return err
	}
	w.source = from
	err = w.Run(ctx)
	if !config.KeepSchedules {
		err = errors.Join(err, pauseAll(ctx, c, from.ids))
	}
	return err
}

// ServeConfig describes [Serve].
type ServeConfig struct {
	WorkerConfig
	// KeepSchedules leaves the deployments as they are at the end.
	KeepSchedules bool
}

func pauseAll(ctx context.Context, c *Client, ids []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var failed error
	for _, id := range ids {
		if err := c.Deployments.Pause(ctx, id); err != nil && !errors.Is(err, ErrNotFound) {
			failed = errors.Join(failed, fmt.Errorf("the deployment %s was not paused: %w", id, err))
		}
	}
	return failed
}
