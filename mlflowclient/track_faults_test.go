package mlflowclient_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// proxy stands between a client and the real server. The first request of the operation meets the fault; all others pass.
type proxy struct {
	backend   string
	operation string
	fault     faultOnTheWay
	met       atomic.Bool
	elsewhere string // of another host
	transport *http.Transport
}

// faultOnTheWay is what happens to a request.
type faultOnTheWay struct {
	name string
	// done says that the server carries the first request out, repeated that a call that may be repeated is, refused that any call is,
	// since the server said that it did nothing. What is neither, and not answered, fails.
	done, repeated, refused, answered bool
	cause                             string // what the error has to name
	do                                func(p *proxy, w http.ResponseWriter, r *http.Request, body []byte)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.HasSuffix(r.URL.Path, p.operation) && !p.met.Swap(true) {
		p.fault.do(p, w, r, body)
		return
	}
	status, answer := p.forward(r, body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// forward carries a request out, whether the client still listens or not.
func (p *proxy) forward(r *http.Request, body []byte) (int, []byte) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, p.backend+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 599, []byte(err.Error())
	}
	req.Header = r.Header.Clone()
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return 599, []byte(err.Error())
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 599, []byte(err.Error())
	}
	return resp.StatusCode, answer
}

// partly sends the head of an answer and the first n bytes of its body.
func partly(w http.ResponseWriter, status int, answer []byte, n int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
	w.WriteHeader(status)
	_, _ = w.Write(answer[:n])
	_ = http.NewResponseController(w).Flush()
}

func refusal(status int, wait func() string) func(*proxy, http.ResponseWriter, *http.Request, []byte) {
	return func(_ *proxy, w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Retry-After", wait())
		answer(w, status, "later")
	}
}

func inASecond() string { return "1" }

func atADate() string { return time.Now().Add(time.Second).UTC().Format(http.TimeFormat) }

var faultsOnTheWay = []faultOnTheWay{
	{name: "cut before", repeated: true, cause: "EOF", do: func(_ *proxy, w http.ResponseWriter, _ *http.Request, _ []byte) { cut(w) }},
	{name: "cut inside", done: true, repeated: true, cause: "unexpected EOF", do: func(p *proxy, w http.ResponseWriter, r *http.Request, body []byte) {
		status, answer := p.forward(r, body)
		partly(w, status, answer, len(answer)/2)
		cut(w)
	}},
	{name: "cut after", done: true, answered: true, do: func(p *proxy, w http.ResponseWriter, r *http.Request, body []byte) {
		status, answer := p.forward(r, body)
		partly(w, status, answer, len(answer))
		cut(w)
	}},
	{name: "429, seconds", refused: true, do: refusal(429, inASecond)},
	{name: "429, date", refused: true, do: refusal(429, atADate)},
	{name: "503, seconds", refused: true, do: refusal(503, inASecond)},
	{name: "503, date", refused: true, do: refusal(503, atADate)},
	{name: "500", repeated: true, cause: "500: INTERNAL_ERROR: <h1>broken", do: func(_ *proxy, w http.ResponseWriter, _ *http.Request, _ []byte) {
		answer(w, 500, "<h1>broken</h1>")
	}},
	{name: "time-out", done: true, repeated: true, cause: "timed out", do: func(p *proxy, _ http.ResponseWriter, r *http.Request, body []byte) {
		p.forward(r, body)
		<-r.Context().Done()
	}},
	{name: "slow body", done: true, repeated: true, cause: "timed out", do: func(p *proxy, w http.ResponseWriter, r *http.Request, body []byte) {
		status, answer := p.forward(r, body)
		partly(w, status, answer, len(answer)/2)
		<-r.Context().Done()
	}},
	{name: "HTML", cause: "is this an MLflow server?", do: func(_ *proxy, w http.ResponseWriter, _ *http.Request, _ []byte) {
		answer(w, 200, "<html>Log in</html>")
	}},
	{name: "redirect", cause: "another server", do: func(p *proxy, w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, p.elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
	}},
}

// trackingCall is an operation with its effect on the real server.
type trackingCall struct {
	operation  string
	repeatable bool
	call       func(ctx context.Context, c *mlflowclient.Client, world faultWorld, mark string) error
	// count says how often the call with that mark was carried out; -1 where it leaves no trace.
	count func(ctx context.Context, c *mlflowclient.Client, world faultWorld, mark string) (int, error)
}

// faultWorld is what is there before.
type faultWorld struct{ experiment, run, model string }

// number counts what an iterator gives.
func number[T any](seq func(func(*T, error) bool)) (int, error) {
	n := 0
	for _, err := range seq {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func points(ctx context.Context, c *mlflowclient.Client, world faultWorld, mark string) (int, error) {
	return number(c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: world.run, Key: mark}))
}

var trackingCalls = []trackingCall{
	{operation: "experiments/create", call: func(ctx context.Context, c *mlflowclient.Client, _ faultWorld, mark string) error {
		return second(c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: mark}))
	}, count: func(ctx context.Context, c *mlflowclient.Client, _ faultWorld, mark string) (int, error) {
		return number(c.Experiments.Search(ctx, mlflowclient.SearchExperiments{Filter: "name = '" + mark + "'"}))
	}},
	{operation: "runs/create", call: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) error {
		return second(c.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: w.experiment, Tags: map[string]string{"mark": mark}}))
	}, count: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) (int, error) {
		return number(c.Runs.Search(ctx, mlflowclient.SearchRuns{ExperimentIDs: []string{w.experiment}, Filter: "tags.mark = '" + mark + "'"}))
	}},
	{operation: "runs/log-metric", repeatable: true, call: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) error {
		return c.Runs.LogMetric(ctx, w.run, mlflowclient.Metric{Key: mark, Value: 1})
	}, count: points},
	{operation: "runs/log-batch", repeatable: true, call: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) error {
		return c.Runs.LogBatch(ctx, w.run, mlflowclient.Batch{
			Metrics: []mlflowclient.Metric{{Key: mark, Value: 2}}, Params: map[string]string{mark: "p"}, Tags: map[string]string{mark: "t"},
		})
	}, count: points},
	{operation: "runs/search", repeatable: true, call: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, _ string) error {
		n, err := number(c.Runs.Search(ctx, mlflowclient.SearchRuns{ExperimentIDs: []string{w.experiment}, Filter: "tags.world = 'yes'"}))
		if err == nil && n != 1 {
			err = fmt.Errorf("%d runs found", n)
		}
		return err
	}, count: func(context.Context, *mlflowclient.Client, faultWorld, string) (int, error) { return -1, nil }},
	{operation: "mlflow/logged-models", call: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) error {
		return second(c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: w.experiment, Name: mark}))
	}, count: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) (int, error) {
		return number(c.LoggedModels.Search(ctx, mlflowclient.SearchLoggedModels{ExperimentIDs: []string{w.experiment}, Filter: "name = '" + mark + "'"}))
	}},
	{operation: "model-versions/create", call: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) error {
		return second(c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: w.model, Source: "s3://bucket/" + mark, Description: mark}))
	}, count: func(ctx context.Context, c *mlflowclient.Client, w faultWorld, mark string) (int, error) {
		n := 0
		for version, err := range c.ModelVersions.Search(ctx, mlflowclient.SearchModelVersions{Filter: "name = '" + w.model + "'"}) {
			if err != nil {
				return 0, err
			}
			if version.Description == mark {
				n++
			}
		}
		return n, nil
	}},
}

// TestFaultsOnTheWay puts each fault once between the client and the real server, and looks at what the server has in the end: nothing twice,
// nothing missing that was acknowledged, and nothing sent elsewhere.
func TestFaultsOnTheWay(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	direct := open(t, uri)
	world := faultWorld{experiment: newExperiment(t, direct), model: unique("faults")}
	world.run = newRun(t, direct, mlflowclient.CreateRun{ExperimentID: world.experiment, Tags: map[string]string{"world": "yes"}}).ID
	must(t, second(direct.RegisteredModels.Create(t.Context(), mlflowclient.CreateRegisteredModel{Name: world.model})))
	var strayed atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	t.Cleanup(other.Close)
	for _, call := range trackingCalls {
		t.Run(call.operation, func(t *testing.T) {
			t.Parallel()
			var wg sync.WaitGroup
			for _, fault := range faultsOnTheWay {
				// The cases mostly wait.
				wg.Go(func() {
					meet(t, &proxy{backend: uri, operation: call.operation, fault: fault, elsewhere: other.URL}, direct, call, world)
				})
			}
			wg.Wait()
			if n := strayed.Load(); n != 0 {
				t.Errorf("%d requests went to another host", n)
			}
		})
	}
}

// meet lets one call meet one fault.
func meet(t *testing.T, p *proxy, direct *mlflowclient.Client, call trackingCall, world faultWorld) {
	ctx := t.Context()
	p.transport = &http.Transport{}
	defer p.transport.CloseIdleConnections()
	server := httptest.NewServer(p)
	timeout := 30 * time.Second
	if strings.Contains(p.fault.cause, "timed out") {
		timeout = 2 * time.Second
	}
	c, err := mlflowclient.New(ctx, server.URL, mlflowclient.WithTimeout(timeout), mlflowclient.WithBasicAuth("ann", "hunter2"),
		mlflowclient.WithRetries(mlflowclient.RetryPolicy{Retries: 5, Factor: 20 * time.Millisecond}))
	if err != nil {
		t.Error(err)
		return
	}
	mark := unique("fault")
	began := time.Now()
	err = call.call(ctx, c, world, mark)
	took := time.Since(began)
	_ = c.Close()
	server.Close() // when all requests are carried out

	fault, succeeds := p.fault, p.fault.answered || p.fault.refused || p.fault.repeated && call.repeatable
	if (err == nil) != succeeds || !p.met.Load() {
		t.Errorf("%s: error %v, met %v", fault.name, err, p.met.Load())
	}
	if err != nil {
		e, ok := errors.AsType[*mlflowclient.Error](err)
		if !ok || !strings.Contains(err.Error(), call.operation) || !strings.Contains(err.Error(), fault.cause) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error does not tell: %v", fault.name, err)
		}
		if ok && fault.done && !e.Uncertain {
			t.Errorf("%s: the error says nothing of what was carried out: %+v", fault.name, e)
		}
	}
	if strings.HasSuffix(fault.name, "seconds") && took < time.Second {
		t.Errorf("%s: repeated after %v", fault.name, took)
	}
	want := 0
	if succeeds || fault.done {
		want = 1
	}
	if n, err := call.count(ctx, direct, world, mark); err != nil || n != want && n != -1 {
		t.Errorf("%s: carried out %d times, want %d; %v", fault.name, n, want, err)
	}
}
