package pipeline

import (
	"context"
	"fmt"
	"strconv"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// launch makes the flow run of a trial's attempt. Doing so again gives the one that there is, whatever process made it.
func (r *poolRunner) launch(ctx context.Context, a *assignment) (*prefectclient.FlowRun, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	parent, err := r.node(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("show it in the study's flow run: %w", err)
	}
	name := fmt.Sprintf("trial-%d", a.number)
	if a.attempt > 1 {
		name += fmt.Sprintf("-attempt-%d", a.attempt)
	}
	late, cancel := overtime(ctx) // else nobody would cancel the flow run that the server makes while ctx ends
	defer cancel()
	run, err := r.pool.Client.Deployments.CreateFlowRun(late, r.deployment, prefectclient.DeploymentRun{
		Name: name, Parameters: a.parameters(r.tracking.study.ID), Tags: []string{"hpo", "study:" + r.tracking.study.ID},
		IdempotencyKey: a.runID + "/" + strconv.Itoa(a.attempt), WorkQueueName: r.pool.Queue, ParentTaskRunID: parent,
	})
	if err != nil {
		return nil, fmt.Errorf("make its flow run: %w", err)
	}
	return run, nil
}

// node makes the task run that stands for the trial in the graph of the study's flow run.
func (r *poolRunner) node(ctx context.Context, a *assignment) (string, error) {
	if r.flowRun == "" {
		return "", nil
	}
	run, err := r.pool.Client.TaskRuns.Create(ctx, prefectclient.TaskRunCreate{
		Name: fmt.Sprintf("trial-%d", a.number), FlowRunID: r.flowRun, TaskKey: TrialFlow, DynamicKey: fmt.Sprintf("%d.%d", a.number, a.attempt),
		TaskInputs: map[string][]prefectclient.TaskInput{}, State: &prefectclient.State{Type: prefectclient.StatePending},
	})
	if err != nil {
		return "", err
	}
	return run.ID, nil
}

// parameters are those of the trial's flow run.
func (a *assignment) parameters(study string) TrialParameters {
	return TrialParameters{
		Study: study, Run: a.runID, Trial: a.number, Attempt: a.attempt, HyperParameters: namedMap(a.params), Sizes: a.sizes, Limits: a.limits,
	}
}

// startElsewhere opens a trial's run, or the one that it has, for a worker to log to.
func (t *tracking) startElsewhere(a *assignment) error {
	return t.now(func(ctx context.Context) error {
		run, err := t.openTrial(ctx, a)
		if err != nil {
			return fmt.Errorf("start the run of trial %d: %w", a.number, err)
		}
		a.runID = run.ID
		return nil
	})
}

// replace makes another attempt the one that may write a trial's figures.
func (t *tracking) replace(a *assignment) error {
	return t.now(func(ctx context.Context) error {
		tags := map[string]string{tagAttempt: strconv.Itoa(a.attempt)}
		if err := t.tracker.Client.Runs.LogBatch(ctx, a.runID, mlflowclient.Batch{Tags: tags}); err != nil {
			return fmt.Errorf("give trial %d another attempt: %w", a.number, err)
		}
		return nil
	})
}

// now has the writer do something and waits for it, also after ctx has ended: a run that is being made then must not be missed. The writer
// itself does not wait much longer than the study.
func (t *tracking) now(write func(context.Context) error) error {
	done := make(chan error, 1)
	t.queue <- func(ctx context.Context) error {
		err := t.owned(ctx)
		if err == nil {
			err = write(ctx)
		}
		done <- err
		return err
	}
	select {
	case err := <-done:
		return err
	case <-t.failed:
		return t.err
	}
}
