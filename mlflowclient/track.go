package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// endTimeout bounds the last call of a run, which is made even when the context is over.
const endTimeout = 30 * time.Second

// Tags that MLflow's user interface reads.
const (
	TagUser       = "mlflow.user"
	TagSourceName = "mlflow.source.name"
	TagSourceType = "mlflow.source.type"
	TagRunName    = "mlflow.runName"
	TagParentRun  = "mlflow.parentRunId"
	TagNote       = "mlflow.note.content"
)

// StartRun is what a run starts with; see [Client.Start].
type StartRun struct {
	// ExperimentID is where the run goes; empty means the client's experiment ([WithExperiment]), else "0".
	ExperimentID string
	// Name is shown in lists; empty lets the server invent one like "caring-finch-957".
	Name string
	// ParentID makes it a child run.
	ParentID string
	// Description is Markdown, shown on the run's page.
	Description string
	// Tags win over those that are set automatically.
	Tags map[string]string
}

// ActiveRun is a run under way. It is safe for concurrent use; End it exactly once.
type ActiveRun struct {
	RunInfo
	runs *RunService
}

// Start makes a run with the tags that Python's client sets: who, with which program, under which parent. Call
// [ActiveRun.End] in the end, or use [Client.Track], which does.
func (c *Client) Start(ctx context.Context, in StartRun) (*ActiveRun, error) {
	experiment, err := c.experimentOf(ctx, in.ExperimentID)
	if err != nil {
		return nil, err
	}
	tags := c.ContextTags()
	for key, value := range map[string]string{TagRunName: in.Name, TagParentRun: in.ParentID, TagNote: in.Description} {
		if value != "" {
			tags[key] = value
		}
	}
	maps.Copy(tags, in.Tags)
	run, err := c.Runs.Create(ctx, CreateRun{ExperimentID: experiment, Name: in.Name, UserID: tags[TagUser], Tags: tags})
	if err != nil {
		return nil, err
	}
	return &ActiveRun{RunInfo: run.RunInfo, runs: c.Runs}, nil
}

// ContextTags are the tags that every run of [Client.Start] gets: who, and with which program.
func (c *Client) ContextTags() map[string]string {
	return map[string]string{TagUser: c.who.user, TagSourceName: c.who.source, TagSourceType: "LOCAL"}
}

func (c *Client) experimentOf(ctx context.Context, id string) (string, error) {
	switch {
	case id != "":
		return id, nil
	case c.home.id != "":
		return c.home.id, nil
	case c.home.name != "":
		experiment, err := c.Experiments.GetOrCreate(ctx, c.home.name)
		if err != nil {
			return "", err
		}
		return experiment.ID, nil
	}
	return DefaultExperimentID, nil
}

// Track starts a run, calls do, and always ends the run: FINISHED when do returns nil, KILLED when the context was
// cancelled or timed out and do failed, FAILED when do failed otherwise or panicked (the panic goes on). It returns
// do's error, joined with that of ending the run.
func (c *Client) Track(ctx context.Context, in StartRun, do func(context.Context, *ActiveRun) error) (err error) {
	run, err := c.Start(ctx, in)
	if err != nil {
		return err
	}
	status := StatusFailed
	defer func() {
		if endErr := run.End(ctx, status); endErr != nil {
			err = errors.Join(err, fmt.Errorf("run %s could not be ended as %s: %w", run.ID, status, endErr))
		}
	}()
	err = do(ctx, run)
	status = endStatus(ctx, err)
	return err
}

func endStatus(ctx context.Context, err error) RunStatus {
	switch {
	case err == nil:
		return StatusFinished
	case ctx.Err() != nil:
		return StatusKilled
	}
	return StatusFailed
}

// End sets status and end time. It works on a context that is over, for as long as 30 seconds, so that no run is left
// RUNNING.
func (r *ActiveRun) End(ctx context.Context, status RunStatus) error {
	if !status.Ended() {
		return invalid("a run ends as FINISHED, FAILED or KILLED, not as %q", status)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	_, err := r.runs.Update(ctx, r.ID, UpdateRun{Status: status, EndTime: time.Now()})
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
