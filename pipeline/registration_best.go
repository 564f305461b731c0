package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

type bestRunInput struct {
	ExperimentName string `json:"experiment_name"`
}

// bestRun is the study's best run.
type bestRun struct {
	*mlflowclient.Run
	params   forest.Params
	accuracy float64
}

// bestRun is the task "Get Parameters".
func (r Registration) bestRun(ctx context.Context, in bestRunInput) (*bestRun, error) {
	experiment, err := r.Client.Experiments.GetByName(ctx, in.ExperimentName)
	where := fmt.Sprintf("experiment %q", in.ExperimentName)
	switch {
	case errors.Is(err, mlflowclient.ErrNotFound):
		return nil, fmt.Errorf("%s does not exist in MLflow at %s: run go run ./pipeline/hpo first, or name another", where, r.Client.TrackingURI())
	case err != nil:
		return nil, fmt.Errorf("%s: %w", where, err)
	case experiment.Stage == mlflowclient.StageDeleted:
		return nil, fmt.Errorf("%s (%s) is deleted in MLflow: restore it, or name another", where, experiment.ID)
	}
	page, err := r.Client.Runs.SearchPage(ctx, mlflowclient.SearchRuns{
		ExperimentIDs: []string{experiment.ID},
		Filter:        "attributes.status = 'FINISHED' AND metrics.accuracy >= 0",
		// MLflow compares params as text: of equal runs the original, too, takes 1000 trees before 50.
		OrderBy:  []string{"metrics.accuracy DESC", "params.n_estimators ASC"},
		PageSize: 1,
	}, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	// MLflow stores NaN as 0 with a mark, which the filter does not see; such runs come last.
	if len(page.Items) == 0 || math.IsNaN(page.Items[0].Metrics["accuracy"].Value) {
		return nil, fmt.Errorf("%s has no run that is FINISHED and has a metric accuracy: let a study of go run ./pipeline/hpo come to its end", where)
	}
	best, err := readBest(page.Items[0])
	if err != nil {
		return nil, fmt.Errorf("%s: the best run is %s (%s): %w", where, page.Items[0].ID, page.Items[0].Name, err)
	}
	prefectclient.Logger(ctx).Info(fmt.Sprintf("the best run of %s is %s (%s) with accuracy %v: %s",
		where, best.ID, best.Name, best.accuracy, namedText(best.params)))
	return best, nil
}

// readBest reads a run's hyper-parameters. All that a study varies must be there; of the others, what a forest knows is taken.
func readBest(run *mlflowclient.Run) (*bestRun, error) {
	named := map[string]string{}
	for key, value := range run.Params {
		if _, known := setters[key]; known {
			named[key] = value
		}
	}
	for _, one := range Named(forest.DefaultParams()) {
		if _, ok := named[one[0]]; !ok {
			return nil, fmt.Errorf("it has no param %s, which a study logs with each trial", one[0])
		}
	}
	params, err := ParseParams(named)
	if err != nil {
		return nil, err
	}
	return &bestRun{Run: run, params: params, accuracy: run.Metrics["accuracy"].Value}, nil
}

// namedText writes hyper-parameters in one line.
func namedText(p forest.Params) string {
	var parts []string
	for _, one := range Named(p) {
		parts = append(parts, one[0]+"="+one[1])
	}
	return strings.Join(parts, " ")
}
