package prefectclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"mlopsgo/prefectclient"
)

type trainParams struct {
	Dataset string `json:"dataset" default:"red" enum:"red,white" description:"which wine"`
	Trees   int    `json:"trees" default:"100" min:"1" max:"2000"`
}

// A flow is a function that calls tasks. Without a server it simply runs.
func ExampleNewFlow() {
	load := prefectclient.NewTask("load", func(_ context.Context, _ string) ([]float64, error) {
		return []float64{1, 2, 3}, nil
	}, prefectclient.Retries(3, time.Second))
	mean := prefectclient.NewTask("mean", func(_ context.Context, xs []float64) (float64, error) {
		if len(xs) == 0 {
			return 0, errors.New("no values")
		}
		sum := 0.0
		for _, x := range xs {
			sum += x
		}
		return sum / float64(len(xs)), nil
	})
	flow := prefectclient.NewFlow("statistics", func(ctx context.Context, p trainParams) (float64, error) {
		loaded := load.Submit(ctx, p.Dataset)
		xs, err := loaded.Result(ctx)
		if err != nil {
			return 0, err
		}
		return mean.Run(ctx, xs, loaded) // an edge in the graph
	})
	result, err := flow.Run(quiet(), trainParams{Dataset: "red"})
	fmt.Println(result, err)
	// Output: 2 <nil>
}

// quiet keeps the log of the example out of its output.
func quiet() context.Context {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	return context.Background()
}

// Map runs a task once for each input, side by side.
func ExampleTask_Map() {
	square := prefectclient.NewTask("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	squares, err := square.Map(context.Background(), []int{1, 2, 3}).Results(context.Background())
	fmt.Println(squares, err)
	// Output: [1 4 9] <nil>
}

// A task run waits for the futures in its input.
func ExampleFuture() {
	type sum struct {
		A, B *prefectclient.Future[int]
	}
	number := prefectclient.NewTask("number", func(_ context.Context, n int) (int, error) { return n, nil })
	add := prefectclient.NewTask("add", func(ctx context.Context, in sum) (int, error) {
		a, err := in.A.Result(ctx)
		if err != nil {
			return 0, err
		}
		b, err := in.B.Result(ctx)
		return a + b, err
	})
	ctx := context.Background()
	total, err := add.Run(ctx, sum{number.Submit(ctx, 40), number.Submit(ctx, 2)})
	fmt.Println(total, err)
	// Output: 42 <nil>
}

// The form of a deployment in the UI is drawn from a struct.
func ExampleSchemaOf() {
	schema, err := prefectclient.SchemaOf[trainParams]()
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := json.MarshalIndent(schema.Properties["trees"], "", "  ")
	fmt.Println(string(text))
	// Output:
	// {
	//   "title": "trees",
	//   "type": "integer",
	//   "position": 1,
	//   "default": 100,
	//   "minimum": 1,
	//   "maximum": 2000
	// }
}

// Settings come from the environment and from Prefect's files, as in Python; secrets are not shown.
func ExampleLoadSettings() {
	env := map[string]string{"PREFECT_API_URL": "http://127.0.0.1:4200/api", "PREFECT_API_KEY": "secret"}
	settings, err := prefectclient.LoadSettings(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, os.TempDir())
	fmt.Println(settings, err)
	// Output: Prefect at http://127.0.0.1:4200/api (authentication: API key) <nil>
}

// A field of an update is left alone, set, or set to null.
func ExamplePatch() {
	text, _ := json.Marshal(prefectclient.FlowRunUpdate{
		Name:              prefectclient.Set("nightly"),
		InfrastructurePID: prefectclient.Null[string](),
	})
	fmt.Println(string(text))
	// Output: {"name":"nightly","infrastructure_pid":null}
}

// A run that is recorded: its graph, states and logs are in Prefect's UI.
func ExampleNewContext() { //nolint:testableexamples // needs a server
	client, err := prefectclient.NewFromEnvironment()
	if err != nil {
		fmt.Println(err) // no PREFECT_API_URL
		return
	}
	defer client.Close()
	flow := prefectclient.NewFlow("hello", func(ctx context.Context, _ struct{}) (string, error) {
		prefectclient.Logger(ctx).Info("hello from Go")
		return "done", nil
	})
	fmt.Println(flow.Run(prefectclient.NewContext(context.Background(), client), struct{}{}))
}

// A worker serves a pool until its context ends.
func ExampleWorker() { //nolint:testableexamples // runs until it is stopped
	client, err := prefectclient.NewFromEnvironment()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	flow := prefectclient.NewFlow("train", func(_ context.Context, p trainParams) (int, error) { return p.Trees, nil })
	ctx := context.Background()
	_, err = prefectclient.Deploy(ctx, client, flow, prefectclient.DeploymentSpec{
		Name: "nightly", WorkPool: "go-pool",
		Schedules: []prefectclient.ScheduleSpec{{Schedule: prefectclient.Cron("0 0 * * *", "Europe/Berlin")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	worker, err := prefectclient.NewWorker(client, prefectclient.WorkerConfig{Pool: "go-pool"}, flow)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(worker.Run(ctx))
}

// Lists are iterators that fetch as they go.
func ExampleFlowRunsService_Filter() { //nolint:testableexamples // needs a server
	client, err := prefectclient.New("http://127.0.0.1:4200/api")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	query := prefectclient.FlowRunQuery{Related: prefectclient.Related{
		FlowRuns: &prefectclient.FlowRunFilter{State: prefectclient.StateIs(prefectclient.StateFailed)},
	}}
	for run, err := range client.FlowRuns.Filter(context.Background(), query) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(run.Name, run.State)
	}
}
