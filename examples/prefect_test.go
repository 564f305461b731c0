package examples_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/prefectclient"
)

// built compiles an example.
func built(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// example runs a program in a folder of its own and gives what it printed on standard output.
func example(t *testing.T, program string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, &said)
	}
	return string(out)
}

func TestFlowExample(t *testing.T) {
	program := built(t, "flow")
	nowhere := []string{"PREFECT_API_URL=", "PREFECT_HOME=" + t.TempDir(), "HOME=" + t.TempDir()}
	if out := example(t, program, nowhere...); !strings.Contains(out, "without a server") || !strings.Contains(out, "6.00 on average") {
		t.Errorf("without a server it printed %s", out)
	}
	client := prefect(t)
	if out := example(t, program, "PREFECT_API_URL="+client.APIURL()); !strings.Contains(out, "6.00 on average") || !strings.Contains(out, "/runs") {
		t.Errorf("it printed %s", out)
	}
	run := latestRun(t, client, "rate-wines")
	if run.StateType != prefectclient.StateCompleted || run.Name != "red-wines" {
		t.Errorf("the run is %+v", run)
	}
}

func TestFanoutExample(t *testing.T) {
	program := built(t, "fanout")
	env := []string{"PREFECT_API_URL=", "PREFECT_HOME=" + t.TempDir(), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
	for range 2 {
		if out := example(t, program, env...); !strings.Contains(out, "the sum of 1000 squares is 332833500") {
			t.Errorf("it printed %s", out)
		}
	}
}

// TestWorkerExample starts the worker, and a run by the call behind the UI's button, which waits for an approval.
func TestWorkerExample(t *testing.T) {
	client := prefect(t)
	cmd := exec.CommandContext(t.Context(), built(t, "worker"))
	cmd.Env = append(os.Environ(), "PREFECT_API_URL="+client.APIURL())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	found := regexp.MustCompile(`/deployment/([0-9a-f-]{36})`).FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("it printed %q, %v", line, err)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // so that it never waits for us
	run, err := client.Deployments.CreateFlowRun(t.Context(), found[1], prefectclient.DeploymentRun{Parameters: map[string]any{"bottles": 12, "ask": true}})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, client, run.ID, prefectclient.StatePaused)
	for {
		answer, err := client.FlowRuns.Resume(t.Context(), run.ID, map[string]any{"approve": true})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status == prefectclient.Accepted {
			break
		}
		time.Sleep(100 * time.Millisecond) // the form comes just after the pause
	}
	waitFor(t, client, run.ID, prefectclient.StateCompleted)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}

func prefect(t *testing.T) *prefectclient.Client {
	t.Helper()
	client, err := prefectclient.New(stack.Get(t).PrefectAPIURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func latestRun(t *testing.T, client *prefectclient.Client, flow string) *prefectclient.FlowRun {
	t.Helper()
	query := prefectclient.FlowRunQuery{Sort: "START_TIME_DESC", Related: prefectclient.Related{
		Flows: &prefectclient.FlowFilter{Name: &prefectclient.NameFilter{Any: []string{flow}}},
	}}
	for run, err := range client.FlowRuns.Filter(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	t.Fatalf("there is no run of %s", flow)
	return nil
}

func waitFor(t *testing.T, client *prefectclient.Client, id string, state prefectclient.StateType) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		run, err := client.FlowRuns.Read(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if run.StateType == state {
			return
		}
		if run.StateType.Final() || time.Now().After(deadline) {
			t.Fatalf("the run is %v, not %s", run.State, state)
		}
	}
}
