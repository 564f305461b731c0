package prefectclient

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

// TestBehindAProxy serves a flow through a reverse proxy with TLS under a path of its own, as companies put Prefect behind
// one: calls and websockets.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	target, err := url.Parse(strings.TrimSuffix(stack.Get(t).PrefectAPIURL, "/api"))
	if err != nil {
		t.Fatal(err)
	}
	var sockets atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewTLSServer(http.StripPrefix("/team/prefect", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			sockets.Add(1)
		}
		proxy.ServeHTTP(w, r)
	})))
	t.Cleanup(front.Close)
	c := must[*Client](t)(New(front.URL+"/team/prefect/api", WithInsecureTLS()))
	t.Cleanup(c.Close)
	step := NewTask("step", func(context.Context, int) (int, error) { return 1, nil })
	flow := NewFlow(unique(t), func(ctx context.Context, _ struct{}) (int, error) { return step.Run(ctx, 1) })
	d := deployed(t, c, flow, DeploymentSpec{})
	startWorker(t, c, WorkerConfig{Pool: d.WorkPoolName, Name: unique(t), PollInterval: 10 * time.Second}, flow)
	time.Sleep(time.Second) // so that the run is told by a websocket
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	inState(t, c, run.ID, StateCompleted, 30*time.Second)
	eventually(t, 10*time.Second, "the task run is there", func() bool {
		return must[int](t)(c.TaskRuns.Count(t.Context(), TaskRunsOf(run.ID))) == 1
	})
	if sockets.Load() < 2 {
		t.Errorf("%d websockets went through the proxy; events in and out need one each", sockets.Load())
	}
}
