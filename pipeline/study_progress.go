package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// trialRow is a row of the table of the best trials.
type trialRow struct {
	Trial    int     `json:"trial"`
	Accuracy float64 `json:"accuracy"`
	F1Macro  float64 `json:"f1_macro"`
	Params   string  `json:"hyper-parameters"`
	Run      string  `json:"run"`
}

// studyProgress shows on the page of the study's flow run how far it has come: a bar, and a table of the best trials, which follow the study
// while it goes on. The log names each trial that is better than those before.
type studyProgress struct {
	ctx    context.Context // of the task, for calls that are made while trials end
	mlflow *mlflowclient.Client
	client *prefectclient.Client // nil shows nothing
	bar    string                // the artifacts' ids
	table  string
	// experiment is the id of the trials' experiment.
	experiment string

	total  int
	done   int
	trials []Trial
	best   float64
	shown  time.Time
}

func newStudyProgress(ctx context.Context, mlflow *mlflowclient.Client, experiment string, s *Study) *studyProgress {
	show := &studyProgress{ctx: ctx, mlflow: mlflow, total: s.Trials, best: -1}
	if s.Sampler == SamplerExhaustive {
		show.total = s.Space.Points()
	}
	client, ok := prefectclient.FromContext(ctx)
	if !ok {
		return show
	}
	bar, err := client.Artifacts.CreateProgress(ctx, artifactKey("progress-"+experiment), fmt.Sprintf("%d trials in all", show.total))
	if err != nil {
		tellUnshown(ctx, "progress", err)
		return show
	}
	table, err := client.Artifacts.CreateTable(ctx, artifactKey("best-trials-"+experiment), []trialRow{}, "The best trials so far.")
	if err != nil {
		tellUnshown(ctx, "best-trials", err)
		return show
	}
	show.client, show.bar, show.table = client, bar.ID, table.ID
	return show
}

// trial is told of each trial.
func (s *studyProgress) trial(trial Trial) {
	s.done += trial.Points
	s.trials = append(s.trials, trial)
	if trial.Report.Accuracy > s.best {
		s.best = trial.Report.Accuracy
		prefectclient.Logger(s.ctx).Info(fmt.Sprintf("trial %d has accuracy %v, the best so far: %s", trial.Number, s.best, namedText(trial.Params)))
	}
	if time.Since(s.shown) >= 2*interval {
		s.show(100*float64(s.done)/float64(max(s.done, s.total)), Best(s.trials))
	}
}

// end shows the study's end.
func (s *studyProgress) end(best []Trial) { s.show(100, best) }

// show brings both artifacts up to date. What cannot be shown is told once.
func (s *studyProgress) show(percent float64, best []Trial) {
	if s.client == nil {
		return
	}
	s.shown = time.Now()
	rows := make([]trialRow, 0, noted)
	for _, trial := range best[:min(noted, len(best))] {
		run := trial.RunID
		if run != "" {
			run = linkTo(s.mlflow, run, runPage(s.experiment, run))
		}
		rows = append(rows, trialRow{trial.Number, trial.Report.Accuracy, trial.Report.Macro.F1, namedText(trial.Params), run})
	}
	text, err := json.Marshal(rows)
	if err == nil {
		err = s.client.Artifacts.SetProgress(s.ctx, s.bar, percent)
	}
	if err == nil {
		err = s.client.Artifacts.SetData(s.ctx, s.table, string(text))
	}
	if err != nil {
		tellUnshown(s.ctx, "progress", err)
		s.client = nil
	}
}
