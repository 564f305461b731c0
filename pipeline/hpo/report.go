package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"mlopsgo/internal/progress"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
)

// shown is the number of trials in the closing table.
const shown = 10

// report prints a study for people.
type report struct {
	stdout     io.Writer
	client     *mlflowclient.Client
	split      *pipeline.Split
	experiment string
	progress   *progress.Reporter

	run    mlflowclient.RunInfo
	total  int
	best   pipeline.Trial
	trials int
}

// announce says what begins.
func (r *report) announce(sampler pipeline.Sampler, total int) {
	r.total = total
	unit := "trials"
	if sampler == pipeline.SamplerExhaustive {
		unit = "points"
	}
	r.printf("%d %s of sampler %s, %d training rows, %d test rows, recorded in %s\n",
		total, unit, sampler, r.split.TrainX.Rows, r.split.TestX.Rows, r.client.TrackingURI())
}

// started keeps the study's run, which the closing words name.
func (r *report) started(run mlflowclient.RunInfo) { r.run = run }

// trial prints one finished trial.
func (r *report) trial(trial pipeline.Trial) {
	r.trials++
	if r.trials == 1 || trial.Report.Accuracy > r.best.Report.Accuracy {
		r.best = trial
	}
	r.progress.Line("trial %*d  accuracy %-6v  best %-6v  %s  (%.2f s)", len(fmt.Sprint(r.total)), trial.Number,
		trial.Report.Accuracy, r.best.Report.Accuracy, params(trial), trial.FitTime.Seconds())
	r.progress.Step(trial.Points, fmt.Sprintf("best %v (trial %d)", r.best.Report.Accuracy, r.best.Number))
}

func params(trial pipeline.Trial) string {
	var parts []string
	for _, one := range pipeline.Named(trial.Params) {
		if one[0] != "random_state" {
			parts = append(parts, one[0]+"="+one[1])
		}
	}
	return strings.Join(parts, " ")
}

// summary prints the best trials and how to look at all of them.
func (r *report) summary(trials []pipeline.Trial) {
	if len(trials) > 0 {
		r.table(pipeline.Best(trials))
	}
	if r.run.ID == "" {
		return
	}
	r.printf("\nExperiment %s, study run %s.\n", r.experiment, r.run.ID)
	r.printf("%s", pipeline.LookAt(r.client, r.run.ExperimentID, ""))
}

// table lists the best trials.
func (r *report) table(best []pipeline.Trial) {
	r.printf("\nBest of %d trials:\n\n", len(best))
	table := tabwriter.NewWriter(r.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{"trial", "accuracy", "f1_macro"}
	for _, one := range pipeline.Named(best[0].Params) {
		head = append(head, one[0])
	}
	rows := [][]string{head}
	for _, trial := range best[:min(shown, len(best))] {
		row := []string{fmt.Sprint(trial.Number), fmt.Sprint(trial.Report.Accuracy), fmt.Sprintf("%.4f", trial.Report.Macro.F1)}
		for _, one := range pipeline.Named(trial.Params) {
			row = append(row, one[1])
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	_ = table.Flush()
}

// printf writes to standard output. Where that is closed there is nobody left to read it; what counts is in MLflow.
func (r *report) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(r.stdout, format, args...)
}
