package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Tags that MLflow's user interface reads.
const (
	TagUser            = "mlflow.user"
	TagSourceName      = "mlflow.source.name"
	TagSourceType      = "mlflow.source.type"
	TagGitCommit       = "mlflow.source.git.commit"
	TagGitBranch       = "mlflow.source.git.branch"
	TagGitRepoURL      = "mlflow.source.git.repoURL"
	TagRunName         = "mlflow.runName"
	TagParentRun       = "mlflow.parentRunId"
	TagNote            = "mlflow.note.content"
	TagLoggedImages    = "mlflow.loggedImages"
	TagLoggedArtifacts = "mlflow.loggedArtifacts"
)

// StartRun is what a run starts with; see [Client.Start].
type StartRun struct {
	// RunID resumes a run that exists instead of making one. ExperimentID, unless empty, must then be the run's own,
	// ParentID has no effect, and Name, Description and Tags are set when they are given.
	RunID string
	// ExperimentID is where the run goes; empty means the client's experiment ([WithExperiment]), else "0".
	ExperimentID string
	// Name is shown in lists; empty lets the server invent one like "caring-finch-957".
	Name string
	// ParentID makes it a child of a run, which must exist and not be deleted.
	ParentID string
	// Description is Markdown, shown on the run's page.
	Description string
	// Tags win over those that are set automatically.
	Tags map[string]string
	// SystemMetrics logs what the machine does while the run lasts; nil means as the client was made
	// ([WithSystemMetrics]), by default not.
	SystemMetrics *SystemMetrics
}

// Start makes a run with the tags that Python's client sets: who, with which program from which commit, under which
// parent. Call [ActiveRun.End] in the end, or use [Client.Track], which does. The first run that a client with
// [WithRun] starts is that run, resumed.
func (c *Client) Start(ctx context.Context, in StartRun) (*ActiveRun, error) {
	if in.Description != "" && in.Tags[TagNote] != "" {
		return nil, invalid("the description is given twice, as such and as tag %s", TagNote)
	}
	if in.RunID == "" {
		in.RunID = c.resume.take()
	}
	if in.RunID != "" {
		return c.resumeRun(ctx, in)
	}
	if in.ParentID != "" {
		parent, err := c.Runs.Get(ctx, in.ParentID)
		if err != nil {
			return nil, fmt.Errorf("parent run %s: %w", in.ParentID, err)
		}
		if parent.Stage == StageDeleted {
			return nil, &Error{Code: CodeInvalidState, Message: fmt.Sprintf("the parent run %s is deleted; restore it first", in.ParentID)}
		}
	}
	return c.startNew(ctx, in)
}

// startNew makes a run whose parent is known to be there.
func (c *Client) startNew(ctx context.Context, in StartRun) (*ActiveRun, error) {
	experiment, err := c.experimentOf(ctx, in.ExperimentID)
	if err != nil {
		return nil, err
	}
	tags := c.ContextTags()
	maps.Copy(tags, tagsOfContext(ctx))
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
	return c.activate(ctx, run.RunInfo, in.SystemMetrics, 0), nil
}

// activate makes a run the one under way. system, unless nil, wins over the client's own; its first step is given.
func (c *Client) activate(ctx context.Context, run RunInfo, system *SystemMetrics, step int64) *ActiveRun {
	active := &ActiveRun{RunInfo: run, runs: c.Runs, client: c}
	if system == nil {
		system = c.system
	}
	if system != nil {
		active.monitor = startMonitor(ctx, c.Runs, run.ID, *system, step)
	}
	return active
}

// Attach gives a run's methods without taking the run up: for adding to one that has ended, or that another process carries on. It sends
// nothing; whoever attaches does not End the run.
func (c *Client) Attach(run RunInfo) *ActiveRun {
	return &ActiveRun{RunInfo: run, runs: c.Runs, client: c}
}

// experimentOf finds the experiment of a run: the given one, or the client's by name, or by id.
func (c *Client) experimentOf(ctx context.Context, id string) (string, error) {
	switch {
	case id != "":
		return id, nil
	case c.home.name != "":
		experiment, err := c.Experiments.GetOrCreate(ctx, c.home.name)
		if err != nil {
			return "", err
		}
		if c.home.id != "" && c.home.id != experiment.ID {
			return "", invalid("the experiment %s has the id %s, not %s: give its name or its id", quote(c.home.name), experiment.ID, c.home.id)
		}
		return experiment.ID, nil
	case c.home.id != "":
		return c.home.id, nil
	}
	return DefaultExperimentID, nil
}

// Track starts a run, calls do, and always ends the run: FINISHED when do returns nil, KILLED when the context was
// cancelled or timed out and do failed, FAILED when do failed otherwise or panicked (the panic goes on). A context of
// [os/signal.NotifyContext] thus makes an interrupted run a KILLED one. Metric writers of the run are closed first; what
// they could not store makes the run a FAILED one, too. It returns do's error, joined with those of the end.
func (c *Client) Track(ctx context.Context, in StartRun, do func(context.Context, *ActiveRun) error) error {
	run, err := c.Start(ctx, in)
	if err != nil {
		return err
	}
	return run.track(ctx, do)
}

// StartChild starts a run below this one, in the same experiment unless in names another. End it before its parent.
func (r *ActiveRun) StartChild(ctx context.Context, in StartRun) (*ActiveRun, error) {
	switch {
	case in.RunID != "":
		return nil, invalid("a run that is resumed keeps its parent: use Client.Start for run %s", in.RunID)
	case in.ParentID != "" && in.ParentID != r.ID:
		return nil, invalid("a child of run %s cannot have the parent %s", r.ID, in.ParentID)
	case in.Description != "" && in.Tags[TagNote] != "":
		return nil, invalid("the description is given twice, as such and as tag %s", TagNote)
	}
	in.ParentID = r.ID
	if in.ExperimentID == "" {
		in.ExperimentID = r.ExperimentID
	}
	return r.client.startNew(ctx, in)
}

// Track is [Client.Track] for a run below this one; see [ActiveRun.StartChild].
func (r *ActiveRun) Track(ctx context.Context, in StartRun, do func(context.Context, *ActiveRun) error) error {
	child, err := r.StartChild(ctx, in)
	if err != nil {
		return err
	}
	return child.track(ctx, do)
}

func (r *ActiveRun) track(ctx context.Context, do func(context.Context, *ActiveRun) error) (err error) {
	status := StatusFailed
	defer func() {
		if endErr := r.End(ctx, status); endErr != nil {
			err = errors.Join(err, fmt.Errorf("run %s could not be ended as %s: %w", r.ID, status, endErr))
		}
	}()
	err = do(ctx, r)
	err = errors.Join(err, r.closeWriters(ctx))
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

// grace is a context for the last calls of a run, which are made even when the given one is over: it ends d after that.
func grace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return last, func() { stop(); cancel() }
}
