// Package prefecttest helps to test flows that were made with package prefectclient.
//
// A flow that is called without a server simply runs, so most tests need nothing of this package:
//
//	total, err := flow.Run(t.Context(), Params{…})
//
// To see what a run leaves on a real server, [Run] records it there and reads it back:
//
//	total, record, err := prefecttest.Run(t, prefecttest.Client(t), flow, Params{…})
package prefecttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/prefectclient"
)

// Client gives a client of the server that the environment names (PREFECT_API_URL or a profile), and skips the test when
// it names none.
func Client(tb testing.TB) *prefectclient.Client {
	tb.Helper()
	client, err := prefectclient.NewFromEnvironment()
	if errors.Is(err, prefectclient.ErrNoServer) {
		tb.Skip("needs a Prefect server; set PREFECT_API_URL")
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// Record is what a flow run left on the server.
type Record struct {
	FlowRun *prefectclient.FlowRun
	// States are the flow run's, the oldest first.
	States []*prefectclient.State
	// TaskRuns are in the order of their start.
	TaskRuns  []*prefectclient.TaskRun
	Logs      []*prefectclient.Log
	Artifacts []*prefectclient.Artifact
}

// TaskRun gives the first task run of a task, and nil without one.
func (r *Record) TaskRun(task string) *prefectclient.TaskRun {
	for _, run := range r.TaskRuns {
		if strings.HasPrefix(run.TaskKey, task+"-") {
			return run
		}
	}
	return nil
}

// Logged reports that a log of the run holds a text.
func (r *Record) Logged(text string) bool {
	return slices.ContainsFunc(r.Logs, func(l *prefectclient.Log) bool { return strings.Contains(l.Message, text) })
}

// recordTime bounds the wait for the server to take in what a run sent.
const recordTime = 30 * time.Second

// Run runs a flow, recorded on the client's server, and reads the record back. The run is deleted when the test ends. The
// error is that of the flow; the record is there all the same, but nil when the run did not come to be.
func Run[P, R any](tb testing.TB, client *prefectclient.Client, flow *prefectclient.Flow[P, R], params P) (R, *Record, error) {
	tb.Helper()
	ctx := prefectclient.NewContext(tb.Context(), client)
	before := time.Now().Add(-time.Second)
	result, err := flow.Run(ctx, params)
	run := latest(tb, client, flow.Name(), before)
	if run == nil {
		return result, nil, err
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), recordTime)
		defer cancel()
		_ = client.FlowRuns.Delete(ctx, run.ID) // what is left of a test is no failure of it
	})
	return result, read(tb, client, run), err
}

// latest is the last run of a flow since a time.
func latest(tb testing.TB, client *prefectclient.Client, flow string, since time.Time) *prefectclient.FlowRun {
	tb.Helper()
	query := prefectclient.FlowRunQuery{Sort: "START_TIME_DESC", PageSize: 1, Related: prefectclient.Related{
		Flows:    &prefectclient.FlowFilter{Name: &prefectclient.NameFilter{Any: []string{flow}}},
		FlowRuns: &prefectclient.FlowRunFilter{StartTime: &prefectclient.TimeFilter{After: since.UTC()}},
	}}
	for run, err := range client.FlowRuns.Filter(tb.Context(), query) {
		if err != nil {
			tb.Fatal(err)
		}
		return run
	}
	return nil
}

// read waits until every task run has its end on the server, and reads all.
func read(tb testing.TB, client *prefectclient.Client, run *prefectclient.FlowRun) *Record {
	tb.Helper()
	record := &Record{FlowRun: run}
	ctx, cancel := context.WithTimeout(tb.Context(), recordTime)
	defer cancel()
	var err error
	if record.States, err = client.FlowRuns.States(ctx, run.ID); err != nil {
		tb.Fatal(err)
	}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		record.TaskRuns = collect(tb, client.TaskRuns.Filter(ctx, prefectclient.TaskRunQuery{Related: prefectclient.TaskRunsOf(run.ID)}))
		record.Logs = collect(tb, client.Logs.Filter(ctx, prefectclient.LogFilter{FlowRunID: &prefectclient.AnyFilter{Any: []string{run.ID}}}, false))
		open := slices.ContainsFunc(record.TaskRuns, func(t *prefectclient.TaskRun) bool { return !t.StateType.Final() })
		if !open && len(record.Logs) > 0 {
			break
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("the server has not recorded the whole of flow run %s within %v", run.Name, recordTime)
		case <-time.After(pause):
		}
	}
	slices.SortStableFunc(record.TaskRuns, func(a, b *prefectclient.TaskRun) int { return a.StartTime.Compare(b.StartTime) })
	record.Artifacts = collect(tb, client.Artifacts.Filter(ctx, prefectclient.ArtifactFilter{FlowRunID: &prefectclient.AnyFilter{Any: []string{run.ID}}}))
	return record
}

func collect[T any](tb testing.TB, all func(func(*T, error) bool)) []*T {
	tb.Helper()
	var items []*T
	for item, err := range all {
		if err != nil {
			tb.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}
