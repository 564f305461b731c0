package pipeline

import (
	"context"
	"errors"
	"fmt"

	"mlopsgo/mlflowclient"
)

// earlier looks for what former attempts at the same flow run left: a complete model is registered, unless it is, and returned; runs
// without one are ended. It returns nil when the work is still to be done.
func (a *attempt) earlier(ctx context.Context) (*Registered, error) {
	runs, err := runsOfOrigin(ctx, a.Client, a.experiment, "")
	if err != nil {
		return nil, err
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
		if err := endLeftover(ctx, a.Client, run, status); err != nil {
			return nil, err
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
	done, err := trained.enter(ctx, model, run.ID)
	if err != nil {
		return nil, err
	}
	done.Found = true
	return done, nil
}
