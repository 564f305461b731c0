package pipeline

import (
	"context"
	"fmt"
	"strings"

	"mlopsgo/prefectclient"
)

// ExplorationFlow is the name of the flow of an exploration.
const ExplorationFlow = "Exploration"

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
	address, err := e.address(p.BucketName, p.Filename)
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
	before, err := e.finishedBefore(ctx, p.Experiment)
	if err != nil {
		return nil, err
	}
	earlier := before[look.runName()]
	if earlier != nil {
		look.Client = nil // it has recorded all of it
	}
	found, err := look.Run(ctx)
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		found.Run = earlier.RunInfo
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
