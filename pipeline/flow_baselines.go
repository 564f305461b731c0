package pipeline

import (
	"context"
	"fmt"
	"strings"

	"mlopsgo/prefectclient"
)

// BaselinesFlow is the name of the flow of the baselines.
const BaselinesFlow = "Baselines"

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
	before, err := b.finishedBefore(ctx, in.Experiment)
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

// baselineRow is a row of the table of baselines.
type baselineRow struct {
	Classifier string  `json:"classifier"`
	Accuracy   float64 `json:"accuracy"`
	F1Macro    float64 `json:"f1_macro"`
	Training   float64 `json:"training accuracy"`
	Seconds    float64 `json:"fit seconds"`
	Run        string  `json:"run"`
}
