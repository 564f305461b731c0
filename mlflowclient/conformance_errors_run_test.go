package mlflowclient_test

import (
	"context"
	"strings"

	"mlopsgo/mlflowclient"
)

var runFailures = []failure{
	{"runs/create in none", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: "999999999"}))
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id="},
	{"runs/create in a deleted experiment", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: f.deleted}))
	}, 400, "INVALID_PARAMETER_VALUE", "The experiment "},
	{"runs/create in a word", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: "word"}))
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid experiment ID 'word'. Experiment ID must be a valid integer."},
	{"runs/create with two names", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: f.experiment, Name: "a", Tags: map[string]string{"mlflow.runName": "b"}}))
	}, 400, "INVALID_PARAMETER_VALUE", "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"},
	{"runs/create with a number for an experiment", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/create", map[string]any{"experiment_id": 0, "start_time": "soon"})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value "},
	{"runs/get of none", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Get(ctx, missing))
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/get of nothing", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Get(ctx, ""))
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'run_id'. See the API docs for more information about"},
	{"runs/update of none", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Update(ctx, missing, mlflowclient.UpdateRun{Status: mlflowclient.StatusFinished}))
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/update of a deleted one", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.Update(ctx, f.gone, mlflowclient.UpdateRun{Status: mlflowclient.StatusFinished}))
	}, 400, "INVALID_PARAMETER_VALUE", " must be in the 'active' state. Current state is deleted."},
	{"runs/delete of none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.Delete(ctx, missing)
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/restore of none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.Restore(ctx, missing)
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/log-metric to none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogMetric(ctx, missing, mlflowclient.Metric{Key: "m"})
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/log-metric to a deleted run", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogMetric(ctx, f.gone, mlflowclient.Metric{Key: "m"})
	}, 400, "INVALID_PARAMETER_VALUE", " must be in the 'active' state. Current state is deleted."},
	{"runs/log-metric without a key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogMetric(ctx, f.run.ID, mlflowclient.Metric{})
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'key'. See the API docs for more information about re"},
	{"runs/log-metric with a bad key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogMetric(ctx, f.run.ID, mlflowclient.Metric{Key: "what?"})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"what?\" for parameter 'name' supplied: Names may only contain alphanumerics,"},
	{"runs/log-metric with a key that is a path", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogMetric(ctx, f.run.ID, mlflowclient.Metric{Key: "a/../b"})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"a/../b\" for parameter 'name' supplied: Names may be treated as files in cer"},
	{"runs/log-metric with a long key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogMetric(ctx, f.run.ID, mlflowclient.Metric{Key: strings.Repeat("k", 251)})
	}, 400, "INVALID_PARAMETER_VALUE", "'Metric name' exceeds the maximum length of "},
	{"runs/log-metric without a time", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-metric", map[string]any{"run_id": f.run.ID, "key": "m", "value": 1})
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'timestamp'. See the API docs for more information ab"},
	{"runs/log-metric without a value", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-metric", map[string]any{"run_id": f.run.ID, "key": "m", "timestamp": 1})
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'value'. See the API docs for more information about "},
	{"runs/log-metric with a word", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-metric", map[string]any{"run_id": f.run.ID, "key": "m", "value": "word", "timestamp": 1})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"word\" for parameter 'value' supplied:  Hint: Value was of type 'str'. See t"},
	{"runs/log-metric without a run", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-metric", map[string]any{"key": "m", "value": 1, "timestamp": 1})
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'run_id'. See the API docs for more information about"},
	{"runs/log-parameter to none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogParam(ctx, missing, "p", "v")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/log-parameter to a deleted run", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogParam(ctx, f.gone, "p", "v")
	}, 400, "INVALID_PARAMETER_VALUE", " must be in the 'active' state. Current state is deleted."},
	{"runs/log-parameter with another value", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogParam(ctx, f.run.ID, "depth", "4")
	}, 400, "INVALID_PARAMETER_VALUE", "Changing param values is not allowed. Param with key='depth' was already logged with value"},
	{"runs/log-parameter without a key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogParam(ctx, f.run.ID, "", "4")
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'key'. See the API docs for more information about re"},
	{"runs/log-parameter with a bad key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogParam(ctx, f.run.ID, "what?", "4")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"what?\" for parameter 'key' supplied: Names may only contain alphanumerics, "},
	{"runs/log-parameter with a long key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogParam(ctx, f.run.ID, strings.Repeat("k", 251), "4")
	}, 400, "INVALID_PARAMETER_VALUE", "'Param key' exceeds the maximum length of "},
	{"runs/set-tag to none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.SetTag(ctx, missing, "k", "v")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/set-tag to a deleted run", func(ctx context.Context, f *failing) error {
		return f.c.Runs.SetTag(ctx, f.gone, "k", "v")
	}, 400, "INVALID_PARAMETER_VALUE", " must be in the 'active' state. Current state is deleted."},
	{"runs/set-tag without a key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.SetTag(ctx, f.run.ID, "", "v")
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'key'. See the API docs for more information about re"},
	{"runs/set-tag with a bad key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.SetTag(ctx, f.run.ID, "what?", "v")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"what?\" for parameter 'key' supplied: Names may only contain alphanumerics, "},
	{"runs/set-tag with a long key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.SetTag(ctx, f.run.ID, strings.Repeat("k", 251), "v")
	}, 400, "INVALID_PARAMETER_VALUE", "'key' exceeds the maximum length of "},
	{"runs/delete-tag of a tag that is not there", func(ctx context.Context, f *failing) error {
		return f.c.Runs.DeleteTag(ctx, f.run.ID, "none")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "No tag with name: none in run with id "},
	{"runs/delete-tag of none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.DeleteTag(ctx, missing, "none")
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/delete-tag of a deleted run", func(ctx context.Context, f *failing) error {
		return f.c.Runs.DeleteTag(ctx, f.gone, "none")
	}, 400, "INVALID_PARAMETER_VALUE", " must be in the 'active' state. Current state is deleted."},
	{"runs/log-batch to none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogBatch(ctx, missing, batchOf(1, 1, 1))
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/log-batch to a deleted run", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogBatch(ctx, f.gone, batchOf(1, 1, 1))
	}, 400, "INVALID_PARAMETER_VALUE", " must be in the 'active' state. Current state is deleted."},
	{"runs/log-batch with a bad key", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogBatch(ctx, f.run.ID, mlflowclient.Batch{Params: map[string]string{"what?": ""}})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"what?\" for parameter 'params["},
	{"runs/log-batch with another value", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogBatch(ctx, f.run.ID, mlflowclient.Batch{Params: map[string]string{"depth": "9"}})
	}, 400, "INVALID_PARAMETER_VALUE", "Changing param values is not allowed. Params were already logged='["},
	{"runs/log-batch with a param twice", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "params": []map[string]string{{"key": "z", "value": "1"}, {"key": "z", "value": "2"}}})
	}, 400, "INVALID_PARAMETER_VALUE", "Duplicate parameter keys have been submitted: ['z']. Please ensure the request contains on"},
	{"runs/log-batch with too many metrics", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "metrics": manyMetrics(1001)})
	}, 400, "INVALID_PARAMETER_VALUE", "A batch logging request can contain at most "},
	{"runs/log-batch with too many params", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "params": manyPairs(101)})
	}, 400, "INVALID_PARAMETER_VALUE", "A batch logging request can contain at most "},
	{"runs/log-batch with too many tags", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "tags": manyPairs(101)})
	}, 400, "INVALID_PARAMETER_VALUE", "A batch logging request can contain at most "},
	{"runs/log-batch with too many in all", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "metrics": manyMetrics(901), "params": manyPairs(100)})
	}, 400, "INVALID_PARAMETER_VALUE", "A batch logging request can contain at most "},
	{"runs/log-batch with a metric without a time", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "metrics": []map[string]any{{"key": "m", "value": 1}}})
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'metrics["},
	{"runs/log-batch with a word", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/log-batch", map[string]any{"run_id": f.run.ID, "metrics": "many"})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value \"many\" for parameter 'metrics' supplied:  Hint: Value was of type 'str'. See"},
	{"runs/log-inputs to none", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogInputs(ctx, missing, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{{Name: "n", Digest: "d", SourceType: "s", Source: "s"}}})
	}, 404, "RESOURCE_DOES_NOT_EXIST", "Run with id="},
	{"runs/log-inputs with a long digest", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogInputs(ctx, f.run.ID, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{{Name: "n", Digest: strings.Repeat("d", 37), SourceType: "s", Source: "s"}}})
	}, 400, "INVALID_PARAMETER_VALUE", "'digest' exceeds the maximum length of "},
	{"runs/log-inputs with a long name", func(ctx context.Context, f *failing) error {
		return f.c.Runs.LogInputs(ctx, f.run.ID, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{{Name: strings.Repeat("n", 501), Digest: "d", SourceType: "s", Source: "s"}}})
	}, 400, "INVALID_PARAMETER_VALUE", "'name' exceeds the maximum length of "},
}
