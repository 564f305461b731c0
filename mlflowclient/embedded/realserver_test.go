package embedded

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// startMLflow starts the real server on the database in dir, with artifacts in dir/mlruns, and gives its address. It
// ends with the test.
func startMLflow(t *testing.T, dir, command string, args ...string) string {
	t.Helper()
	python := stack.Python(t, "mlflow")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, python, append([]string{"-m", "mlflow", command, "--host", "127.0.0.1", "--port", fmt.Sprint(port), "--workers", "1"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(pythonEnv(), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return interruptGroup(cmd) }
	cmd.WaitDelay = 20 * time.Second
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		stop()
		<-done
		log.Close()
	})
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/health", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(request)
		if err == nil {
			resp.Body.Close()
			return base
		}
		select {
		case <-done:
			deadline = time.Now()
		default:
		}
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("mlflow %s did not come up:\n%s", command, text)
	return ""
}

// pythonEnv is the environment without what would point MLflow elsewhere.
func pythonEnv() []string {
	env := []string{"MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MLFLOW_") && !strings.HasPrefix(v, "PYTHON") {
			env = append(env, v)
		}
	}
	return env
}

// runPython runs a script of testdata and gives its output.
func runPython(t *testing.T, dir, script string, args ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", script))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), append([]string{path}, args...)...)
	cmd.Dir = dir
	cmd.Env = pythonEnv()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", script, err, out, stderr.String())
	}
	return string(out)
}

// atServer sends the requests of a store's test to a real server.
type atServer struct {
	base      string
	transport http.RoundTripper
}

func newAtServer(t *testing.T, base string) atServer {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return atServer{base, transport}
}

func (a atServer) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	target, err := out.URL.Parse(a.base + req.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	out.URL, out.Host = target, ""
	return a.transport.RoundTrip(out)
}
