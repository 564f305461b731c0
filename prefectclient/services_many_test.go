package prefectclient

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestManyFlowRuns(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(ctx, name, nil, nil))
	d := must[*Deployment](t)(c.Deployments.Apply(ctx, DeploymentSpec{Name: "d", FlowID: flow.ID, Schedules: []ScheduleSpec{{Schedule: Every(24 * time.Hour)}}}))
	before := now()
	results := must[[]*BulkRun](t)(c.Deployments.CreateFlowRuns(ctx, d.ID, DeploymentRun{Name: "one"}, DeploymentRun{Name: "two"}, DeploymentRun{Name: "three"}))
	if len(results) != 3 || results[0].Status != "CREATED" {
		t.Fatalf("made %+v", results)
	}
	ids := []string{results[0].FlowRunID, results[1].FlowRunID, results[2].FlowRunID}
	these := Related{FlowRuns: &FlowRunFilter{ID: &IDFilter{Any: ids}}}
	if n := must[int](t)(c.FlowRuns.Count(ctx, these)); n != 3 {
		t.Errorf("%d runs", n)
	}
	page := must[*Page[FlowRun]](t)(c.FlowRuns.Page(ctx, FlowRunQuery{Related: these, PageSize: 2}, 2))
	if page.Count != 3 || page.Pages != 2 || page.Number != 2 || len(page.Results) != 1 {
		t.Errorf("page %+v", page)
	}
	if err := c.FlowRuns.Delete(ctx, ids[2]); err != nil {
		t.Error(err)
	}
	moved := must[[]BulkOrchestration](t)(c.FlowRuns.BulkSetState(ctx, FlowRunFilter{ID: &IDFilter{Any: ids[:2]}}, State{Type: StateCancelled}, false, 10))
	if len(moved) != 2 || moved[0].Status != Accepted || moved[0].State.Type != StateCancelled || !slices.Contains(ids, moved[1].FlowRunID) {
		t.Errorf("moved %+v", moved)
	}
	states := must[[]*State](t)(c.FlowRuns.States(ctx, ids[0]))
	if state := must[*State](t)(c.FlowRuns.ReadState(ctx, states[0].ID)); state.Type != StateScheduled {
		t.Errorf("the first state is %+v", state)
	}
	total := 0
	for _, step := range must[[]*HistoryInterval](t)(c.FlowRuns.History(ctx, HistoryQuery{Related: these, Start: before.Add(-time.Minute), End: before.Add(time.Minute), Interval: time.Minute})) {
		for _, state := range step.States {
			total += state.Runs
		}
	}
	if total != 2 {
		t.Errorf("the history has %d runs", total)
	}
	if _, err := c.FlowRuns.History(ctx, HistoryQuery{Start: before, End: before, Interval: time.Minute}); err == nil {
		t.Error("a history without a length was asked for")
	}
	if late := must[time.Duration](t)(c.FlowRuns.Lateness(ctx, these)); late < 0 || late > time.Minute {
		t.Errorf("they are late by %v", late)
	}
	if counts := must[map[string]int](t)(c.FlowRuns.CountTaskRuns(ctx, ids...)); counts[ids[0]] != 0 || len(counts) != 3 {
		t.Errorf("task runs %v", counts)
	}
	if err := c.Logs.Create(ctx, []Log{{Name: "prefect.flow_runs", Level: LogInfo, Message: "grüß Gott", Timestamp: now(), FlowRunID: ids[0]}}); err != nil {
		t.Fatal(err)
	}
	var csv bytes.Buffer
	if err := c.FlowRuns.DownloadLogs(ctx, ids[0], &csv); err != nil || !bytes.Contains(csv.Bytes(), []byte("grüß Gott")) {
		t.Errorf("the logs are %q, %v", &csv, err)
	}
	if gone := must[[]string](t)(c.FlowRuns.BulkDelete(ctx, *these.FlowRuns, 0)); len(gone) != 2 {
		t.Errorf("deleted %v", gone)
	}
	if next := must[map[string]*NextRun](t)(c.Deployments.NextRuns(ctx, flow.ID)); len(next) != 1 {
		t.Errorf("next are %+v", next)
	}
}

func TestManyDeployments(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(ctx, name, nil, nil))
	pool := must[*WorkPool](t)(c.WorkPools.Create(ctx, WorkPoolCreate{Name: name, Type: PoolType}))
	t.Cleanup(func() { _ = c.WorkPools.Delete(deadline(t, 5*time.Second), name) })
	d := must[*Deployment](t)(c.Deployments.Apply(ctx, DeploymentSpec{
		Name: "d", FlowID: flow.ID, WorkPool: name, Schedules: []ScheduleSpec{{Schedule: Every(time.Hour), Slug: "hourly"}},
	}))
	from := time.Now().Add(48 * time.Hour)
	if err := c.Deployments.Schedule(ctx, d.ID, from, from.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	planned := Related{FlowRuns: &FlowRunFilter{DeploymentID: &LinkFilter{Any: []string{d.ID}}, ExpectedStartTime: &TimeFilter{After: from}}}
	if n := must[int](t)(c.FlowRuns.Count(ctx, planned)); n != 3 {
		t.Errorf("%d runs were planned", n)
	}
	if plans := must[[]*DeploymentSchedule](t)(c.Deployments.Schedules(ctx, d.ID)); len(plans) != 1 || plans[0].Slug != "hourly" {
		t.Errorf("schedules %+v", plans)
	}
	mine := Related{Flows: &FlowFilter{ID: &IDFilter{Any: []string{flow.ID}}}}
	if page := must[*Page[Deployment]](t)(c.Deployments.Page(ctx, DeploymentQuery{Related: mine}, 1)); page.Count != 1 || page.Results[0].ID != d.ID {
		t.Errorf("page %+v", page)
	}
	if n := must[int](t)(c.Deployments.Count(ctx, mine)); n != 1 {
		t.Errorf("%d deployments", n)
	}
	for f, err := range c.Flows.Filter(ctx, FlowQuery{Related: mine}) {
		if err != nil || f.ID != flow.ID {
			t.Errorf("%+v, %v", f, err)
		}
	}
	if err := c.Workers.Heartbeat(ctx, name, "one", time.Minute); err != nil {
		t.Error(err)
	}
	if err := c.Workers.Delete(ctx, name, "one"); err != nil {
		t.Error(err)
	}
	if counts := must[map[string]int](t)(c.Deployments.CountByFlow(ctx, flow.ID)); counts[flow.ID] != 1 {
		t.Errorf("counts %v", counts)
	}
	if page := must[*Page[FlowEntry]](t)(c.Flows.Page(ctx, FlowQuery{Related: mine}, 1)); page.Count != 1 || page.Results[0].ID != flow.ID {
		t.Errorf("page %+v", page)
	}
	if n := must[int](t)(c.WorkPools.Count(ctx, &WorkPoolFilter{Name: &AnyFilter{Any: []string{name}}})); n != 1 {
		t.Errorf("%d pools", n)
	}
	status := must[*PoolOccupancy](t)(c.WorkPools.ConcurrencyStatus(ctx, name, 5))
	if status.ActiveSlots != 0 || len(status.Queues) != 1 || status.Queues[0].QueueName != "default" {
		t.Errorf("the pool is %+v", status)
	}
	queue := must[*WorkQueue](t)(c.WorkQueues.Create(ctx, name, WorkQueueCreate{Name: "q"}))
	if err := c.WorkQueues.UpdateByID(ctx, queue.ID, WorkQueueUpdate{ConcurrencyLimit: Set(4)}); err != nil {
		t.Error(err)
	}
	if read := must[*WorkQueue](t)(c.WorkQueues.ReadByID(ctx, queue.ID)); *read.ConcurrencyLimit != 4 || read.WorkPoolID != pool.ID {
		t.Errorf("the queue is %+v", read)
	}
	must[*QueueStatus](t)(c.WorkQueues.Status(ctx, queue.ID))
	if got := must[*QueueOccupancy](t)(c.WorkQueues.ConcurrencyStatus(ctx, queue.ID, 0)); got.ActiveSlots != 0 || *got.ConcurrencyLimit != 4 {
		t.Errorf("the queue is %+v", got)
	}
	for q, err := range c.WorkQueues.FilterAll(ctx, &WorkQueueFilter{ID: &AnyFilter{Any: []string{queue.ID}}}) {
		if err != nil || q.Name != "q" {
			t.Errorf("%+v, %v", q, err)
		}
	}
	if err := c.WorkQueues.DeleteByID(ctx, queue.ID); err != nil {
		t.Error(err)
	}
	if gone := must[[]string](t)(c.Deployments.BulkDelete(ctx, DeploymentFilter{ID: &IDFilter{Any: []string{d.ID}}}, 0)); !slices.Equal(gone, []string{d.ID}) {
		t.Errorf("deleted %v", gone)
	}
	if gone := must[[]string](t)(c.Flows.BulkDelete(ctx, FlowFilter{ID: &IDFilter{Any: []string{flow.ID}}}, 0)); !slices.Equal(gone, []string{flow.ID}) {
		t.Errorf("deleted %v", gone)
	}
}

func TestManyTaskRuns(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(ctx, name, nil, nil))
	run, _, err := c.FlowRuns.Create(ctx, FlowRunCreate{FlowID: flow.ID, State: &State{Type: StateRunning}})
	if err != nil {
		t.Fatal(err)
	}
	task := must[*TaskRun](t)(c.TaskRuns.Create(ctx, TaskRunCreate{FlowRunID: run.ID, TaskKey: "k", DynamicKey: "0", Name: "first", State: &State{Type: StatePending}}))
	if err := c.TaskRuns.SetName(ctx, task.ID, "second"); err != nil {
		t.Fatal(err)
	}
	if read := must[*TaskRun](t)(c.TaskRuns.Read(ctx, task.ID)); read.Name != "second" {
		t.Errorf("read %+v", read)
	}
	these := TaskRunsOf(run.ID)
	if n := must[int](t)(c.TaskRuns.Count(ctx, these)); n != 1 {
		t.Errorf("%d task runs", n)
	}
	if counts := must[map[StateType]int](t)(c.TaskRuns.CountByState(ctx, these)); counts[StatePending] != 1 {
		t.Errorf("counts %v", counts)
	}
	page := must[*Page[TaskRun]](t)(c.TaskRuns.Page(ctx, TaskRunQuery{Related: these}, 1))
	if page.Count != 1 || page.Results[0].ID != task.ID {
		t.Errorf("page %+v", page)
	}
	states := must[[]*State](t)(c.TaskRuns.States(ctx, task.ID))
	if state := must[*State](t)(c.TaskRuns.ReadState(ctx, states[0].ID)); state.Type != StatePending {
		t.Errorf("state %+v", state)
	}
	must[[]*HistoryInterval](t)(c.TaskRuns.History(ctx, HistoryQuery{Related: these, Start: time.Now().Add(-time.Minute), End: time.Now().Add(time.Minute), Interval: time.Minute}))
	if err := c.TaskRuns.Delete(ctx, task.ID); err != nil {
		t.Error(err)
	}
	if _, err := c.TaskRuns.Read(ctx, task.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted one gave %v", err)
	}
}
