package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mlopsgo/internal/original"
	"mlopsgo/prefectclient"
)

//go:embed original.py
var script string

// worker is a worker's process with the deployment whose runs it does.
type worker struct {
	kind       string
	cmd        *exec.Cmd
	deployment string
}

// stop ends the process as a user would.
func (w *worker) stop() {
	_ = w.cmd.Process.Signal(syscall.SIGINT) // it may have ended
	_ = w.cmd.Wait()
}

// startGo starts this program as a worker.
func (m *measurement) startGo(ctx context.Context) (*worker, error) {
	deployment, err := prefectclient.Deploy(ctx, m.client, benchFlow(m.name), prefectclient.DeploymentSpec{Name: m.name, WorkPool: m.name + "-go"})
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "--worker", m.name+"-go", "--flow", m.name, "--api-url", m.APIURL)
	return &worker{"Go", cmd, deployment.ID}, cmd.Start()
}

// benchFlow is the twin of bench in original.py.
func benchFlow(name string) *prefectclient.Flow[benchParams, int] {
	trivial := trivialTask()
	return prefectclient.NewFlow(name, func(ctx context.Context, p benchParams) (int, error) {
		for i := range 3 {
			if _, err := trivial.Run(ctx, i); err != nil {
				return 0, err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(p.Sleep * float64(time.Second))):
		}
		return 3, ctx.Err()
	})
}

type benchParams struct {
	Sleep float64 `json:"sleep" default:"0"`
}

func trivialTask() *prefectclient.Task[int, int] {
	return prefectclient.NewTask("trivial", func(_ context.Context, n int) (int, error) { return n, nil })
}

// serve is the worker's process, with default settings.
func serve(ctx context.Context, client *prefectclient.Client, pool, flow string) error {
	w, err := prefectclient.NewWorker(client, prefectclient.WorkerConfig{Pool: pool, Name: flow}, benchFlow(flow))
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// startPython deploys original.py and starts a process worker for it, with default settings.
func (m *measurement) startPython(ctx context.Context) (*worker, error) {
	if err := os.WriteFile(filepath.Join(m.dir, "original.py"), []byte(script), 0o600); err != nil {
		return nil, err
	}
	pool := m.name + "-python"
	if _, err := m.client.WorkPools.Create(ctx, prefectclient.WorkPoolCreate{Name: pool, Type: "process"}); err != nil {
		return nil, err
	}
	deploy, err := m.python(ctx, "deploy", m.dir, pool, m.name)
	if err != nil {
		return nil, err
	}
	if out, err := deploy.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("original.py deploy: %w\n%s", err, out)
	}
	deployment, err := m.client.Deployments.ReadByName(ctx, "bench", m.name)
	if err != nil {
		return nil, err
	}
	cmd, err := m.python(ctx)
	if err != nil {
		return nil, err
	}
	cmd.Args = []string{cmd.Path, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w := &worker{"Python", cmd, deployment.ID}
	return w, m.untilOnline(ctx, pool)
}

// python is a call of original.py.
func (m *measurement) python(ctx context.Context, args ...string) (*exec.Cmd, error) {
	python, err := original.Interpreter(ctx, "prefect")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, append([]string{filepath.Join(m.dir, "original.py")}, args...)...)
	cmd.Env = append(os.Environ(), "PREFECT_HOME="+m.dir, "DO_NOT_TRACK=1", "PATH="+filepath.Dir(python)+":"+os.Getenv("PATH"))
	return cmd, nil
}

// untilOnline waits for the first heartbeat of a pool's worker.
func (m *measurement) untilOnline(ctx context.Context, pool string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		for worker, err := range m.client.Workers.Filter(ctx, pool) {
			if err != nil {
				return err
			}
			if worker.Status == "ONLINE" {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("Python's worker does not come up: %w", ctx.Err()) //nolint:staticcheck // a name
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// forget removes what the benchmark made on the server.
func (m *measurement) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var failed error
	for _, name := range []string{m.name, m.name + "-many"} {
		flow, err := m.client.Flows.ReadByName(ctx, name)
		if err == nil {
			err = m.client.Flows.Delete(ctx, flow.ID)
		}
		failed = errors.Join(failed, unlessMissing(err))
	}
	if deployment, err := m.client.Deployments.ReadByName(ctx, "bench", m.name); err == nil {
		failed = errors.Join(failed, m.client.Deployments.Delete(ctx, deployment.ID))
	}
	for _, pool := range []string{m.name + "-go", m.name + "-python"} {
		failed = errors.Join(failed, unlessMissing(m.client.WorkPools.Delete(ctx, pool)))
	}
	return failed
}

func unlessMissing(err error) error {
	if errors.Is(err, prefectclient.ErrNotFound) {
		return nil
	}
	return err
}

// residentMiB is the resident memory of a process and its children, in MiB.
func residentMiB(pid int) (float64, error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(all) == 0 {
		return 0, errors.Join(errors.New("the memory of processes is read from /proc, which is not here"), err)
	}
	children := map[int][]int{}
	for _, file := range all {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		child, errChild := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, errParent := strconv.Atoi(fields[1])
		if errChild == nil && errParent == nil {
			children[parent] = append(children[parent], child)
		}
	}
	pages := 0
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		if statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", todo[0])); err == nil {
			resident, err := strconv.Atoi(strings.Fields(string(statm))[1])
			if err != nil {
				return 0, err
			}
			pages += resident
		}
		todo = append(todo, children[todo[0]]...)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20), nil
}
