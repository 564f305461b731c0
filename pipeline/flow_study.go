package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// StudyFlow is the name of the flow that carries a study out.
const StudyFlow = "Hyper-Parameter Optimisation"

// shownTrials is the number of trials in the table of the best.
const shownTrials = 10

// StudyParameters are the parameters of a study's flow.
type StudyParameters struct {
	TableParameters
	ExperimentName string  `json:"experiment_name" title:"Experiment of the study" default:"red-wine-quality-hyperopt" min:"1" description:"MLflow experiment that gets a run for the study and one below it for each trial; made when missing."`
	Trials         int     `json:"n_trials" title:"Trials" default:"20" min:"1" max:"10000" description:"How many hyper-parameters are tried. The exhaustive sampler takes as many as it needs."`
	Sampler        Sampler `json:"sampler" title:"Sampler" default:"tpe" enum:"tpe,random,exhaustive" description:"tpe proposes what Optuna's TPESampler does, random draws, exhaustive settles the whole space."`
	Seed           uint32  `json:"seed" title:"Seed" default:"0" min:"0" max:"4294967295" description:"Seed of the sampler: the same one gives the same trials."`
	Parallel       int     `json:"parallel" title:"At once" default:"0" min:"0" max:"1024" description:"Most trials at once; 0 is one for each core. It changes no result."`
}

// DefaultStudyParameters are the defaults.
func DefaultStudyParameters() StudyParameters {
	return StudyParameters{TableParameters: DefaultTableParameters(), ExperimentName: StudyExperiment, Trials: 20, Sampler: SamplerTPE}
}

// Studied is what a study's flow found.
type Studied struct {
	// ExperimentID and RunID are those of the study's run.
	ExperimentID, RunID string
	// Trials are all finished trials, best first.
	Trials []Trial
}

// studies makes the flow of a study.
type studies struct{ Registration }

type studyInput struct {
	Prepared *prefectclient.Future[*prepared] `json:"prepared"`
	Study    StudyParameters                  `json:"study"`
}

// flow makes the flow: "Prepare Data" and "Optimise". Executed again after its worker died, it ends the runs that the earlier attempt left in
// MLflow and begins anew.
func (s studies) flow() *prefectclient.Flow[StudyParameters, *Studied] {
	prepare := s.prepareTask()
	optimise := prefectclient.NewTask("Optimise", s.optimise)
	return prefectclient.NewFlow(StudyFlow, func(ctx context.Context, p StudyParameters) (*Studied, error) {
		ctx = underFlow(ctx)
		data := prepare.Submit(ctx, p.TableParameters)
		if _, err := data.Result(ctx); err != nil {
			return nil, err
		}
		return optimise.Run(ctx, studyInput{data, p})
	}, prefectclient.Description(studyDescription), prefectclient.Version("1"))
}

const studyDescription = `Optimises a random forest's hyper-parameters; every trial is a run in MLflow below the run of the study.

1. **Prepare Data** reads ` + "`s3://bucket_name/filename`" + `, divides and scales it.
2. **Optimise** tries hyper-parameters and shows how far it has come, then the best of them.`

// optimise is the task "Optimise".
func (s studies) optimise(ctx context.Context, in studyInput) (*Studied, error) {
	data, err := in.Prepared.Result(ctx)
	if err != nil {
		return nil, err
	}
	p := in.Study
	if err := endLeftovers(ctx, s.Client, p.ExperimentName); err != nil {
		return nil, err
	}
	done := &Studied{}
	show := newStudyProgress(ctx, p)
	study := Study{
		Split: data.split, Space: OriginalSpace(), Sampler: p.Sampler, Trials: p.Trials, Seed: p.Seed, Parallel: p.Parallel,
		Tracker: &Tracker{
			Client: s.Client, Experiment: p.ExperimentName, Dataset: data.dataset,
			OnStart: func(run mlflowclient.RunInfo) { done.ExperimentID, done.RunID = run.ExperimentID, run.ID },
		},
		OnTrial: show.trial,
	}
	trials, err := study.Run(ctx)
	if err != nil {
		return nil, err
	}
	show.move(100)
	done.Trials = Best(trials)
	s.publish(ctx, p, done)
	return done, nil
}

// publish shows the best trials on the page of the flow run.
func (s studies) publish(ctx context.Context, p StudyParameters, done *Studied) {
	best := done.Trials[0]
	var text strings.Builder
	fmt.Fprintf(&text, "**Best accuracy %v** (trial %d of %d, sampler %s): %s\n\n| | |\n|---|---|\n", best.Report.Accuracy, best.Number, len(done.Trials),
		p.Sampler, namedText(best.Params))
	fmt.Fprintf(&text, "| experiment | %s |\n| run of the study | %s |\n| run of the best trial | %s |\n",
		linkTo(s.Client, p.ExperimentName, experimentPage(done.ExperimentID)), linkTo(s.Client, done.RunID, runPage(done.ExperimentID, done.RunID)),
		linkTo(s.Client, best.RunID, runPage(done.ExperimentID, best.RunID)))
	showMarkdown(ctx, "study-"+p.ExperimentName, text.String(), "What the study found.")
	rows := make([]trialRow, 0, shownTrials)
	for _, trial := range done.Trials[:min(shownTrials, len(done.Trials))] {
		rows = append(rows, trialRow{
			trial.Number, trial.Report.Accuracy, trial.Report.Macro.F1, namedText(trial.Params),
			linkTo(s.Client, trial.RunID, runPage(done.ExperimentID, trial.RunID)),
		})
	}
	showTable(ctx, "best-trials-"+p.ExperimentName, rows, "The best trials.")
	prefectclient.Logger(ctx).Info(fmt.Sprintf("the best of %d trials is trial %d with accuracy %v: %s", len(done.Trials), best.Number, best.Report.Accuracy,
		namedText(best.Params)))
}

// trialRow is a row of the table of the best trials.
type trialRow struct {
	Trial    int     `json:"trial"`
	Accuracy float64 `json:"accuracy"`
	F1Macro  float64 `json:"f1_macro"`
	Params   string  `json:"hyper-parameters"`
	Run      string  `json:"run"`
}

// studyProgress tells how far a study has come: the log names each trial that is better than those before, an artifact shows the share.
type studyProgress struct {
	ctx    context.Context // of the task, for calls that are made while trials end
	client *prefectclient.Client
	id     string // of the artifact; empty without one
	total  int
	done   int
	best   float64
	moved  time.Time
}

func newStudyProgress(ctx context.Context, p StudyParameters) *studyProgress {
	show := &studyProgress{ctx: ctx, total: p.Trials, best: -1}
	if cmp.Or(p.Sampler, SamplerTPE) == SamplerExhaustive {
		show.total = OriginalSpace().Points()
	}
	client, ok := prefectclient.FromContext(ctx)
	if !ok {
		return show
	}
	artifact, err := client.Artifacts.CreateProgress(ctx, artifactKey("progress-"+p.ExperimentName), fmt.Sprintf("%d trials in all", show.total))
	if err != nil {
		tellUnshown(ctx, "progress", err)
		return show
	}
	show.client, show.id = client, artifact.ID
	return show
}

// trial is told of each trial.
func (s *studyProgress) trial(trial Trial) {
	s.done += trial.Points
	if trial.Report.Accuracy > s.best {
		s.best = trial.Report.Accuracy
		prefectclient.Logger(s.ctx).Info(fmt.Sprintf("trial %d has accuracy %v, the best so far: %s", trial.Number, s.best, namedText(trial.Params)))
	}
	if time.Since(s.moved) >= time.Second {
		s.move(100 * float64(s.done) / float64(max(s.done, s.total)))
	}
}

func (s *studyProgress) move(percent float64) {
	if s.id == "" {
		return
	}
	s.moved = time.Now()
	if err := s.client.Artifacts.SetProgress(s.ctx, s.id, percent); err != nil {
		tellUnshown(s.ctx, "progress", err)
		s.id = ""
	}
}
