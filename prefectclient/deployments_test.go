package prefectclient

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestApplyLeavesAloneWhatIsNotNamed(t *testing.T) {
	c := server(t)
	flow := NewFlow(unique(t), func(context.Context, sumParams) (int, error) { return 0, nil }, Description("Adds *two* numbers."), Version("v7"), Tags("sums"))
	first := deployed(t, c, flow, DeploymentSpec{
		WorkQueue: "red-wine", Parameters: map[string]any{"a": 5}, ConcurrencyLimit: 4, CollisionStrategy: "ENQUEUE",
		Schedules: []ScheduleSpec{{Schedule: Cron("0 0 * * *", "")}, {Schedule: Every(time.Hour), Slug: "hourly", Parameters: map[string]any{"a": 6}}},
	})
	if first.Description != "Adds *two* numbers." || first.Version != "v7" || !slices.Equal(first.Tags, []string{"sums"}) || !first.EnforceParameterSchema {
		t.Errorf("the deployment is %+v", first)
	}
	if len(first.Schedules) != 2 || first.GlobalConcurrencyLimit == nil || first.GlobalConcurrencyLimit.Limit != 4 {
		t.Fatalf("the deployment is %+v", first)
	}
	// Someone pauses a schedule in the UI, and another program deploys with less.
	off := false
	daily := first.Schedules[slices.IndexFunc(first.Schedules, func(s *DeploymentSchedule) bool { return s.Schedule.Cron != "" })]
	if err := c.Deployments.UpdateSchedule(t.Context(), first.ID, daily.ID, ScheduleSpec{Schedule: daily.Schedule, Active: &off}); err != nil {
		t.Fatal(err)
	}
	second := must[*Deployment](t)(Deploy(t.Context(), c, flow, DeploymentSpec{Name: "test", Description: "Changed."}))
	if second.ID != first.ID || second.Description != "Changed." || second.WorkPoolName != first.WorkPoolName || second.WorkQueueName != "red-wine" ||
		!sameJSON(second.Parameters, map[string]any{"a": 5}) || second.GlobalConcurrencyLimit == nil || len(second.Schedules) != 2 {
		t.Errorf("the deployment became %+v", second)
	}
	// The same schedules again: nothing is touched. Then other ones.
	third := must[*Deployment](t)(Deploy(t.Context(), c, flow, DeploymentSpec{Name: "test", Schedules: []ScheduleSpec{
		{Schedule: Cron("0 0 * * *", "UTC")}, {Schedule: Every(2 * time.Hour), Slug: "hourly"}, {Schedule: RRule("FREQ=WEEKLY;BYDAY=MO", "Europe/Berlin")},
	}}))
	if len(third.Schedules) != 3 {
		t.Fatalf("%d schedules", len(third.Schedules))
	}
	for _, s := range third.Schedules {
		switch {
		case s.Schedule.Cron != "":
			if s.ID != daily.ID || s.Active {
				t.Errorf("the paused schedule became %+v", s)
			}
		case s.Slug == "hourly":
			if s.Schedule.Interval != 7200 {
				t.Errorf("the hourly schedule became %+v", s.Schedule)
			}
		}
	}
	last := must[*Deployment](t)(Deploy(t.Context(), c, flow, DeploymentSpec{Name: "test", WorkQueue: "white-wine", Schedules: []ScheduleSpec{}}))
	if len(last.Schedules) != 0 || last.WorkQueueName != "white-wine" || last.WorkPoolName != first.WorkPoolName {
		t.Errorf("the deployment became %+v", last)
	}
}

func TestDeploymentsService(t *testing.T) {
	c := server(t)
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	ctx := t.Context()
	if read := must[*Deployment](t)(c.Deployments.ReadByName(ctx, flow.Name(), "test")); read.ID != d.ID {
		t.Error("another deployment was read")
	}
	if err := c.Deployments.Pause(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if !must[*Deployment](t)(c.Deployments.Read(ctx, d.ID)).Paused {
		t.Error("the deployment is not paused")
	}
	if err := c.Deployments.Resume(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Deployments.Update(ctx, d.ID, DeploymentUpdate{Description: Set("x"), Tags: Set([]string{"t"})}); err != nil {
		t.Fatal(err)
	}
	for found, err := range c.Deployments.Filter(ctx, DeploymentQuery{Related: Related{Deployments: &DeploymentFilter{ID: &IDFilter{Any: []string{d.ID}}}}}) {
		if err != nil || found.Description != "x" || !slices.Equal(found.Tags, []string{"t"}) {
			t.Errorf("found %+v, %v", found, err)
		}
	}
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(ctx, d.ID, DeploymentRun{Name: "mine", At: time.Now().Add(time.Minute)}))
	soon := must[[]*FlowRun](t)(c.Deployments.ScheduledFlowRuns(ctx, time.Now().Add(time.Hour), 10, d.ID))
	if len(soon) != 1 || soon[0].ID != run.ID || soon[0].Name != "mine" {
		t.Errorf("scheduled are %v", soon)
	}
	if err := c.Deployments.Delete(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Deployments.Read(ctx, d.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted deployment gave %v", err)
	}
}

func TestSchedulesThatAreWrong(t *testing.T) {
	c := newFake(t).client(t)
	for _, s := range []Schedule{{}, {Cron: "* * * * *", Interval: 3}, Every(-time.Second)} {
		if _, err := c.Deployments.Apply(t.Context(), DeploymentSpec{Name: "d", FlowID: "f", Schedules: []ScheduleSpec{{Schedule: s}}}); err == nil {
			t.Errorf("the schedule %+v was taken", s)
		}
	}
	if _, err := c.Deployments.Apply(t.Context(), DeploymentSpec{}); err == nil {
		t.Error("a deployment without a name was taken")
	}
}

func TestDeployRefusesAForeignPool(t *testing.T) {
	c, pool := server(t), unique(t)
	must[*WorkPool](t)(c.WorkPools.Create(t.Context(), WorkPoolCreate{Name: pool, Type: "process"}))
	t.Cleanup(func() { _ = c.WorkPools.Delete(deadline(t, 5*time.Second), pool) })
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	forget(t, c, flow.Name())
	if _, err := Deploy(t.Context(), c, flow, DeploymentSpec{Name: "d", WorkPool: pool}); err == nil {
		t.Error("a pool of type process was taken")
	}
	w := must[*Worker](t)(NewWorker(c, WorkerConfig{Pool: pool}, flow))
	if err := w.Run(t.Context()); err == nil {
		t.Error("a worker serves a pool of type process")
	}
}
