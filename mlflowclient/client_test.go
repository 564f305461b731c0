package mlflowclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/embedded"
)

// fake is a server below a base path that a test scripts.
func fake(t *testing.T, handler http.HandlerFunc, opts ...mlflowclient.Option) *mlflowclient.Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/ml/flow/", http.StripPrefix("/ml/flow", handler))
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a call outside of the base path: %s", r.URL) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return open(t, s.URL+"/ml/flow/", opts...)
}

func answer(w http.ResponseWriter, status int, body string) {
	if strings.HasPrefix(body, "{") {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func cut(w http.ResponseWriter) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

func TestErrorsOfAnswersThatAreNotMLflows(t *testing.T) {
	tests := []struct {
		status   int
		body     string
		sentinel error
		code     string
		message  string
	}{
		{404, "<!doctype html>\n<html><h1>Not Found</h1></html>", mlflowclient.ErrNotImplemented, "ENDPOINT_NOT_FOUND", "<!doctype html> <html><h1>Not Found</h1></html>"},
		{405, "<html>", mlflowclient.ErrNotImplemented, "ENDPOINT_NOT_FOUND", "<html>"},
		{403, "Permission denied", mlflowclient.ErrPermissionDenied, "PERMISSION_DENIED", "Permission denied"},
		{401, "", mlflowclient.ErrUnauthenticated, "UNAUTHENTICATED", "Unauthorized"},
		{500, "", mlflowclient.ErrInternal, "INTERNAL_ERROR", "Internal Server Error"},
		{502, "<html>Bad Gateway", mlflowclient.ErrUnavailable, "TEMPORARILY_UNAVAILABLE", "<html>Bad Gateway"},
		{503, "Endpoint: /x disabled because the server is running without workspaces support.", mlflowclient.ErrNotImplemented, "NOT_IMPLEMENTED", "Endpoint: /x disabled because the server is running without workspaces support."},
		{429, "slow down", mlflowclient.ErrUnavailable, "REQUEST_LIMIT_EXCEEDED", "slow down"},
		{400, `{"detail":"no"}`, mlflowclient.ErrInvalidParameter, "BAD_REQUEST", `{"detail":"no"}`},
		{418, strings.Repeat("x", 1000), mlflowclient.ErrInvalidParameter, "BAD_REQUEST", strings.Repeat("x", 300) + " …"},
		{400, `{"error_code":"INVALID_STATE","message":"m"}`, mlflowclient.ErrInvalidState, "INVALID_STATE", "m"},
		{500, `{"error_code":"INTERNAL_ERROR","message":"two\nlines"}`, mlflowclient.ErrInternal, "INTERNAL_ERROR", "two\nlines"},
	}
	for _, tt := range tests {
		c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-ID", "id-1")
			answer(w, tt.status, tt.body)
		}, mlflowclient.WithRetries(mlflowclient.RetryPolicy{}))
		_, err := c.Runs.Get(t.Context(), "r")
		wantError(t, err, tt.sentinel, tt.status, tt.code)
		if e, ok := errors.AsType[*mlflowclient.Error](err); ok && (e.Message != tt.message || e.RequestID != "id-1" || e.Method != http.MethodGet || e.Path != "/api/2.0/mlflow/runs/get") {
			t.Errorf("%d: %+v", tt.status, e)
		}
		if !strings.Contains(err.Error(), "GET /api/2.0/mlflow/runs/get: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d: %v", tt.status, err)
		}
	}
}

func TestAnAnswerThatIsNoJSON(t *testing.T) {
	for _, body := range []string{"<html>Log in</html>", "", "[]", `{"run": 5}`, `{"run":{"info":{"start_time":"soon"}}}`, `{"run":{"data":{"metrics":[{"value":"much"}]}}}`} {
		c := fake(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, body) })
		_, err := c.Runs.Get(t.Context(), "r")
		if !errors.Is(err, mlflowclient.ErrInternal) || !strings.Contains(err.Error(), "MLflow server?") {
			t.Errorf("%q: %v", body, err)
		}
	}
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "<html>\nA page</html>") })
	if err := c.Server.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "A page") {
		t.Errorf("health of a page: %v", err)
	}
}

// callable is a call, and whether it may be repeated after a lost answer.
type callable struct {
	name   string
	repeat bool
	call   func(context.Context, *mlflowclient.Client) error
}

var operations = []callable{
	{"experiments/create", false, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: "x"}))
	}},
	{"runs/create", false, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.Runs.Create(ctx, mlflowclient.CreateRun{}))
	}},
	{"runs/get", true, func(ctx context.Context, c *mlflowclient.Client) error { return second(c.Runs.Get(ctx, "r")) }},
	{"runs/search", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.Runs.SearchPage(ctx, mlflowclient.SearchRuns{}, ""))
	}},
	{"runs/update", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.Runs.Update(ctx, "r", mlflowclient.UpdateRun{Status: mlflowclient.StatusFinished}))
	}},
	{"runs/log-metric", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.Runs.LogMetric(ctx, "r", mlflowclient.Metric{Key: "m"})
	}},
	{"runs/log-parameter", true, func(ctx context.Context, c *mlflowclient.Client) error { return c.Runs.LogParam(ctx, "r", "k", "v") }},
	{"runs/log-batch", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.Runs.LogBatch(ctx, "r", batchOf(1, 1, 1))
	}},
	{"runs/set-tag", true, func(ctx context.Context, c *mlflowclient.Client) error { return c.Runs.SetTag(ctx, "r", "k", "v") }},
	{"runs/log-inputs", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.Runs.LogInputs(ctx, "r", mlflowclient.Inputs{Models: []string{"m-1"}})
	}},
	{"Do, POST", false, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.Do(ctx, mlflowclient.Call{Method: "POST", Path: "/x"})
	}},
	{"Do, repeatable POST", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.Do(ctx, mlflowclient.Call{Method: "POST", Path: "/x", Repeatable: true})
	}},
}

// A proxy's log-in has the status 200: it must pass neither for a file nor for the confirmation of one.
func TestPagesAreNoAnswers(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		answer(w, http.StatusOK, "<html>log in")
	})
	store, err := c.Artifacts.At("mlflow-artifacts:/x")
	must(t, err)
	ctx, now := t.Context(), time.Now()
	for name, call := range map[string]func() error{
		"Upload":           func() error { return store.Upload(ctx, "f", strings.NewReader("text"), 4) },
		"Open":             func() error { return second(store.Open(ctx, "f")) },
		"UploadRun":        func() error { return c.Artifacts.UploadRun(ctx, "r", "f", []byte("text")) },
		"OpenRun":          func() error { return second(c.Artifacts.OpenRun(ctx, "r", "f")) },
		"OpenModelVersion": func() error { return second(c.Artifacts.OpenModelVersion(ctx, "m", "1", "f")) },
		"OpenLoggedModel":  func() error { return second(c.Artifacts.OpenLoggedModel(ctx, "m-1", "f")) },
		"LogSpans": func() error {
			return second(c.Traces.LogSpans(ctx, "0", []*mlflowclient.Span{{Name: "s", Start: now, End: now}}))
		},
		"Version": func() error { return second(c.Server.Version(ctx)) },
	} {
		if err := call(); !errors.Is(err, mlflowclient.ErrInternal) || !strings.Contains(err.Error(), "<html>log in") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsRepeated(t *testing.T) {
	for _, op := range slices.Concat(operations, modelOperations) {
		for _, failure := range []string{"cut", "502", "503", "429", "503 with Retry-After", "500 of MLflow's own"} {
			var calls atomic.Int32
			c := fake(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if calls.Add(1) > 1 {
					answer(w, 200, "{}")
					return
				}
				switch failure {
				case "cut":
					cut(w)
				case "502":
					answer(w, 502, "")
				case "503":
					answer(w, 503, `{"error_code":"TEMPORARILY_UNAVAILABLE","message":""}`)
				case "429":
					answer(w, 429, "")
				case "503 with Retry-After":
					w.Header().Set("Retry-After", "0")
					answer(w, 503, "")
				default:
					answer(w, 500, `{"error_code":"INTERNAL_ERROR","message":""}`)
				}
			})
			err := op.call(t.Context(), c)
			again := op.repeat || failure == "429" || failure == "503 with Retry-After"
			again = again && failure != "500 of MLflow's own"
			if (calls.Load() == 2) != again || (err == nil) != again {
				t.Errorf("%s after %s: %d calls, error %v", op.name, failure, calls.Load(), err)
			}
			e, ok := errors.AsType[*mlflowclient.Error](err)
			if !again && (!ok || !e.Uncertain || e.RequestID == "" || (failure == "cut") != errors.Is(err, mlflowclient.ErrUnreachable)) {
				t.Errorf("%s after %s: %+v", op.name, failure, e)
			}
		}
	}
}

func TestTheEchoOfOnesOwnWork(t *testing.T) {
	lost := func(status int, code string) (http.HandlerFunc, *atomic.Int32) {
		var calls atomic.Int32
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if calls.Add(1) == 1 {
				cut(w)
				return
			}
			answer(w, status, `{"error_code":"`+code+`","message":"m"}`)
		}, &calls
	}
	for name, call := range map[string]func(*mlflowclient.Client) error{
		"runs/delete-tag":    func(c *mlflowclient.Client) error { return c.Runs.DeleteTag(t.Context(), "r", "k") },
		"experiments/delete": func(c *mlflowclient.Client) error { return c.Experiments.Delete(t.Context(), "1") },
		"experiments/restore": func(c *mlflowclient.Client) error {
			return c.Experiments.Restore(t.Context(), "1")
		},
		"experiments/delete-experiment-tag": func(c *mlflowclient.Client) error {
			return c.Experiments.DeleteTag(t.Context(), "1", "k")
		},
		"registered-models/delete": func(c *mlflowclient.Client) error { return c.RegisteredModels.Delete(t.Context(), "n") },
		"model-versions/delete":    func(c *mlflowclient.Client) error { return c.ModelVersions.Delete(t.Context(), "n", "1") },
		"logged-models/tags":       func(c *mlflowclient.Client) error { return c.LoggedModels.DeleteTag(t.Context(), "m-1", "k") },
	} {
		handler, calls := lost(404, "RESOURCE_DOES_NOT_EXIST")
		if err := call(fake(t, handler)); err != nil || calls.Load() != 2 {
			t.Errorf("%s: %v after %d calls", name, err, calls.Load())
		}
		c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 404, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`)
		})
		if err := call(c); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Errorf("%s of nothing: %v", name, err)
		}
	}
}

func TestNumbersOnTheWire(t *testing.T) {
	var sent []byte
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		answer(w, 200, "{}")
	})
	at := time.UnixMilli(1_700_000_000_123)
	for value, want := range map[float64]string{
		math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`, 0.1: `0.1`, 1e21: `1e+21`, math.Copysign(0, -1): `-0`,
	} {
		must(t, c.Runs.LogMetric(t.Context(), "r", mlflowclient.Metric{Key: "k<>&", Value: value, Timestamp: at, Step: 1 << 60}))
		if wanted := `{"run_id":"r","key":"k<>&","value":` + want + `,"timestamp":1700000000123,"step":1152921504606846976}`; string(sent) != wanted {
			t.Errorf("sent %s, want %s", sent, wanted)
		}
	}
	must(t, c.Runs.LogMetric(t.Context(), "r", mlflowclient.Metric{Key: "k", Value: math.NaN(), Timestamp: at}))
	if !strings.Contains(string(sent), `"value":"NaN"`) || !json.Valid(sent) {
		t.Errorf("sent %s", sent)
	}
}

func TestNumbersFromTheWire(t *testing.T) {
	body := `{"run":{"info":{"run_id":"r","experiment_id":7,"start_time":"1700000000123","end_time":null},"data":{"metrics":[
		{"key":"nan","value":"NaN","timestamp":"5","step":"1152921504606846977"},{"key":"inf","value":"Infinity","timestamp":5},
		{"key":"max","value":1.7976931348623157e+308,"timestamp":5},{"key":"min","value":-1.7976931348623157e308,"timestamp":5},
		{"key":"text","value":"0.25"},{"key":"null","value":null}]}}}`
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, body) })
	run, err := c.Runs.Get(t.Context(), "r")
	must(t, err)
	if run.ExperimentID != "7" || !run.StartTime.Equal(time.UnixMilli(1_700_000_000_123)) || !run.EndTime.IsZero() {
		t.Errorf("run %+v", run)
	}
	for key, want := range map[string]float64{"nan": math.NaN(), "inf": math.Inf(1), "max": math.Inf(1), "min": math.Inf(-1), "text": 0.25, "null": 0} {
		if got := run.Metrics[key].Value; !same(got, want) {
			t.Errorf("%s is %v", key, got)
		}
	}
	if run.Metrics["nan"].Step != 1<<60+1 || !run.Metrics["text"].Timestamp.IsZero() {
		t.Errorf("metrics %+v", run.Metrics)
	}
}

func TestHeaders(t *testing.T) {
	var mu sync.Mutex
	got := map[string]http.Header{}
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] = r.Header.Clone()
		answer(w, 200, "{}")
	}, mlflowclient.WithToken("t0ken"), mlflowclient.WithWorkspace("team"), mlflowclient.WithHeader("X-Extra", "1"))
	must(t, c.Do(t.Context(), mlflowclient.Call{Path: "/api/3.0/mlflow/workspaces"}))
	must(t, c.Runs.Delete(t.Context(), "r"))
	calls := got["/api/2.0/mlflow/runs/delete"]
	for name, want := range map[string]string{
		"Authorization": "Bearer t0ken", "X-Mlflow-Workspace": "team", "X-Extra": "1", "Content-Type": "application/json",
		"User-Agent": "mlopsgo-mlflowclient/" + mlflowclient.ServerVersion,
	} {
		if calls.Get(name) != want {
			t.Errorf("%s is %q", name, calls.Get(name))
		}
	}
	if got["/api/3.0/mlflow/workspaces"].Get("X-Mlflow-Workspace") != "" {
		t.Error("the workspace goes along with a path that names one")
	}
}

func TestARedirectToAnotherHostGetsNothing(t *testing.T) {
	var reached atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(other.Close)
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	},
		mlflowclient.WithBasicAuth("ann", "hunter2"))
	err := c.Runs.LogParam(t.Context(), "r", "k", "v")
	if !errors.Is(err, mlflowclient.ErrUnreachable) || reached.Load() || !strings.Contains(err.Error(), other.URL) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, reached %v", err, reached.Load())
	}
}

func TestIteratorsFetchAsTheyGo(t *testing.T) {
	var calls atomic.Int32
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		switch calls.Add(1) {
		case 1:
			answer(w, 200, `{"runs":[{"info":{"run_id":"a"}},{"info":{"run_id":"b"}}],"next_page_token":"2"}`)
		case 2:
			answer(w, 200, `{"runs":[],"next_page_token":"3"}`)
		default:
			answer(w, 400, `{"error_code":"INVALID_PARAMETER_VALUE","message":"m"}`)
		}
	})
	seq := c.Runs.Search(t.Context(), mlflowclient.SearchRuns{})
	if calls.Load() != 0 {
		t.Error("a call before the first step")
	}
	var got strings.Builder
	for run, err := range seq {
		if err != nil {
			got.WriteString("!")
			continue
		}
		got.WriteString(run.ID)
	}
	if got.String() != "ab!" || calls.Load() != 3 {
		t.Errorf("%s after %d calls", got.String(), calls.Load())
	}
	calls.Store(0)
	for run, err := range seq {
		must(t, err)
		if run.ID != "a" {
			t.Errorf("first %s", run.ID)
		}
		break
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls for one step", calls.Load())
	}
	same := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, `{"metrics":[{"key":"m"}],"next_page_token":"x"}`)
	})
	steps := 0
	for _, err := range same.Metrics.History(t.Context(), mlflowclient.MetricHistory{}) {
		if steps++; steps > 10 {
			t.Fatal("a server that repeats its token is asked for ever")
		}
		if err != nil && !errors.Is(err, mlflowclient.ErrInternal) {
			t.Errorf("error %v", err)
		}
	}
}

func TestUseAfterClose(t *testing.T) {
	c, err := mlflowclient.New(t.Context(), "sqlite:///"+t.TempDir()+"/mlflow.db") // with the retries of the default
	must(t, err)
	must(t, c.Close())
	must(t, c.Close())
	began := time.Now()
	_, err = c.Runs.Get(t.Context(), "r")
	if !errors.Is(err, embedded.ErrClosed) || !errors.Is(err, mlflowclient.ErrUnreachable) || time.Since(began) > time.Second {
		t.Errorf("error %v after %v", err, time.Since(began))
	}
}

func TestConcurrentUse(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"run":{"info":{"run_id":"`+r.URL.Query().Get("run_id")+`"}}}`)
	})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			id := strings.Repeat("x", i+1)
			if run, err := c.Runs.Get(t.Context(), id); err != nil || run.ID != id {
				t.Errorf("run %v, error %v", run, err)
			}
		})
	}
	wg.Wait()
}
