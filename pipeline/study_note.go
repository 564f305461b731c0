package pipeline

import (
	"fmt"
	"strings"
)

// experimentNote is the description of a study's experiment, unless it has one.
const experimentNote = `Searches for the hyper-parameters of a random forest, made by ` + "`go run ./pipeline/hpo`" + `.

Each study is a parent run, and its child runs are the trials: their params are what was tried, **accuracy** on the test part is what is
maximised. To compare trials, open a study's children in the list (the + before its name), select some or all, and press *Compare*; the
tab *Chart view* draws them as they come in.

| metric | what it is |
|---|---|
| accuracy, precision_macro, recall_macro, f1_macro | of the test part, as scikit-learn defines them |
| class/…/precision, recall, f1 | of each class |
| accuracy_by_n_estimators | the learning curve: its step is the number of trees |
| best_accuracy | on the study: the best so far, its step is the number of trials that have ended |
`

// note describes a study when it begins.
func (s Study) note() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Searches %d points of hyper-parameters of a random forest for the highest accuracy on the %d test rows, having learnt `%s` from %s on %d training rows.\n\n",
		s.Space.Points(), s.Split.TestX.Rows, s.Split.Target, "`"+strings.Join(s.Split.Features, "`, `")+"`", s.Split.TrainX.Rows)
	text.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) { fmt.Fprintf(&text, "| %s | %s |\n", name, value) }
	row("sampler", s.samplerText())
	for _, one := range s.Space.named() {
		row(one[0], one[1])
	}
	if s.Halving != nil {
		row("early stopping", fmt.Sprintf("a trial is scored from %d trees on, each time it has %d times as many; it goes on among the best 1/%d", s.Halving.MinTrees, s.Halving.Factor, s.Halving.Factor))
	}
	if s.Origin.Data != "" {
		row("data", "`"+s.Origin.Data+"`")
	}
	switch {
	case s.Pool != nil:
		row("carried out by", fmt.Sprintf("the workers of Prefect's pool %s, up to %d trials at once", s.Pool.Name, s.Parallel))
	default:
		row("carried out by", fmt.Sprintf("the process of the study, up to %d trials at once", s.Parallel))
	}
	return text.String()
}

func (s Study) samplerText() string {
	switch s.Sampler {
	case SamplerExhaustive:
		return "exhaustive: every point, by the fewest forests"
	case SamplerRandom:
		return fmt.Sprintf("random, seed %d, %d trials (Optuna's RandomSampler)", s.Seed, s.Trials)
	case SamplerTPE:
	}
	return fmt.Sprintf("TPE, seed %d, %d trials (Optuna's TPESampler)", s.Seed, s.Trials)
}

// result is what a study that has ended adds to its note.
func (s Study) result(trials []Trial) string {
	if len(trials) == 0 {
		return "\n**No trial has ended.**\n"
	}
	best := Best(trials)
	points, stopped := 0, 0
	for _, trial := range trials {
		points += trial.Points
		if trial.Stopped {
			stopped++
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n**Best accuracy %v**, by trial %d", best[0].Report.Accuracy, best[0].Number)
	if best[0].RunID != "" {
		fmt.Fprintf(&text, " (run `%s`)", best[0].RunID)
	}
	fmt.Fprintf(&text, ", of %d trials for %d points", len(trials), points)
	if stopped > 0 {
		fmt.Fprintf(&text, ", of which %d were stopped early", stopped)
	}
	text.WriteString(".\n\n" + bestTable(best))
	return text.String()
}

// noted is how many trials the tables of notes and artifacts show.
const noted = 10

// bestTable lists the best trials in Markdown.
func bestTable(best []Trial) string {
	var text strings.Builder
	text.WriteString("| trial | accuracy | f1_macro |")
	for _, one := range Named(best[0].Params) {
		text.WriteString(" " + one[0] + " |")
	}
	text.WriteString("\n|" + strings.Repeat("---|", 3+len(Named(best[0].Params))) + "\n")
	for _, trial := range best[:min(noted, len(best))] {
		fmt.Fprintf(&text, "| %d | %v | %.4f |", trial.Number, trial.Report.Accuracy, trial.Report.Macro.F1)
		for _, one := range Named(trial.Params) {
			text.WriteString(" " + one[1] + " |")
		}
		text.WriteString("\n")
	}
	return text.String()
}
