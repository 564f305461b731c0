//go:build unix

package mlflowclient_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// mortalServer is an MLflow server that a test may kill.
type mortalServer struct {
	python, dir string
	port        int
	cmd         *exec.Cmd
}

func (s *mortalServer) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	must(t, err)
	defer log.Close()
	s.cmd = exec.Command(s.python, "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///"+filepath.Join(s.dir, "mlflow.db"), //nolint:noctx // It has to outlive t.Context, which ends before the clean-ups.
		"--artifacts-destination", filepath.Join(s.dir, "artifacts"), "--host", "127.0.0.1", "--port", strconv.Itoa(s.port), "--workers", "1")
	s.cmd.Dir = s.dir
	s.cmd.Env = []string{
		"PATH=/usr/bin:/bin", "HOME=" + s.dir, "LANG=C.UTF-8",
		"DO_NOT_TRACK=true", "MLFLOW_DISABLE_TELEMETRY=true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to be killed with its workers
	must(t, s.cmd.Start())
}

// kill gives the server no time for anything.
func (s *mortalServer) kill() {
	if s.cmd != nil {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// awaitServer waits until it answers.
func awaitServer(t *testing.T, c *mlflowclient.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for c.Server.Health(ctx) != nil {
		if ctx.Err() != nil {
			t.Fatal("the server does not answer")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// counter counts the records of a log.
type counter struct {
	slog.Handler
	n *atomic.Int32
}

func (c counter) Handle(context.Context, slog.Record) error { c.n.Add(1); return nil }

func (c counter) Enabled(context.Context, slog.Level) bool { return true }

// TestMetricWriterOutlivesTheServer kills the server while the writer has requests under way, starts it again, and wants every point that the
// writer had taken there, once and in order.
func TestMetricWriterOutlivesTheServer(t *testing.T) {
	t.Parallel()
	stack.Get(t)
	server := &mortalServer{python: stack.Python(t, "mlflow"), dir: t.TempDir(), port: stack.FreePort(t)}
	t.Cleanup(server.kill)
	server.start(t)
	c := open(t, fmt.Sprintf("http://127.0.0.1:%d", server.port))
	awaitServer(t, c)
	run, err := c.Start(t.Context(), mlflowclient.StartRun{})
	must(t, err)
	var repeats atomic.Int32
	w, err := run.NewMetricWriter(t.Context(), mlflowclient.MetricWriterConfig{
		BatchSize: 25, Capacity: 100, KeepTrying: 2 * time.Minute, Logger: slog.New(counter{n: &repeats}),
	})
	must(t, err)
	const all = 1200
	logged := make(chan error, 1)
	go func() {
		for i := range all {
			if err := w.Log(t.Context(), point(i)); err != nil {
				logged <- err
				return
			}
		}
		logged <- nil
	}()
	before := len(awaitMetric(t, c, run.ID, "m", 200))
	server.kill()
	for end := time.Now().Add(time.Minute); repeats.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the writer noticed nothing")
		}
	}
	server.start(t)
	must(t, <-logged)
	must(t, w.Close(t.Context()))
	if before >= all {
		t.Errorf("all %d points were there before the server was killed", before)
	}
	wantSteps(t, collect(t, c.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: run.ID, Key: "m"})), all)
	must(t, run.End(t.Context(), mlflowclient.StatusFinished))
	t.Logf("killed after %d points, %d attempts failed", before, repeats.Load())
}
