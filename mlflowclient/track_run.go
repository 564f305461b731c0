package mlflowclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// endTimeout bounds the last calls of a run, which are made even when the context is over.
const endTimeout = 30 * time.Second

// ActiveRun is a run under way. It is safe for concurrent use; End it exactly once.
type ActiveRun struct {
	RunInfo
	runs    *RunService
	client  *Client
	monitor *monitor

	// tables serializes what reads an artifact, adds to it and writes it back.
	tables sync.Mutex

	mu      sync.Mutex
	writers []*MetricWriter
}

// End closes the run's metric writers, one after the other, stops its system metrics, and sets status and end time. On a
// context that is over, each of these gets 30 seconds still, so that no run is left RUNNING. On another one a writer
// goes on for its KeepTrying while the server is away.
func (r *ActiveRun) End(ctx context.Context, status RunStatus) error {
	if !status.Ended() {
		return invalid("a run ends as FINISHED, FAILED or KILLED, not as %q", status)
	}
	lost := r.closeWriters(ctx)
	r.monitor.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	_, err := r.runs.Update(ctx, r.ID, UpdateRun{Status: status, EndTime: time.Now()})
	return errors.Join(lost, err)
}

// closeWriters closes the metric writers and forgets them, so that what they lost is reported once.
func (r *ActiveRun) closeWriters(ctx context.Context) error {
	r.mu.Lock()
	writers := r.writers
	r.writers = nil
	r.mu.Unlock()
	var err error
	for _, w := range writers {
		err = errors.Join(err, w.Close(ctx))
	}
	return err
}

// LogMetric logs one point; see [RunService.LogMetric].
func (r *ActiveRun) LogMetric(ctx context.Context, m Metric) error {
	return r.runs.LogMetric(ctx, r.ID, m)
}

// LogParam logs a param; see [RunService.LogParam].
func (r *ActiveRun) LogParam(ctx context.Context, key, value string) error {
	return r.runs.LogParam(ctx, r.ID, key, value)
}

// LogBatch logs many at once; see [RunService.LogBatch].
func (r *ActiveRun) LogBatch(ctx context.Context, b Batch) error {
	return r.runs.LogBatch(ctx, r.ID, b)
}

// LogInputs says what the run read; see [RunService.LogInputs].
func (r *ActiveRun) LogInputs(ctx context.Context, in Inputs) error {
	return r.runs.LogInputs(ctx, r.ID, in)
}

// SetTag sets a tag; see [RunService.SetTag].
func (r *ActiveRun) SetTag(ctx context.Context, key, value string) error {
	return r.runs.SetTag(ctx, r.ID, key, value)
}

// LogOutputs says which logged models the run made; see [RunService.LogOutputs]. [ActiveRun.LogModel] does so by itself.
func (r *ActiveRun) LogOutputs(ctx context.Context, outputs []ModelOutput) error {
	return r.runs.LogOutputs(ctx, r.ID, outputs)
}

// Artifacts is the store of the run's files.
func (r *ActiveRun) Artifacts() (*ArtifactStore, error) {
	return r.client.Artifacts.At(r.ArtifactURI)
}
