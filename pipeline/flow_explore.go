package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// Names of the flows of the experiments.
const (
	ExplorationFlow = "Exploration"
	BaselinesFlow   = "Baselines"
)

// ExplorationParameters are the parameters of the exploration's flow, which looks at every numeric column.
type ExplorationParameters struct {
	BucketName string  `json:"bucket_name" title:"Bucket" default:"mlflow-artifacts" description:"Bucket that holds the data."`
	Filename   string  `json:"filename" title:"Object" default:"winequality-red.csv" min:"1" description:"Name of the object in the bucket: CSV, the same compressed by gzip, or a zip archive with one CSV file."`
	Target     string  `json:"target" title:"Target column" default:"quality" min:"1" description:"Column that holds the class: whole numbers or text."`
	Threshold  float64 `json:"threshold" title:"Correlation" default:"0.2" min:"0.001" max:"1" description:"Correlation with the target above which a feature is worth keeping."`
	Experiment string  `json:"exploration_experiment" title:"Experiment of the exploration" default:"red-wine-quality-exploration" min:"1" description:"MLflow experiment that gets the run with the report; made when missing."`
}

// explorations makes the flow of an exploration.
type explorations struct{ Registration }

// flow makes the flow, of one task: "Explore".
func (e explorations) flow() *prefectclient.Flow[ExplorationParameters, *Explored] {
	explore := prefectclient.NewTask("Explore", e.explore, prefectclient.Retries(3, e.retryDelays...), prefectclient.RetryIf(mayPass))
	return prefectclient.NewFlow(ExplorationFlow, func(ctx context.Context, p ExplorationParameters) (*Explored, error) {
		return explore.Run(underFlow(ctx), p)
	}, prefectclient.Description("Describes every column, correlates, draws densities and counts outliers. The report is an artifact of the run in MLflow."),
		prefectclient.Version("1"))
}

// explore is the task "Explore".
func (e explorations) explore(ctx context.Context, p ExplorationParameters) (*Explored, error) {
	address, err := e.address(TableParameters{BucketName: p.BucketName, Filename: p.Filename, Target: p.Target, Features: []string{"all"}})
	if err != nil {
		return nil, err
	}
	if err := endLeftovers(ctx, e.Client, p.Experiment); err != nil {
		return nil, err
	}
	look := Exploration{Target: p.Target, Threshold: p.Threshold, Client: e.Client, Experiment: p.Experiment}
	if look.Data, err = look.Load(ctx, e.Loader, address); err != nil {
		return nil, err
	}
	found, err := look.Run(ctx)
	if err != nil {
		return nil, err
	}
	kept := strings.Join(found.Kept(), ", ")
	prefectclient.Logger(ctx).Info(fmt.Sprintf("explored %d rows of %d columns; worth keeping: %s", found.Rows, found.Columns, kept))
	showMarkdown(ctx, "exploration-"+p.Experiment, fmt.Sprintf(
		"| data | %s |\n|---|---|\n| rows | %d, and %d without a value |\n| repeated rows | %d |\n| outliers | %d |\n| worth keeping | %s |\n| report | %s |\n",
		found.Location, found.Rows, found.Incomplete, found.Duplicates, found.Outliers, kept,
		linkTo(e.Client, ExplorationReport, runPage(found.Run.ExperimentID, found.Run.ID)+"/artifacts")), "What the exploration found.")
	var rows []featureRow
	for _, f := range found.Features {
		rows = append(rows, featureRow{f.Name, f.Correlation, f.Kept})
	}
	showTable(ctx, "features-"+p.Experiment, rows, found.Measure+" with "+found.Target+".")
	return found, nil
}

// featureRow is a row of the table of features.
type featureRow struct {
	Feature     string  `json:"feature"`
	Correlation float64 `json:"with the target"`
	Kept        bool    `json:"worth keeping"`
}

// BaselinesParameters are the parameters of the baselines' flow.
type BaselinesParameters struct {
	TableParameters
	Experiment string `json:"baselines_experiment" title:"Experiment of the baselines" default:"red-wine-quality-prediction" min:"1" description:"MLflow experiment that gets one run for each classifier; made when missing."`
	Seed       uint32 `json:"seed" title:"Seed" default:"0" min:"0" max:"4294967295" description:"random_state of the forest."`
}

// baselineFlows makes the flow of the baselines.
type baselineFlows struct{ Registration }

type baselinesInput struct {
	Prepared   *prefectclient.Future[*prepared] `json:"prepared"`
	Experiment string                           `json:"experiment"`
	Seed       uint32                           `json:"seed"`
}

// flow makes the flow: "Prepare Data" and "Train Baselines".
func (b baselineFlows) flow() *prefectclient.Flow[BaselinesParameters, []Baseline] {
	prepare := b.prepareTask()
	train := prefectclient.NewTask("Train Baselines", b.train)
	return prefectclient.NewFlow(BaselinesFlow, func(ctx context.Context, p BaselinesParameters) ([]Baseline, error) {
		ctx = underFlow(ctx)
		data := prepare.Submit(ctx, p.TableParameters)
		if _, err := data.Result(ctx); err != nil {
			return nil, err
		}
		return train.Run(ctx, baselinesInput{data, p.Experiment, p.Seed})
	}, prefectclient.Description("Trains "+strings.Join(BaselineNames(), ", ")+" with scikit-learn's defaults, each a run in MLflow."), prefectclient.Version("1"))
}

// train is the task "Train Baselines".
func (b baselineFlows) train(ctx context.Context, in baselinesInput) ([]Baseline, error) {
	data, err := in.Prepared.Result(ctx)
	if err != nil {
		return nil, err
	}
	if err := endLeftovers(ctx, b.Client, in.Experiment); err != nil {
		return nil, err
	}
	before, err := b.before(ctx, in.Experiment)
	if err != nil {
		return nil, err
	}
	done, err := Baselines{
		Split: data.split, Seed: in.Seed, Client: b.Client, Experiment: in.Experiment, Data: data.data, recorded: before,
		OnDone: func(one Baseline) {
			prefectclient.Logger(ctx).Info(fmt.Sprintf("%s has accuracy %v after %.2f s", one.Name, one.Test.Accuracy, one.FitTime.Seconds()))
		},
	}.Run(ctx)
	if err != nil {
		return nil, err
	}
	var rows []baselineRow
	for _, one := range done {
		rows = append(rows, baselineRow{
			one.Name, one.Test.Accuracy, one.Test.Macro.F1, one.Training.Accuracy, one.FitTime.Seconds(),
			linkTo(b.Client, one.RunID, runPage(one.ExperimentID, one.RunID)),
		})
	}
	showTable(ctx, "baselines-"+in.Experiment, rows, "The baselines, in "+linkTo(b.Client, in.Experiment, experimentPage(done[0].ExperimentID))+".")
	return done, nil
}

// before finds what an earlier execution of the same flow run has finished, by the classifiers' names.
func (b baselineFlows) before(ctx context.Context, experiment string) (map[string]*mlflowclient.Run, error) {
	found, err := b.Client.Experiments.GetByName(ctx, experiment)
	if errors.Is(err, mlflowclient.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", experiment, err)
	}
	runs, err := runsOfOrigin(ctx, b.Client, found.ID, " AND attributes.status = 'FINISHED'")
	if err != nil {
		return nil, err
	}
	finished := map[string]*mlflowclient.Run{}
	for _, run := range runs {
		finished[run.Name] = run
	}
	return finished, nil
}

// baselineRow is a row of the table of baselines.
type baselineRow struct {
	Classifier string  `json:"classifier"`
	Accuracy   float64 `json:"accuracy"`
	F1Macro    float64 `json:"f1_macro"`
	Training   float64 `json:"training accuracy"`
	Seconds    float64 `json:"fit seconds"`
	Run        string  `json:"run"`
}
