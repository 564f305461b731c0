package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"mlopsgo/mlflowclient"
)

// pastTrials reads the trials of a study from MLflow, in the order of their numbers. Curves are read where they are asked for, by a call for
// each trial.
func pastTrials(ctx context.Context, client *mlflowclient.Client, study mlflowclient.RunInfo, curves bool) ([]*pastTrial, error) {
	runs, err := trialRuns(ctx, client, study, "")
	if err != nil {
		return nil, err
	}
	var past []*pastTrial
	for _, run := range runs {
		one, err := readPast(run)
		if err != nil {
			return nil, fmt.Errorf("run %s (%s): %w", run.ID, run.Name, err)
		}
		past = append(past, one)
	}
	slices.SortFunc(past, func(a, b *pastTrial) int { return cmp.Compare(a.number, b.number) })
	for i, one := range past {
		if i > 0 && past[i-1].number == one.number {
			return nil, fmt.Errorf("trial %d has two runs, %s and %s: delete the one that does not belong to it", one.number, past[i-1].runID, one.runID)
		}
		if curves && one.trial != nil {
			if one.trial.Curve, err = readCurve(ctx, client, one.runID); err != nil {
				return nil, fmt.Errorf("run %s: %w", one.runID, err)
			}
		}
	}
	return past, nil
}

// trialRuns reads the runs of a study's trials that pass a further filter, all before any of them is changed, which could shift the pages.
func trialRuns(ctx context.Context, client *mlflowclient.Client, study mlflowclient.RunInfo, filter string) ([]*mlflowclient.Run, error) {
	parent, err := mlflowclient.Quote(study.ID)
	if err != nil {
		return nil, err
	}
	var runs []*mlflowclient.Run
	for run, err := range client.Runs.Search(ctx, mlflowclient.SearchRuns{
		ExperimentIDs: []string{study.ExperimentID}, Filter: "tags.`" + mlflowclient.TagParentRun + "` = " + parent + filter,
	}) {
		if err != nil {
			return nil, err
		}
		if run.Tags[tagTrial] != "" { // else somebody else's child
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// mostTrials bounds the numbers that are read from tags, and so the memory that a tag can cost.
const mostTrials = 1_000_000

// readPast reads one trial's tags and, when it is finished, its result.
func readPast(run *mlflowclient.Run) (past *pastTrial, err error) {
	past = &pastTrial{runID: run.ID, proposal: run.Tags[tagProposal], dropped: run.Tags[tagDropped]}
	for tag, to := range map[string]*int{tagTrial: &past.number, tagPlace: &past.place, tagAttempt: &past.attempt} {
		text, ok := run.Tags[tag]
		if !ok {
			continue
		}
		if *to, err = strconv.Atoi(text); err != nil || *to < 1 || *to > mostTrials {
			return nil, fmt.Errorf("tag %s is %q, not a number from 1 on", tag, text)
		}
	}
	past.place = cmp.Or(past.place, past.number)
	if past.told, err = parseNumbers(run.Tags[tagTold], mostTrials); err != nil {
		return nil, fmt.Errorf("tag %s: %w", tagTold, err)
	}
	if run.Status == mlflowclient.StatusFinished {
		if past.trial, err = restoreTrial(run); err != nil {
			return nil, err
		}
		past.trial.Restored = true
	}
	return past, nil
}

// restoreTrial reads the result of a finished trial. Its curve is left to readCurve.
func restoreTrial(run *mlflowclient.Run) (*Trial, error) {
	best, err := readBest(run)
	if err != nil {
		return nil, err
	}
	trial := &Trial{
		Params: best.params, RunID: run.ID, Points: 1, logged: true, Stopped: run.Tags[tagStopped] != "",
		FitTime: seconds(run.Metrics["fit_time"].Value), ScoreTime: seconds(run.Metrics["score_time"].Value),
	}
	if _, measured := run.Metrics["accuracy"]; !measured {
		return nil, fmt.Errorf("it is FINISHED and has no metric accuracy")
	}
	if trial.Report, err = restoreReport(run); err != nil {
		return nil, err
	}
	if trial.Number, err = strconv.Atoi(run.Tags[tagTrial]); err != nil {
		return nil, fmt.Errorf("tag %s is %q, not a number", tagTrial, run.Tags[tagTrial])
	}
	if text, ok := run.Tags[tagDeepest]; ok {
		if trial.deepest, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("tag %s is %q, not a number", tagDeepest, text)
		}
	}
	return trial, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// readCurve reads the accuracy by the number of trees.
func readCurve(ctx context.Context, client *mlflowclient.Client, run string) ([]CurvePoint, error) {
	var curve []CurvePoint
	for point, err := range client.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run, Key: curveMetric}) {
		if err != nil {
			return nil, err
		}
		curve = append(curve, CurvePoint{Trees: int(point.Step), Accuracy: point.Value})
	}
	return curve, nil
}
