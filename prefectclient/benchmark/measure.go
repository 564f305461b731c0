package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mlopsgo/prefectclient"
)

// delay makes a run and adds the time from its creation until it was RUNNING, by the server's clock.
func (m *measurement) delay(ctx context.Context, w *worker, delays []time.Duration) ([]time.Duration, error) {
	created, err := m.client.Deployments.CreateFlowRun(ctx, w.deployment, prefectclient.DeploymentRun{})
	if err != nil {
		return nil, err
	}
	run, err := m.until(ctx, created.ID, func(r *prefectclient.FlowRun) bool { return r.StateType == prefectclient.StateCompleted })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.kind, err)
	}
	delay := run.StartTime.Sub(run.Created)
	_, err = fmt.Fprintf(m.stderr, "%-6s  created → RUNNING %.3f s\n", w.kind, delay.Seconds())
	return append(delays, delay), err
}

func (m *measurement) until(ctx context.Context, id string, done func(*prefectclient.FlowRun) bool) (*prefectclient.FlowRun, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		run, err := m.client.FlowRuns.Read(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case done(run):
			return run, nil
		case run.StateType.Final():
			return nil, fmt.Errorf("the flow run %s is %v", run.Name, run.State)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the flow run %s is still %v: %w", run.Name, run.State, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pythonTasks is the rate of trivial tasks in one flow run of Python's, as the client sees it.
func (m *measurement) pythonTasks(ctx context.Context) (float64, error) {
	cmd, err := m.python(ctx, "tasks", strconv.Itoa(m.Tasks))
	if err != nil {
		return 0, err
	}
	var noise bytes.Buffer
	cmd.Stderr = &noise
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("original.py tasks: %w\n%s", err, &noise)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	seconds, err := strconv.ParseFloat(lines[len(lines)-1], 64)
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(m.stderr, "Python  %d tasks in %.3f s\n", m.Tasks, seconds)
	return float64(m.Tasks) / seconds, err
}

// goTasks is the same in Go.
func (m *measurement) goTasks(ctx context.Context) (float64, error) {
	trivial := trivialTask()
	many := prefectclient.NewFlow(m.name+"-many", func(ctx context.Context, _ struct{}) (time.Duration, error) {
		started := time.Now()
		for i := range m.Tasks {
			if _, err := trivial.Run(ctx, i); err != nil {
				return 0, err
			}
		}
		return time.Since(started), nil
	})
	took, err := many.Run(prefectclient.NewContext(ctx, m.client), struct{}{})
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(m.stderr, "Go      %d tasks in %.3f s\n", m.Tasks, took.Seconds())
	return float64(m.Tasks) / took.Seconds(), err
}

// memory is what a worker and its children have while flows run, in MiB.
func (m *measurement) memory(ctx context.Context, w *worker, flows int) (float64, error) {
	running := func(r *prefectclient.FlowRun) bool { return r.StateType == prefectclient.StateRunning }
	ids := make([]string, flows)
	for i := range ids {
		run, err := m.client.Deployments.CreateFlowRun(ctx, w.deployment, prefectclient.DeploymentRun{Parameters: benchParams{Sleep: 60}})
		if err != nil {
			return 0, err
		}
		ids[i] = run.ID
	}
	for _, id := range ids {
		if _, err := m.until(ctx, id, running); err != nil {
			return 0, fmt.Errorf("%s: %w", w.kind, err)
		}
	}
	used, err := residentMiB(w.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(m.stderr, "%-6s  %.1f MiB with %d flows\n", w.kind, used, flows); err != nil {
		return 0, err
	}
	for _, id := range ids {
		if _, err := m.client.FlowRuns.ForceState(ctx, id, prefectclient.State{Type: prefectclient.StateCancelling}); err != nil {
			return 0, err
		}
	}
	return used, nil
}
