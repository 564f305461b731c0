package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// protectedServer is a real server with an auth string and CSRF protection, on SQLite.
func protectedServer(t *testing.T, auth string) (url string) {
	python := stack.Python(t, "prefect")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	prefect := filepath.Join(filepath.Dir(python), "prefect")
	cmd := exec.CommandContext(ctx, prefect, "server", "start", "--host", "127.0.0.1", "--port", port)
	cmd.Env = append(os.Environ(), "PREFECT_HOME="+t.TempDir(), "PREFECT_SERVER_API_AUTH_STRING="+auth, "PREFECT_API_AUTH_STRING="+auth,
		"PREFECT_SERVER_CSRF_PROTECTION_ENABLED=true", "PREFECT_API_URL=", "DO_NOT_TRACK=1", "PREFECT_SERVER_ANALYTICS_ENABLED=false")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("the server wrote:\n%.4000s", text)
		}
	})
	return "http://127.0.0.1:" + port + "/api"
}

func TestProtectedServer(t *testing.T) {
	const auth = "admin:a secret"
	url := protectedServer(t, auth)
	c := must[*Client](t)(New(url, WithAuthString(auth), recorded(t)))
	t.Cleanup(c.Close)
	eventually(t, 3*time.Minute, "the server answers", func() bool { return c.Admin.Health(t.Context()) == nil })

	wrong := must[*Client](t)(New(url, WithAuthString("admin:no")))
	t.Cleanup(wrong.Close)
	if _, err := wrong.Flows.Create(t.Context(), "x", nil, nil); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("a wrong auth string gave %v", err)
	}
	for _, err := range wrong.Events.Subscribe(t.Context(), EventFilter{}) {
		if !errors.Is(err, ErrUnauthorized) {
			t.Errorf("a wrong auth string gave %v on the websocket", err)
		}
	}
	unprotected := c.settings
	unprotected.CSRFSupportEnabled = false
	tokenless := must[*Client](t)(NewFromSettings(unprotected))
	t.Cleanup(tokenless.Close)
	if _, err := tokenless.Flows.Create(t.Context(), "x", nil, nil); !errors.Is(err, ErrForbidden) {
		t.Errorf("a change without a CSRF token gave %v", err)
	}

	step := NewTask("step", func(_ context.Context, n int) (int, error) { return n, nil })
	flow := NewFlow("protected", func(ctx context.Context, _ struct{}) (int, error) { return step.Run(ctx, 1) })
	d := must[*Deployment](t)(Deploy(t.Context(), c, flow, DeploymentSpec{Name: "d", WorkPool: "p"}))
	startWorker(t, c, WorkerConfig{Pool: "p"}, flow)
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	inState(t, c, run.ID, StateCompleted, 30*time.Second)
	eventually(t, 20*time.Second, "the task run is recorded", func() bool {
		return must[int](t)(c.TaskRuns.Count(t.Context(), TaskRunsOf(run.ID))) == 1
	})
}
