package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// StudyFlow is the name of the flow that carries a study out.
const StudyFlow = "Hyper-Parameter Optimisation"

// StudyParameters are the parameters of a study's flow.
type StudyParameters struct {
	TableParameters
	ExperimentName string  `json:"experiment_name" title:"Experiment of the study" default:"red-wine-quality-hyperopt" min:"1" description:"MLflow experiment that gets a run for the study and one below it for each trial; made when missing."`
	Trials         int     `json:"n_trials" title:"Trials" default:"20" min:"1" max:"10000" description:"How many hyper-parameters are tried. The exhaustive sampler takes as many as it needs."`
	Sampler        Sampler `json:"sampler" title:"Sampler" default:"tpe" enum:"tpe,random,exhaustive" description:"tpe proposes what Optuna's TPESampler does, random draws, exhaustive settles the whole space."`
	Seed           uint32  `json:"seed" title:"Seed" default:"0" min:"0" max:"4294967295" description:"Seed of the sampler: the same one gives the same trials."`
	EarlyStopping  bool    `json:"early_stopping" title:"Stop hopeless trials" default:"false" description:"Successive halving: a trial is scored with 32, 128, 512 trees and goes on among the best quarter. Trials are then not Optuna's without a pruner."`
	Pool           string  `json:"pool" title:"Work pool of the trials" default:"" description:"Pool whose workers carry the trials out, each as a flow run; empty for the process of the study. On a pool tpe takes what runs for bad trials, so that its proposals depend on what ended when."`
	Queue          string  `json:"queue" title:"Work queue of the trials" default:"red-wine" description:"Queue of that pool."`
	Parallel       int     `json:"parallel" title:"At once" default:"0" min:"0" max:"1024" description:"Most trials at once; 0 is one for each core, and 8 on a pool."`
	Resume         string  `json:"resume" title:"Study to resume" default:"" description:"Run in MLflow of a study to take up again. A flow run that is executed again takes up its own by itself."`
}

// DefaultStudyParameters are the defaults.
func DefaultStudyParameters() StudyParameters {
	return StudyParameters{TableParameters: DefaultTableParameters(), ExperimentName: StudyExperiment, Trials: 20, Sampler: SamplerTPE, Queue: WorkQueue}
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

// flow makes the flow: "Prepare Data" and "Optimise". Executed again after its worker died, it takes up the study where it stands. It takes no
// slot of its worker, which may be the one that is to carry the trials out.
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
	}, prefectclient.Description(studyDescription), prefectclient.Version("2"), prefectclient.WithoutSlot())
}

const studyDescription = `Optimises a random forest's hyper-parameters; every trial is a run in MLflow below the run of the study.

1. **Prepare Data** reads ` + "`s3://bucket_name/filename`" + `, divides and scales it.
2. **Optimise** tries hyper-parameters, here or on a work pool, and shows how far it has come and the best of them.

A run that was stopped or lost its worker can be retried: the study goes on with the trials that it lacks.`

// optimise is the task "Optimise".
func (s studies) optimise(ctx context.Context, in studyInput) (*Studied, error) {
	data, err := in.Prepared.Result(ctx)
	if err != nil {
		return nil, err
	}
	study, err := s.study(ctx, in.Study, data)
	if err != nil {
		return nil, err
	}
	done, err := carryStudy(ctx, study)
	if err != nil {
		return nil, err
	}
	s.publish(ctx, in.Study, done)
	return done, nil
}

// carryStudy runs a study that shows its progress on the page of the flow run.
func carryStudy(ctx context.Context, study *Study) (*Studied, error) {
	done := &Studied{}
	show := newStudyProgress(ctx, study.Tracker.Client, study.Tracker.Experiment, study)
	started, ended := study.Tracker.OnStart, study.OnTrial
	tracker, former := *study.Tracker, formerFlowRun(ctx, study)
	tracker.OnStart = func(run mlflowclient.RunInfo) {
		done.ExperimentID, done.RunID = run.ExperimentID, run.ID
		show.experiment = run.ExperimentID
		endFormer(ctx, former)
		if started != nil {
			started(run)
		}
	}
	study.Tracker = &tracker
	study.OnTrial = func(trial Trial) {
		show.trial(trial)
		if ended != nil {
			ended(trial)
		}
	}
	trials, err := study.Run(ctx)
	done.Trials = Best(trials)
	if err == nil {
		show.end(done.Trials)
	}
	return done, err
}

// formerFlowRun is the flow run in which the study was carried out before, which its run in MLflow names until it is taken up; empty when there
// is none.
func formerFlowRun(ctx context.Context, study *Study) string {
	if study.Resume == "" {
		return ""
	}
	run, err := study.Tracker.Client.Runs.Get(ctx, study.Resume)
	if err != nil || run.Tags[TagFlowRun] == originOf(ctx).id {
		return "" // a run that cannot be read fails the study in a moment
	}
	return run.Tags[TagFlowRun]
}

// endFormer ends the former flow run of a study that was claimed, if it is RUNNING still: its process is gone, and nobody else would, or has lost
// the study. A failure is only told.
func endFormer(ctx context.Context, id string) {
	client, ok := prefectclient.FromContext(ctx)
	if !ok || id == "" {
		return
	}
	former, err := client.FlowRuns.Read(ctx, id)
	if errors.Is(err, prefectclient.ErrNotFound) || err == nil && former.StateType != prefectclient.StateRunning {
		return
	}
	if err == nil {
		_, err = client.FlowRuns.SetState(ctx, former.ID, prefectclient.State{
			Type: prefectclient.StateCrashed, Message: "The study was taken up again by " + originOf(ctx).name + ".",
		})
	}
	if err != nil {
		prefectclient.Logger(ctx).Warn("the study's former flow run stays as it is", "flow_run", id, "error", err)
	}
}

// RunStudyFlow runs a study that is put together already as a run of the flow [StudyFlow], under the Prefect client of the context. It
// gives the trials in the order of their numbers, also with an error those that were finished. Such a flow run cannot be retried in
// Prefect, which does not have this process; the study is taken up by [Study.Resume].
func RunStudyFlow(ctx context.Context, study Study) ([]Trial, error) {
	params := ranStudyParameters{Data: study.Origin.Data, Sampler: study.Sampler, Trials: study.Trials, Seed: study.Seed, Parallel: study.Parallel, Resume: study.Resume}
	if study.Pool != nil {
		params.Pool, params.Queue = study.Pool.Name, study.Pool.Queue
	}
	var trials []Trial
	flow := prefectclient.NewFlow(StudyFlow, func(ctx context.Context, _ ranStudyParameters) (int, error) {
		done, err := carryStudy(underFlow(ctx), &study)
		trials = done.Trials
		return len(trials), err
	}, prefectclient.Description(studyDescription), prefectclient.Version("2"))
	_, err := flow.Run(ctx, params)
	slices.SortFunc(trials, func(a, b Trial) int { return cmp.Compare(a.Number, b.Number) })
	return trials, err
}

// ranStudyParameters describe a study that was put together in the process that runs it.
type ranStudyParameters struct {
	Data     string  `json:"data"`
	Sampler  Sampler `json:"sampler"`
	Trials   int     `json:"n_trials"`
	Seed     uint32  `json:"seed"`
	Parallel int     `json:"parallel"`
	Pool     string  `json:"pool"`
	Queue    string  `json:"queue"`
	Resume   string  `json:"resume"`
}

// study is what the parameters ask for, or the study that they name to be taken up, or the one that this flow run was carrying out before.
func (s studies) study(ctx context.Context, p StudyParameters, data *prepared) (*Study, error) {
	problem := RedWine()
	problem.Features, problem.Target = namedFeatures(p.Features), p.Target
	study := &Study{
		Split: data.split, Origin: data.data.Origin(problem), Space: s.space(), Sampler: p.Sampler, Trials: p.Trials, Seed: p.Seed, Parallel: p.Parallel,
		Tracker: &Tracker{Client: s.Client, Experiment: p.ExperimentName, Dataset: data.dataset},
	}
	if p.EarlyStopping {
		study.Halving = &Halving{}
	}
	if p.Pool != "" {
		client, ok := prefectclient.FromContext(ctx)
		if !ok {
			return nil, fmt.Errorf("pool %s: there is no Prefect server to ask for it", p.Pool)
		}
		study.Pool = &Pool{Client: client, Name: p.Pool, Queue: p.Queue}
	}
	spec, err := s.begun(ctx, p)
	if err != nil || spec == nil {
		return study, err
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("the study of run %s is taken up again", spec.RunID))
	err = study.takeUpSpec(spec)
	return study, err
}

// begun finds the study to take up; nil when there is none.
func (s studies) begun(ctx context.Context, p StudyParameters) (*StudySpec, error) {
	if p.Resume != "" {
		return LoadStudy(ctx, s.Client, p.Resume)
	}
	experiment, err := s.Client.Experiments.GetByName(ctx, p.ExperimentName)
	if errors.Is(err, mlflowclient.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", p.ExperimentName, err)
	}
	runs, err := runsOfOrigin(ctx, s.Client, experiment.ID, " AND tags.`"+tagSpec+"` LIKE '{%'")
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return readSpec(runs[0])
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
	prefectclient.Logger(ctx).Info(fmt.Sprintf("the best of %d trials is trial %d with accuracy %v: %s", len(done.Trials), best.Number, best.Report.Accuracy,
		namedText(best.Params)))
}

// space is what is tried.
func (s studies) space() ForestSpace {
	if len(s.studySpace.Bootstrap) > 0 {
		return s.studySpace
	}
	return OriginalSpace()
}
