package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// MLflowUI starts the real `mlflow ui` in the folder dir, as a user does to look at what lies in dir/mlflow.db and dir/mlruns, and
// returns its URL, http://127.0.0.1:<port>. The end of the test stops it. A server takes about ten seconds to start.
func MLflowUI(tb testing.TB, dir string) string {
	tb.Helper()
	address, stop := StartMLflow(tb, dir, []string{"ui"}, nil)
	tb.Cleanup(stop)
	return address
}

// StartMLflow starts a real MLflow server of the test's own in the folder dir, with one worker: args are a command of mlflow, server or
// ui, with its further arguments, and env are variables, as NAME=value, beside those that keep it quiet. It returns the server's URL,
// http://127.0.0.1:<port>. The server outlives the test: whoever starts it calls stop.
func StartMLflow(tb testing.TB, dir string, args, env []string) (address string, stop func()) {
	tb.Helper()
	python := Python(tb, "mlflow")
	port := FreePort(tb)
	home, err := os.MkdirTemp("", "mlflow") //nolint:usetesting // the test's own folder would end before the server
	if err != nil {
		tb.Fatal(err)
	}
	log, err := os.Create(filepath.Join(home, "log"))
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close() // the server has its own copy

	args = append(append([]string{"-m", "mlflow"}, args...), "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--workers", "1")
	cmd := exec.Command(python, args...) //nolint:noctx // It has to outlive tb.Context, which ends before the clean-ups.
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=/usr/bin:/bin", "HOME=" + home, "LANG=C.UTF-8",
		"DO_NOT_TRACK=true", "MLFLOW_DISABLE_TELEMETRY=true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false",
	}, env...)
	cmd.Stdout, cmd.Stderr = log, log
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
	}()
	stop = func() {
		endGroup(cmd, ended)
		<-ended
		_ = os.RemoveAll(home) // at worst a small folder of the system's temporary ones stays
	}
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := awaitHealth(tb.Context(), address+"/health", ended); err != nil {
		text, _ := os.ReadFile(log.Name())
		stop()
		tb.Fatalf("mlflow %s in %s: %v\n%s", args[2], dir, err, text)
	}
	return address, stop
}

// FreePort is a port of 127.0.0.1 that nobody listens on now.
func FreePort(tb testing.TB) int {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it was never used
	return listener.Addr().(*net.TCPAddr).Port
}

// awaitHealth waits until address answers 200, or the server has ended, or two minutes are over.
func awaitHealth(ctx context.Context, address string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		if err := getOK(ctx, address); err == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.New("it ended instead of answering")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func getOK(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	request.Close = true // leaves no idle connection, which goleak would report
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
