package mlflowclient_test

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

// ends are the two that every case of the conformance suite runs against, with what they have in common as the
// standard: MLflow's own database file, answered in the process, and the real server.
var ends = []struct {
	name string
	open func(*testing.T) *mlflowclient.Client
}{
	{"embedded", embeddedEnd},
	{"server", serverEnd},
}

// eachEnd runs a case against both ends.
func eachEnd(t *testing.T, do func(*testing.T, *mlflowclient.Client)) {
	t.Helper()
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			do(t, end.open(t))
		})
	}
}

// quick gives up soon: in a test nothing is worth waiting minutes for.
var quick = mlflowclient.WithRetries(mlflowclient.RetryPolicy{Retries: 2, Factor: 50 * time.Millisecond, Jitter: 50 * time.Millisecond})

func embeddedEnd(t *testing.T) *mlflowclient.Client {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "mlflow.db")
	must(t, os.WriteFile(file, newDatabase(), 0o600))
	return open(t, "sqlite:///"+file, mlflowclient.WithArtifactRoot(filepath.Join(dir, "mlruns")))
}

// newDatabase is a new file of MLflow's: making one is most of what a short test takes under the race detector.
var newDatabase = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "mlflowclient")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "mlflow.db")
	c, err := mlflowclient.New(context.Background(), "sqlite:///"+file, mlflowclient.WithArtifactRoot(filepath.Join(dir, "mlruns")))
	if err != nil {
		panic(err)
	}
	if err := c.Close(); err != nil {
		panic(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return data
})

func serverEnd(t *testing.T) *mlflowclient.Client {
	t.Helper()
	return open(t, record.server(stack.Get(t).MLflowURI))
}

func open(tb testing.TB, uri string, opts ...mlflowclient.Option) *mlflowclient.Client {
	tb.Helper()
	c, err := mlflowclient.New(tb.Context(), uri, append([]mlflowclient.Option{quick, recorded(tb)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// unique makes a name that no earlier run of the tests has left on the server.
func unique(name string) string { return name + " " + rand.Text()[:10] }

func newExperiment(tb testing.TB, c *mlflowclient.Client) string {
	tb.Helper()
	id, err := c.Experiments.Create(tb.Context(), mlflowclient.CreateExperiment{Name: unique(tb.Name())})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func newRun(tb testing.TB, c *mlflowclient.Client, in mlflowclient.CreateRun) *mlflowclient.Run {
	tb.Helper()
	if in.ExperimentID == "" {
		in.ExperimentID = newExperiment(tb, c)
	}
	run, err := c.Runs.Create(tb.Context(), in)
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

func getRun(tb testing.TB, c *mlflowclient.Client, id string) *mlflowclient.Run {
	tb.Helper()
	run, err := c.Runs.Get(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

// collect drains an iterator that must not fail.
func collect[T any](tb testing.TB, seq iter.Seq2[*T, error]) []*T {
	tb.Helper()
	var all []*T
	for item, err := range seq {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, item)
	}
	return all
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// wantError checks a failing call's sentinel, status and code.
func wantError(tb testing.TB, err, sentinel error, status int, code string) {
	tb.Helper()
	e, ok := errors.AsType[*mlflowclient.Error](err)
	if !ok || !errors.Is(err, sentinel) || e.Status != status || e.Code != code {
		tb.Errorf("error %v, want %v with %d %s", err, sentinel, status, code)
	}
}
