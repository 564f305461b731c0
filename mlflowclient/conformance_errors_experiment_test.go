package mlflowclient_test

import (
	"context"
	"strings"

	"mlopsgo/mlflowclient"
)

var experimentFailures = []failure{
	{"experiments/create without a name", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "experiments/create", map[string]any{})
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'. See the API docs for more information about r"},
	{"experiments/create with an empty name", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Create(ctx, mlflowclient.CreateExperiment{}))
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'. See the API docs for more information about r"},
	{"experiments/create with a taken name", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: f.taken}))
	}, 400, "RESOURCE_ALREADY_EXISTS", "Experiment(name="},
	{"experiments/create with a long name", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: strings.Repeat("n", 501)}))
	}, 400, "INVALID_PARAMETER_VALUE", "'name' exceeds the maximum length of "},
	{"experiments/create with a number for a name", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "experiments/create", map[string]any{"name": 5})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value "},
	{"experiments/create with a tag without a key", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: unique("x"), Tags: map[string]string{"": "v"}}))
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"\" for parameter 'key' supplied: Names may be treated as files in certain ca"},
	{"experiments/get of none", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Get(ctx, "999999999"))
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/get of a word", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Get(ctx, "word"))
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid experiment ID 'word'. Experiment ID must be a valid integer."},
	{"experiments/get of nothing", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.Get(ctx, ""))
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'experiment_id'. See the API docs for more informatio"},
	{"experiments/get-by-name of none", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.GetByName(ctx, "no such name"))
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment with name 'no such name'"},
	{"experiments/get-by-name of nothing", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.GetByName(ctx, ""))
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'experiment_name'. See the API docs for more informat"},
	{"experiments/update of none", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Rename(ctx, "999999999", "x")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/update of a deleted one", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Rename(ctx, f.deleted, "x")
	}, 500, "INVALID_STATE", "Cannot rename a non-active experiment."},
	{"experiments/update to a taken name", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Rename(ctx, f.experiment, f.taken)
	}, 400, "BAD_REQUEST", ""},
	{"experiments/update to an empty name", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Rename(ctx, f.experiment, "")
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'new_name'. See the API docs for more information abo"},
	{"experiments/delete of none", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Delete(ctx, "999999999")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/delete of a deleted one", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Delete(ctx, f.deleted)
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/delete of a word", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Delete(ctx, "word")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid experiment ID 'word'. Experiment ID must be a valid integer."},
	{"experiments/restore of none", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Restore(ctx, "999999999")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/restore of an active one", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.Restore(ctx, f.experiment)
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/set-experiment-tag of none", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.SetTag(ctx, "999999999", "k", "v")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/set-experiment-tag of a deleted one", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.SetTag(ctx, f.deleted, "k", "v")
	}, 400, "INVALID_PARAMETER_VALUE", "The experiment "},
	{"experiments/set-experiment-tag without a key", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.SetTag(ctx, f.experiment, "", "v")
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'key'. See the API docs for more information about re"},
	{"experiments/set-experiment-tag with a long key", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.SetTag(ctx, f.experiment, strings.Repeat("k", 251), "v")
	}, 400, "INVALID_PARAMETER_VALUE", "'key' exceeds the maximum length of "},
	{"experiments/set-experiment-tag with a long value", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.SetTag(ctx, f.experiment, "k", strings.Repeat("v", 20_001))
	}, 400, "INVALID_PARAMETER_VALUE", "'value' exceeds the maximum length of "},
	{"experiments/delete-experiment-tag of a tag that is not there", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.DeleteTag(ctx, f.experiment, "none")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No tag with name: none in experiment with id "},
	{"experiments/delete-experiment-tag of none", func(ctx context.Context, f *failing) error {
		return f.c.Experiments.DeleteTag(ctx, "999999999", "none")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"experiments/search for nonsense", func(ctx context.Context, f *failing) error {
		return f.searchExperiments(ctx, "nonsense")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string: nonsense"},
	{"experiments/search by an unknown attribute", func(ctx context.Context, f *failing) error {
		return f.searchExperiments(ctx, "colour = 'red'")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid attribute key 'colour' specified. Valid keys are '"},
	{"experiments/search by number of a word", func(ctx context.Context, f *failing) error {
		return f.searchExperiments(ctx, "creation_time > 'x'")
	}, 400, "INVALID_PARAMETER_VALUE", "Expected numeric value type for numeric attribute: creation_time. Found 'x'"},
	{"experiments/search with OR", func(ctx context.Context, f *failing) error {
		return f.searchExperiments(ctx, "name = 'a' OR name = 'b'")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string: OR"},
	{"experiments/search in an unknown order", func(ctx context.Context, f *failing) error {
		return f.searchExperiments(ctx, "", "colour DESC")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid attribute key 'colour' specified. Valid keys are '"},
	{"experiments/search with a wrong token", func(ctx context.Context, f *failing) error {
		return second(f.c.Experiments.SearchPage(ctx, mlflowclient.SearchExperiments{}, "token"))
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid page token, could not base"},
	{"experiments/search without max_results", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "experiments/search", map[string]any{})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value "},
	{"experiments/search over the limit", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "experiments/search", map[string]any{"max_results": 50001})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value "},
	{"experiments/search of a word", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "experiments/search", map[string]any{"max_results": "many"})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"many\" for parameter 'max_results' supplied:  Hint: Value was of type 'str'."},
}
