package prefectclient

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"mlopsgo/internal/stack"
)

func TestMain(m *testing.M) {
	if pool := os.Getenv(workerProcess); pool != "" {
		if err := runAsWorker(pool); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(covered{m})
}

// server gives a client of the real server.
func server(t testing.TB, opts ...Option) *Client {
	t.Helper()
	url := stack.Get(t).PrefectAPIURL
	opts = append([]Option{recorded(t), WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil)))}, opts...)
	c, err := New(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// unique makes a name that no other test and no other run of this test has.
func unique(t testing.TB) string {
	name := strings.NewReplacer("/", "-", "_", "-", " ", "-").Replace(strings.ToLower(t.Name()))
	return name + "-" + uuid.NewString()[:8]
}

// forget deletes the flows of these names when the test ends, with their runs and deployments.
func forget(t testing.TB, c *Client, names ...string) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		for _, name := range names {
			if flow, err := c.Flows.ReadByName(ctx, name); err == nil {
				_ = c.Flows.Delete(ctx, flow.ID)
			}
		}
	})
}

// must ends the test with an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// eventually waits until a condition holds.
func eventually(t testing.TB, within time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for pause := 10 * time.Millisecond; !holds(); pause = min(pause*2, 300*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(pause)
	}
}

// inState reads a flow run until its state is of the type.
func inState(t testing.TB, c *Client, id string, want StateType, within time.Duration) *FlowRun {
	t.Helper()
	var run *FlowRun
	eventually(t, within, "flow run "+id+" is "+string(want), func() bool {
		var err error
		if run, err = c.FlowRuns.Read(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if run.StateType.Final() && run.StateType != want {
			t.Fatalf("flow run %s is %v, not %s", id, run.State, want)
		}
		return run.StateType == want
	})
	return run
}
