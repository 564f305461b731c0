package prefecttest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/stack"
	"mlopsgo/prefectclient"
	"mlopsgo/prefectclient/prefecttest"
)

func TestRun(t *testing.T) {
	t.Setenv("PREFECT_API_URL", stack.Get(t).PrefectAPIURL)
	client := prefecttest.Client(t)
	name := "prefecttest-" + uuid.NewString()[:8]
	double := prefectclient.NewTask("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	flow := prefectclient.NewFlow(name, func(ctx context.Context, p struct{ N int }) (int, error) {
		prefectclient.Logger(ctx).Info("doubling")
		if p.N < 0 {
			return 0, errors.New("less than none")
		}
		if _, err := client.Artifacts.CreateMarkdown(ctx, "doubled", "yes", ""); err != nil {
			return 0, err
		}
		return double.Run(ctx, p.N)
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if entry, err := client.Flows.ReadByName(ctx, name); err == nil {
			_ = client.Flows.Delete(ctx, entry.ID)
		}
	})
	n, record, err := prefecttest.Run(t, client, flow, struct{ N int }{21})
	if n != 42 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	if record.FlowRun.StateType != prefectclient.StateCompleted || len(record.States) < 3 || len(record.Artifacts) != 1 || !record.Logged("doubling") {
		t.Errorf("recorded %+v", record)
	}
	if task := record.TaskRun("double"); task == nil || task.StateType != prefectclient.StateCompleted || record.TaskRun("other") != nil {
		t.Errorf("recorded %+v", record.TaskRuns)
	}
	_, record, err = prefecttest.Run(t, client, flow, struct{ N int }{-1})
	if err == nil || record.FlowRun.StateType != prefectclient.StateFailed || len(record.TaskRuns) != 0 {
		t.Errorf("%v, recorded %+v", err, record)
	}
}
