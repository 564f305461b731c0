package prefectclient

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mlopsgo/internal/stack"
)

// TestServerAndDatabaseAreKilled kills Prefect and Postgres while a worker is busy: every run ends as it should, once, with
// its task runs and its logs.
func TestServerAndDatabaseAreKilled(t *testing.T) {
	t.Parallel()
	own := stack.StartOwn(t)
	durable(t, own)
	c := must[*Client](t)(New(own.PrefectAPIURL, WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil)))))
	t.Cleanup(c.Close)
	const flows, steps = 40, 3
	var mu sync.Mutex
	calls := map[string]int{}
	step := NewTask("step", func(ctx context.Context, i int) (int, error) {
		Logger(ctx).Info(fmt.Sprintf("step %d", i))
		time.Sleep(400 * time.Millisecond)
		return i, nil
	})
	flow := NewFlow(unique(t), func(ctx context.Context, p struct {
		Fail bool `json:"fail" default:"false"`
	},
	) (int, error) {
		info, _ := Info(ctx)
		mu.Lock()
		calls[info.FlowRunID]++
		mu.Unlock()
		for i := range steps {
			if _, err := step.Run(ctx, i); err != nil {
				return 0, err
			}
		}
		if p.Fail {
			return 0, fmt.Errorf("as told")
		}
		return 0, nil
	})
	d := must[*Deployment](t)(Deploy(t.Context(), c, flow, DeploymentSpec{Name: "d", WorkPool: "chaos"}))
	ids := make([]string, flows)
	for i := range ids {
		ids[i] = must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{Parameters: map[string]any{"fail": i%10 == 9}})).ID
	}
	startWorker(t, c, WorkerConfig{Pool: "chaos", Name: "w", Limit: 4}, flow)
	started := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(calls) >= n
		}
	}
	eventually(t, 60*time.Second, "some flows run", started(6))
	own.Kill(t, "prefect")
	time.Sleep(time.Second)
	own.Up(t)
	eventually(t, 60*time.Second, "more flows run", started(16))
	own.Kill(t, "postgres")
	own.Kill(t, "prefect") // it does not survive its database for long
	own.Up(t)
	for i, id := range ids {
		want := StateCompleted
		if i%10 == 9 {
			want = StateFailed
		}
		run := inState(t, c, id, want, 2*time.Minute)
		filter := TaskRunsOf(id)
		filter.TaskRuns.State = StateIs(StateCompleted)
		eventually(t, 30*time.Second, "the task runs of "+run.Name+" are complete", func() bool {
			return must[int](t)(c.TaskRuns.Count(t.Context(), filter)) == steps
		})
		if run.RunCount != 1 || calls[id] != 1 {
			t.Errorf("%s: run count %d, called %d times", run.Name, run.RunCount, calls[id])
		}
		eventually(t, 30*time.Second, "the logs of "+run.Name+" are complete", func() bool {
			n := 0
			for l, err := range c.Logs.Filter(t.Context(), LogFilter{FlowRunID: &AnyFilter{Any: []string{id}}}, false) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Message == fmt.Sprintf("step %d", n) {
					n++
				}
			}
			return n == steps
		})
	}
}

// durable makes Prefect's database keep what it acknowledged, as a database that matters does; the stack's is quick instead.
func durable(t *testing.T, own *stack.Own) {
	t.Helper()
	address, err := url.Parse(own.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/prefect"
	conn, err := pgx.Connect(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "ALTER DATABASE prefect SET synchronous_commit = on"); err != nil {
		t.Fatal(err)
	}
	own.Kill(t, "prefect") // its connections have the old setting
	own.Up(t)
}
