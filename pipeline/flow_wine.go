package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mlopsgo/prefectclient"
)

// WineQualityFlow is the name of the flow of the whole loop.
const WineQualityFlow = "Wine Quality"

// WineQualityParameters are the parameters of the whole loop. Those of its steps that are not among them have their defaults.
type WineQualityParameters struct {
	Data string `json:"data" title:"Source" default:"embedded:" min:"1" description:"embedded: (the red wine table that the program carries), uci (the same, downloaded), https://… or s3://bucket/key of a CSV, CSV.gz or zip file."`
	TableParameters
	Explore        bool      `json:"explore" title:"Explore" default:"true" description:"Describe the data, with a report in MLflow."`
	Baselines      bool      `json:"baselines" title:"Baselines" default:"true" description:"Train four classifiers with scikit-learn's defaults to compare with."`
	ExperimentName string    `json:"experiment_name" title:"Experiment of the study" default:"red-wine-quality-hyperopt" min:"1" description:"MLflow experiment of the study, whose best finished run is registered."`
	Trials         int       `json:"n_trials" title:"Trials" default:"20" min:"1" max:"10000" description:"How many hyper-parameters are tried."`
	Sampler        Sampler   `json:"sampler" title:"Sampler" default:"tpe" enum:"tpe,random,exhaustive" description:"tpe proposes what Optuna's TPESampler does, random draws, exhaustive settles the whole space."`
	Seed           uint32    `json:"seed" title:"Seed" default:"0" min:"0" max:"4294967295" description:"Seed of the sampler."`
	Promotion      Promotion `json:"promotion" title:"Promotion" default:"if_not_worse" enum:"if_not_worse,always,never" description:"When the new version becomes the champion: if it is not worse than the champion on the same test rows, always, or never."`
}

// DefaultWineQualityParameters are the defaults.
func DefaultWineQualityParameters() WineQualityParameters {
	return WineQualityParameters{
		Data: embeddedURI, TableParameters: DefaultTableParameters(), Explore: true, Baselines: true, ExperimentName: StudyExperiment,
		Trials: 20, Sampler: SamplerTPE, Promotion: PromoteIfNotWorse,
	}
}

const wineQualityDescription = `The whole loop, each step a flow run of its own: **Ingestion**, **Exploration**, **Baselines**, **Hyper-Parameter Optimisation** and
**Main Registration Flow**.

Executed again after its worker died, it goes on with the step that was under way: what earlier attempts completed is left as it is.`

// wineQuality makes the flow of the whole loop out of the others.
func (f *Flows) wineQuality() *prefectclient.Flow[WineQualityParameters, *Registered] {
	return prefectclient.NewFlow(WineQualityFlow, func(ctx context.Context, p WineQualityParameters) (*Registered, error) {
		ctx = underFlow(ctx)
		steps := &loopSteps{}
		step(ctx, steps, f.Ingestion, IngestionParameters{Data: p.Data, BucketName: p.BucketName, Filename: p.Filename, Target: p.Target})
		if p.Explore {
			step(ctx, steps, f.Exploration, ExplorationParameters{
				BucketName: p.BucketName, Filename: p.Filename, Target: p.Target, Threshold: DefaultThreshold, Experiment: ExplorationExperiment,
			})
		}
		if p.Baselines {
			step(ctx, steps, f.Baselines, BaselinesParameters{TableParameters: p.TableParameters, Experiment: BaselinesExperiment})
		}
		step(ctx, steps, f.Study, StudyParameters{
			TableParameters: p.TableParameters, ExperimentName: p.ExperimentName, Trials: p.Trials, Sampler: p.Sampler, Seed: p.Seed,
		})
		if steps.err != nil {
			return nil, steps.err
		}
		// Not left out when it was completed: it finds what it made, and gives it again.
		begin := time.Now()
		done, err := f.Registration.Run(ctx, RegistrationParameters{
			BucketName: p.BucketName, Filename: p.Filename, Target: p.Target, Features: p.Features, ExperimentName: p.ExperimentName, Promotion: p.Promotion,
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Registration.Name(), err)
		}
		steps.note(f.Registration.Name(), fmt.Sprintf("%.1f s", time.Since(begin).Seconds()))
		steps.publish(ctx, done)
		return done, nil
	}, prefectclient.Description(wineQualityDescription), prefectclient.Version("1"))
}

// loopSteps are the steps of a loop so far.
type loopSteps struct {
	text strings.Builder
	err  error // of the step that failed; none is begun after it
}

func (s *loopSteps) note(step, what string) { fmt.Fprintf(&s.text, "| %s | %s |\n", step, what) }

// publish shows what the loop came to.
func (s *loopSteps) publish(ctx context.Context, done *Registered) {
	verdict := ""
	if done.Comparison != nil {
		verdict = done.Comparison.Verdict()
	}
	showMarkdown(ctx, "wine-quality-"+done.Model, fmt.Sprintf("**%s version %s**, accuracy %v. %s\n\n| step | |\n|---|---|\n%s", done.Model, done.Version,
		done.Accuracy, verdict, s.text.String()), "What the loop came to.")
}

// step runs a flow as a step of the loop, unless an attempt before this one completed it.
func step[P, R any](ctx context.Context, s *loopSteps, flow *prefectclient.Flow[P, R], params P) {
	if s.err != nil {
		return
	}
	done, err := completedBefore(ctx, flow.Name())
	if err != nil {
		s.err = fmt.Errorf("%s: %w", flow.Name(), err)
		return
	}
	if done {
		prefectclient.Logger(ctx).Info(flow.Name() + " was completed by an earlier attempt")
		s.note(flow.Name(), "completed by an earlier attempt")
		return
	}
	begin := time.Now()
	if _, err := flow.Run(ctx, params); err != nil {
		s.err = fmt.Errorf("%s: %w", flow.Name(), err)
		return
	}
	s.note(flow.Name(), fmt.Sprintf("%.1f s", time.Since(begin).Seconds()))
}

// completedBefore tells whether the flow run under way has a completed subflow run of a flow, from an earlier attempt.
func completedBefore(ctx context.Context, flow string) (bool, error) {
	info, _ := prefectclient.Info(ctx)
	client, ok := prefectclient.FromContext(ctx)
	if !ok || info.RunCount < 2 {
		return false, nil
	}
	query := prefectclient.FlowRunQuery{Related: prefectclient.Related{
		Flows: &prefectclient.FlowFilter{Name: &prefectclient.NameFilter{Any: []string{flow}}},
		FlowRuns: &prefectclient.FlowRunFilter{
			ParentFlowRunID: &prefectclient.AnyFilter{Any: []string{info.FlowRunID}}, State: prefectclient.StateIs(prefectclient.StateCompleted),
		},
	}}
	for _, err := range client.FlowRuns.Filter(ctx, query) {
		if err != nil {
			return false, fmt.Errorf("look for earlier attempts: %w", err)
		}
		return true, nil
	}
	return false, nil
}
