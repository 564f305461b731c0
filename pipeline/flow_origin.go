package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// Tags of a run in MLflow, and of what it made, that lead to the flow run in Prefect. The flows of this package set them on every
// run that starts below them.
const (
	// TagFlowRun is the id of the flow run.
	TagFlowRun = "prefect.flow_run_id"
	// TagRootFlowRun is the id of the flow run that a user or a schedule started: the flow run's own, or that of the flow it is a subflow of. It
	// stays the same when that is executed again, which makes new subflow runs.
	TagRootFlowRun = "prefect.root_flow_run_id"
	// TagFlowRunURL is the page of the flow run.
	TagFlowRunURL = "prefect.flow_run_url"
)

// origin is the flow run that a step belongs to; the zero value is none, without a Prefect server.
type origin struct {
	id, name, root, url string
}

type rootKey struct{}

// underFlow makes the context of a flow's function: every run in MLflow that starts below it carries the flow run's tags.
func underFlow(ctx context.Context) context.Context {
	at := originOf(ctx)
	if at.id == "" {
		return ctx
	}
	return context.WithValue(mlflowclient.ContextWithTags(ctx, at.tags()), rootKey{}, at.root)
}

// originOf tells which flow run the context belongs to.
func originOf(ctx context.Context) origin {
	info, _ := prefectclient.Info(ctx)
	if info.FlowRunID == "" {
		return origin{}
	}
	at := origin{id: info.FlowRunID, name: info.FlowRunName, root: info.FlowRunID}
	if root, ok := ctx.Value(rootKey{}).(string); ok {
		at.root = root
	}
	if client, ok := prefectclient.FromContext(ctx); ok {
		at.url = client.UIURL() + "/runs/flow-run/" + info.FlowRunID
	}
	return at
}

func (o origin) tags() map[string]string {
	tags := map[string]string{}
	for key, value := range map[string]string{TagFlowRun: o.id, TagRootFlowRun: o.root, TagFlowRunURL: o.url} {
		if value != "" {
			tags[key] = value
		}
	}
	return tags
}

// link writes a Markdown link to the flow run.
func (o origin) link() string {
	if o.url == "" {
		return o.name
	}
	return fmt.Sprintf("[%s](%s)", o.name, o.url)
}

// runsOfOrigin gives the runs of an experiment that executions of the same flow run started, the latest first. It is complete before any of
// them is changed, which could shift the pages.
func runsOfOrigin(ctx context.Context, client *mlflowclient.Client, experimentID, filter string) ([]*mlflowclient.Run, error) {
	at := originOf(ctx)
	if at.id == "" {
		return nil, nil
	}
	root, err := mlflowclient.Quote(at.root)
	if err != nil {
		return nil, err
	}
	var runs []*mlflowclient.Run
	for run, err := range client.Runs.Search(ctx, mlflowclient.SearchRuns{
		ExperimentIDs: []string{experimentID}, Filter: "tags.`" + TagRootFlowRun + "` = " + root + filter,
	}) {
		if err != nil {
			return nil, fmt.Errorf("look for earlier attempts: %w", err)
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// finishedBefore finds what an earlier execution of the same flow run has finished in an experiment, by the runs' names.
func (r Registration) finishedBefore(ctx context.Context, experiment string) (map[string]*mlflowclient.Run, error) {
	found, err := r.Client.Experiments.GetByName(ctx, experiment)
	if errors.Is(err, mlflowclient.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", experiment, err)
	}
	runs, err := runsOfOrigin(ctx, r.Client, found.ID, " AND attributes.status = 'FINISHED'")
	if err != nil {
		return nil, err
	}
	finished := map[string]*mlflowclient.Run{}
	for _, run := range runs {
		finished[run.Name] = run
	}
	return finished, nil
}

// endLeftovers ends what a former execution of the same flow run left RUNNING in an experiment when its worker died. An experiment that does
// not exist holds nothing.
func endLeftovers(ctx context.Context, client *mlflowclient.Client, experiment string) error {
	found, err := client.Experiments.GetByName(ctx, experiment)
	if errors.Is(err, mlflowclient.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("experiment %q: %w", experiment, err)
	}
	runs, err := runsOfOrigin(ctx, client, found.ID, " AND attributes.status = 'RUNNING'")
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := endLeftover(ctx, client, run, mlflowclient.StatusKilled); err != nil {
			return err
		}
	}
	return nil
}

func endLeftover(ctx context.Context, client *mlflowclient.Client, run *mlflowclient.Run, status mlflowclient.RunStatus) error {
	prefectclient.Logger(ctx).Info(fmt.Sprintf("an earlier attempt left run %s %s; it is %s now", run.ID, run.Status, status))
	if _, err := client.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: status, EndTime: time.Now()}); err != nil {
		return fmt.Errorf("end the earlier attempt %s: %w", run.ID, err)
	}
	return nil
}
