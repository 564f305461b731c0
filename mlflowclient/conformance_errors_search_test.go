package mlflowclient_test

import (
	"context"

	"mlopsgo/mlflowclient"
)

var searchFailures = []failure{
	{"runs/search for nonsense", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "nonsense")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string: 'nonsense'"},
	{"runs/search for half a comparison", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "metrics.a >")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string: 'metrics.a', '>'"},
	{"runs/search with OR", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "params.a = '1' OR params.a = '2'")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string: 'OR'"},
	{"runs/search for a metric that is a word", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "metrics.a > 'x'")
	}, 400, "INVALID_PARAMETER_VALUE", "Expected numeric value type for metric. Found 'x'"},
	{"runs/search for a param that is a number", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "params.a = 5")
	}, 400, "INVALID_PARAMETER_VALUE", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value "},
	{"runs/search for a greater param", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "params.a > '5'")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid comparator '>' not one of '"},
	{"runs/search by an unknown kind", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "colours.a = '5'")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid entity type 'colours'. Valid values are ['metric', 'parameter', 'tag', 'attribute'"},
	{"runs/search by an unknown attribute", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "attributes.colour = '5'")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid attribute key 'colour' specified. Valid keys are '"},
	{"runs/search with a quote left open", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "params.a = '5")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string: 'params.a', '=', ''', '"},
	{"runs/search in an unknown order", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "", "colours.a DESC")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid entity type 'colours'. Valid values are ['metric', 'parameter', 'tag', 'attribute'"},
	{"runs/search in an order of nonsense", func(ctx context.Context, f *failing) error {
		return f.search(ctx, "", "metrics.a SIDEWAYS")
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid ordering key in order_by clause 'metrics.a SIDEWAYS'."},
	{"runs/search with a wrong token", func(ctx context.Context, f *failing) error {
		return second(f.c.Runs.SearchPage(ctx, mlflowclient.SearchRuns{ExperimentIDs: []string{f.experiment}}, "token"))
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid page token, could not base"},
	{"runs/search over the limit", func(ctx context.Context, f *failing) error {
		return f.post(ctx, "runs/search", map[string]any{"experiment_ids": []string{f.experiment}, "max_results": 50001})
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid value "},
	{"metrics/get-history without a key", func(ctx context.Context, f *failing) error {
		return second(f.c.Metrics.HistoryPage(ctx, mlflowclient.MetricHistory{RunID: f.run.ID}, ""))
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'metric_key'. See the API docs for more information a"},
	{"metrics/get-history with a wrong token", func(ctx context.Context, f *failing) error {
		return second(f.c.Metrics.HistoryPage(ctx, mlflowclient.MetricHistory{RunID: f.run.ID, Key: "m"}, "token"))
	}, 400, "INVALID_PARAMETER_VALUE", "Invalid page token, could not base"},
	{"metrics/get-history-bulk-interval of none", func(ctx context.Context, f *failing) error {
		return second(f.c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{Key: "m"}))
	}, 400, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'run_ids'. See the API docs for more information abou"},
	{"metrics/get-history-bulk-interval over the limit", func(ctx context.Context, f *failing) error {
		return second(f.c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{RunIDs: []string{f.run.ID}, Key: "m", MaxResults: 2501}))
	}, 400, "INVALID_PARAMETER_VALUE", "max_results must be between "},
	{"metrics/get-history-bulk-interval backwards", func(ctx context.Context, f *failing) error {
		return second(f.c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{RunIDs: []string{f.run.ID}, Key: "m", StartStep: new(int64(5)), EndStep: new(int64(1))}))
	}, 400, "INVALID_PARAMETER_VALUE", "end_step must be greater than start_step. Found start_step="},
	{"metrics/get-history-bulk-interval with half an interval", func(ctx context.Context, f *failing) error {
		return second(f.c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{RunIDs: []string{f.run.ID}, Key: "m", StartStep: new(int64(5))}))
	}, 400, "INVALID_PARAMETER_VALUE", "If either start step or end step are specified, both must be specified."},
}
