package prefectclient

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// paths counts requests to paths with an ending, and refuses some.
type paths struct {
	next          http.RoundTripper
	count, refuse string
	seen, refused atomic.Int32
}

func (p *paths) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, p.count) {
		p.seen.Add(1)
	}
	if p.refuse != "" && strings.HasSuffix(req.URL.Path, p.refuse) {
		p.refused.Add(1)
		return &http.Response{StatusCode: http.StatusForbidden, Body: http.NoBody, Request: req, Header: http.Header{}}, nil
	}
	return p.next.RoundTrip(req)
}

// TestWorkerChannel holds the channel: no heartbeat goes by REST, and a pool that is paused no more is asked at once.
func TestWorkerChannel(t *testing.T) {
	t.Parallel()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	seen := &paths{next: transport, count: "/workers/heartbeat"}
	c := server(t, WithTransport(seen))
	ctx := t.Context()
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	name := unique(t)
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: name, PollInterval: time.Minute}, flow)
	eventually(t, 20*time.Second, "the worker is online", func() bool {
		for worker, err := range c.Workers.Filter(ctx, d.WorkPoolName) {
			return err == nil && worker.Name == name && worker.Status == "ONLINE" && worker.HeartbeatIntervalSeconds == 30
		}
		return false
	})
	if n := seen.seen.Load(); n != 0 {
		t.Errorf("%d heartbeats went by REST", n)
	}
	if err := c.WorkPools.Update(ctx, d.WorkPoolName, WorkPoolUpdate{IsPaused: Set(true)}); err != nil {
		t.Fatal(err)
	}
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(ctx, d.ID, DeploymentRun{}))
	time.Sleep(time.Second)
	if waiting := must[*FlowRun](t)(c.FlowRuns.Read(ctx, run.ID)); waiting.StateType != StateScheduled {
		t.Errorf("in a paused pool the run is %v", waiting.State)
	}
	if err := c.WorkPools.Update(ctx, d.WorkPoolName, WorkPoolUpdate{IsPaused: Set(false)}); err != nil {
		t.Fatal(err)
	}
	inState(t, c, run.ID, StateCompleted, 20*time.Second)
}

// TestWorkerWithoutAChannel lets heartbeats go by REST, as to a server that has no channel.
func TestWorkerWithoutAChannel(t *testing.T) {
	t.Parallel()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	seen := &paths{next: transport, count: "/workers/heartbeat", refuse: "/workers/connect"}
	c := server(t, WithTransport(seen))
	flow := NewFlow(unique(t), func(context.Context, struct{}) (int, error) { return 0, nil })
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t), HeartbeatInterval: time.Second}, flow)
	eventually(t, 20*time.Second, "heartbeats go by REST", func() bool { return seen.seen.Load() >= 3 && seen.refused.Load() >= 1 })
	for worker, err := range c.Workers.Filter(t.Context(), d.WorkPoolName) {
		if err != nil || worker.Status != "ONLINE" {
			t.Errorf("%+v, %v", worker, err)
		}
	}
}
