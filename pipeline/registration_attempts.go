package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// earlier looks for what former attempts at the same flow run left: a complete model is registered, unless it is, and returned; runs
// without one are ended. It returns nil when the work is still to be done.
func (a *attempt) earlier(ctx context.Context) (*Registered, error) {
	if a.flow.FlowRunID == "" {
		return nil, nil
	}
	id, err := mlflowclient.Quote(a.flow.FlowRunID)
	if err != nil {
		return nil, err
	}
	var runs []*mlflowclient.Run // before any is changed, which could shift the pages
	mine := mlflowclient.SearchRuns{ExperimentIDs: []string{a.experiment}, Filter: "tags.`" + TagFlowRun + "` = " + id}
	for run, err := range a.Client.Runs.Search(ctx, mine) {
		if err != nil {
			return nil, fmt.Errorf("look for earlier attempts: %w", err)
		}
		runs = append(runs, run)
	}
	var done *Registered
	for _, run := range runs {
		model, err := a.complete(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("look at the earlier attempt %s: %w", run.ID, err)
		}
		status := mlflowclient.StatusKilled
		if model != "" && done == nil {
			if done, err = a.resume(ctx, run, model); err != nil {
				return nil, err
			}
			status = mlflowclient.StatusFinished
		}
		if run.Status.Ended() && (status == mlflowclient.StatusKilled || run.Status == status) {
			continue
		}
		prefectclient.Logger(ctx).Info(fmt.Sprintf("an earlier attempt left run %s %s; it is %s now", run.ID, run.Status, status))
		if _, err := a.Client.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: status, EndTime: time.Now()}); err != nil {
			return nil, fmt.Errorf("end the earlier attempt %s: %w", run.ID, err)
		}
	}
	return done, nil
}

// complete gives the id of the model that a run made and whose files are complete; empty when there is none. A model whose upload was
// cut short is marked as such.
func (a *attempt) complete(ctx context.Context, run *mlflowclient.Run) (string, error) {
	for _, output := range run.ModelOutputs {
		model, err := a.Client.LoggedModels.Get(ctx, output.ModelID)
		if errors.Is(err, mlflowclient.ErrNotFound) { // somebody deleted it
			continue
		}
		if err != nil {
			return "", err
		}
		switch {
		case model.Name != LoggedModelName:
		case model.Status == mlflowclient.LoggedModelReady:
			return model.ID, nil
		case model.Status == mlflowclient.LoggedModelPending:
			if _, err := a.Client.LoggedModels.Finalize(ctx, model.ID, mlflowclient.LoggedModelFailed); err != nil {
				return "", err
			}
		}
	}
	return "", nil
}

// resume registers what an earlier attempt trained. The study may have a better run since: what counts is the one that was trained.
func (a *attempt) resume(ctx context.Context, run *mlflowclient.Run, model string) (*Registered, error) {
	best, err := readBest(run)
	if err != nil {
		return nil, fmt.Errorf("the earlier attempt %s: %w", run.ID, err)
	}
	trained := *a
	trained.best = &bestRun{Run: &mlflowclient.Run{RunInfo: mlflowclient.RunInfo{ID: run.Tags[tagBestRun]}}, params: best.params}
	done, err := trained.enter(ctx, model, run.ID, best.accuracy)
	if err != nil {
		return nil, err
	}
	done.Found = true
	return done, nil
}
