package mlflowclient_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mlopsgo/mlflowclient"
)

// sentBatch is what a request of the writer holds.
type sentBatch struct {
	RunID   string `json:"run_id"`
	Metrics []struct {
		Key  string
		Step int64
	}
	Params, Tags []struct{ Key, Value string }
}

// batchRecorder is a transport, so that no network stands between a test's clock and the client, that keeps what it is sent.
type batchRecorder struct {
	mu      sync.Mutex
	batches []sentBatch
	answer  func(n int) (int, string) // of the n-th request, from 1
	delay   time.Duration
}

func (r *batchRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var b sentBatch
	if err := json.NewDecoder(req.Body).Decode(&b); err != nil {
		return nil, err
	}
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-time.After(r.delay):
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, b)
	status, body := 200, "{}"
	if r.answer != nil {
		status, body = r.answer(len(r.batches))
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (r *batchRecorder) sent() []sentBatch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.batches
}

// inBubble runs a test with a clock of its own against a recorder.
func inBubble(t *testing.T, r *batchRecorder, do func(*testing.T, *mlflowclient.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, err := mlflowclient.New(t.Context(), "http://recorder.invalid", mlflowclient.WithTransport(r), mlflowclient.WithRetries(mlflowclient.RetryPolicy{}))
		must(t, err)
		do(t, c)
		must(t, c.Close())
	})
}

func newWriter(t *testing.T, c *mlflowclient.Client, cfg mlflowclient.MetricWriterConfig) *mlflowclient.MetricWriter {
	t.Helper()
	w, err := c.Runs.NewMetricWriter(t.Context(), "r", cfg)
	must(t, err)
	return w
}

func point(i int) mlflowclient.Metric {
	return mlflowclient.Metric{Key: "m", Value: float64(i), Step: int64(i)}
}

func TestMetricWriterBatches(t *testing.T) {
	r := &batchRecorder{}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		w := newWriter(t, c, mlflowclient.MetricWriterConfig{BatchSize: 10, Interval: time.Minute})
		began := time.Now()
		for i := range 25 {
			must(t, w.Log(ctx, point(i)))
		}
		synctest.Wait()
		if n := len(r.sent()); n != 2 || time.Since(began) != 0 {
			t.Fatalf("%d requests for two full batches after %v", n, time.Since(began))
		}
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if n := len(r.sent()); n != 2 {
			t.Errorf("%d requests before the interval is over", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(r.sent()); n != 3 {
			t.Errorf("%d requests after the interval", n)
		}
		must(t, w.Log(ctx, point(25)))
		must(t, w.Flush(ctx))
		if n := len(r.sent()); n != 4 || time.Since(began) != time.Minute {
			t.Errorf("%d requests after a flush at %v", n, time.Since(began))
		}
		must(t, w.Flush(ctx)) // of nothing
		must(t, w.Log(ctx, point(26)))
		must(t, w.Close(ctx))
		must(t, w.Close(ctx))
		step := int64(0)
		for _, b := range r.sent() {
			for _, m := range b.Metrics {
				if m.Step != step || b.RunID != "r" || len(b.Metrics) > 10 {
					t.Fatalf("batch %+v, want step %d", b, step)
				}
				step++
			}
		}
		if step != 27 {
			t.Errorf("%d points", step)
		}
		for _, err := range []error{w.Log(ctx, point(0)), w.SetTag(ctx, "a", "b")} {
			if !errors.Is(err, mlflowclient.ErrWriterClosed) {
				t.Errorf("after the end: %v", err)
			}
		}
	})
}

func TestMetricWriterLimitsOfRequests(t *testing.T) {
	r := &batchRecorder{}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		w := newWriter(t, c, mlflowclient.MetricWriterConfig{Interval: time.Hour})
		must(t, w.LogBatch(ctx, batchOf(0, 150, 130)))
		must(t, w.LogBatch(ctx, batchOf(1500, 0, 0)))
		must(t, w.Close(ctx))
		var metrics, params, tags int
		for _, b := range r.sent() {
			if len(b.Metrics)+len(b.Params)+len(b.Tags) > 1000 || len(b.Params) > 100 || len(b.Tags) > 100 {
				t.Errorf("a request of %d metrics, %d params, %d tags", len(b.Metrics), len(b.Params), len(b.Tags))
			}
			metrics, params, tags = metrics+len(b.Metrics), params+len(b.Params), tags+len(b.Tags)
		}
		if metrics != 1500 || params != 150 || tags != 130 || len(r.sent()) > 4 {
			t.Errorf("%d metrics, %d params, %d tags in %d requests", metrics, params, tags, len(r.sent()))
		}
	})
}

func TestMetricWriterRepeatedKeys(t *testing.T) {
	r := &batchRecorder{}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		w := newWriter(t, c, mlflowclient.MetricWriterConfig{Interval: time.Hour})
		for _, value := range []string{"1", "1", "2"} {
			must(t, w.SetTag(ctx, "tag", value))
		}
		for _, value := range []string{"1", "1", "2"} {
			must(t, w.LogParam(ctx, "param", value))
		}
		must(t, w.Close(ctx))
		if got := fmt.Sprint(r.sent()); got != "[{r [] [{param 1}] [{tag 2}]} {r [] [{param 2}] []}]" {
			t.Errorf("sent %s", got)
		}
	})
}

func TestMetricWriterBackPressure(t *testing.T) {
	r := &batchRecorder{delay: time.Second}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		w := newWriter(t, c, mlflowclient.MetricWriterConfig{BatchSize: 10, Capacity: 20})
		began := time.Now()
		for i := range 100 {
			must(t, w.Log(t.Context(), point(i)))
		}
		// The hundredth is taken when 80 are stored: after eight requests of a second.
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("100 points were taken in %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := w.Log(ctx, point(100)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a full writer and no time: %v", err)
		}
		must(t, w.Close(t.Context()))
		if n := len(r.sent()); n != 10 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestMetricWriterKeepsTrying(t *testing.T) {
	var log bytes.Buffer
	r := &batchRecorder{answer: func(n int) (int, string) {
		switch n {
		case 1:
			return 503, ""
		case 2:
			return 500, `{"error_code":"INTERNAL_ERROR","message":"database is locked"}`
		case 3:
			return 200, "<html>starting</html>"
		case 4:
			return 429, ""
		}
		return 200, "{}"
	}}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		w := newWriter(t, c, mlflowclient.MetricWriterConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, w.Log(t.Context(), point(1)))
		must(t, w.Flush(t.Context()))
		must(t, w.Err())
		must(t, w.Close(t.Context()))
		if n := len(r.sent()); n != 5 || strings.Count(log.String(), "will be repeated") != 4 {
			t.Errorf("%d requests\n%s", n, log.String())
		}
	})
}

func TestMetricWriterGivesUp(t *testing.T) {
	refused := `{"error_code":"INVALID_PARAMETER_VALUE","message":"Changing param values is not allowed"}`
	for name, tt := range map[string]struct {
		answer func(int) (int, string)
		cfg    mlflowclient.MetricWriterConfig
		want   error
		after  time.Duration
	}{
		"refused":      {answer: func(int) (int, string) { return 400, refused }, want: mlflowclient.ErrInvalidParameter},
		"too long":     {answer: func(int) (int, string) { return 503, "" }, want: mlflowclient.ErrUnavailable, after: time.Minute, cfg: mlflowclient.MetricWriterConfig{KeepTrying: time.Minute}},
		"at once":      {answer: func(int) (int, string) { return 503, "" }, want: mlflowclient.ErrUnavailable, cfg: mlflowclient.MetricWriterConfig{KeepTrying: -1}},
		"in the midst": {answer: func(n int) (int, string) { return []int{200, 403}[min(n-1, 1)], "{}" }, want: mlflowclient.ErrPermissionDenied, cfg: mlflowclient.MetricWriterConfig{BatchSize: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, &batchRecorder{answer: tt.answer}, func(t *testing.T, c *mlflowclient.Client) {
				ctx := t.Context()
				w := newWriter(t, c, tt.cfg)
				began := time.Now()
				must(t, w.LogBatch(ctx, batchOf(5, 0, 0)))
				err := w.Flush(ctx)
				lost, ok := errors.AsType[*mlflowclient.MetricWriterError](err)
				if !ok || !errors.Is(err, tt.want) || lost.Stored+lost.Lost != 5 || (lost.Stored == 2) != (name == "in the midst") || lost.RunID != "r" {
					t.Fatalf("flush: %v", err)
				}
				if took := time.Since(began); took < tt.after || took > tt.after+10*time.Second {
					t.Errorf("gave up after %v", took)
				}
				for _, again := range []error{w.Err(), w.Log(ctx, point(1)), w.LogParam(ctx, "a", "b"), w.Close(ctx)} {
					if !errors.Is(again, err) {
						t.Errorf("afterwards %v", again)
					}
				}
			})
		})
	}
}

func TestMetricWriterCloseWithoutTime(t *testing.T) {
	r := &batchRecorder{answer: func(int) (int, string) { return 503, "" }}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		w, err := c.Runs.NewMetricWriter(ctx, "r", mlflowclient.MetricWriterConfig{})
		must(t, err)
		must(t, w.Log(ctx, point(1)))
		cancel()
		began := time.Now()
		if err := w.Close(ctx); !errors.Is(err, mlflowclient.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("closing took %v", took)
		}
	})
}

func TestMetricWriterRefuses(t *testing.T) {
	r := &batchRecorder{}
	inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		for _, cfg := range []mlflowclient.MetricWriterConfig{{BatchSize: 1001}, {BatchSize: -1}, {Interval: -1}, {Capacity: -1}} {
			if _, err := c.Runs.NewMetricWriter(ctx, "r", cfg); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("%+v: %v", cfg, err)
			}
		}
		w := newWriter(t, c, mlflowclient.MetricWriterConfig{})
		for _, err := range []error{
			w.Log(ctx, mlflowclient.Metric{Key: "a#b"}), w.Log(ctx, mlflowclient.Metric{}), w.LogParam(ctx, "../a", ""), w.SetTag(ctx, "", ""),
			w.LogBatch(ctx, mlflowclient.Batch{Metrics: []mlflowclient.Metric{{Key: "good"}, {Key: "bad?"}}}),
		} {
			if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("error %v", err)
			}
		}
		must(t, w.LogBatch(ctx, mlflowclient.Batch{}))
		must(t, w.Close(ctx))
		if n := len(r.sent()); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestMetricWriterOfManyGoroutines(t *testing.T) { eachEnd(t, testMetricWriterOfManyGoroutines) }

func testMetricWriterOfManyGoroutines(t *testing.T, c *mlflowclient.Client) {
	ctx := t.Context()
	const workers, points = 8, 300
	var id string
	must(t, c.Track(ctx, mlflowclient.StartRun{ExperimentID: newExperiment(t, c)}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		id = run.ID
		w, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{Capacity: 500, Interval: 10 * time.Millisecond})
		must(t, err)
		var failed atomic.Bool
		var wg sync.WaitGroup
		for worker := range workers {
			wg.Go(func() {
				for i := range points {
					err := w.Log(ctx, mlflowclient.Metric{Key: fmt.Sprintf("loss/%d", worker), Value: float64(i), Step: int64(i)})
					if i%100 == 0 {
						err = errors.Join(err, w.Flush(ctx), w.LogParam(ctx, fmt.Sprintf("p %d %d", worker, i), "é"), w.SetTag(ctx, "last", fmt.Sprint(i)))
					}
					if err != nil {
						t.Error(err)
						failed.Store(true)
						return
					}
				}
			})
		}
		wg.Wait()
		must(t, w.Log(ctx, mlflowclient.Metric{Key: "nan", Value: math.NaN()}))
		return nil // Track closes the writer
	}))
	run := getRun(t, c, id)
	if run.Status != mlflowclient.StatusFinished || len(run.Params) != workers*points/100 || run.Tags["last"] != "200" || !math.IsNaN(run.Metrics["nan"].Value) {
		t.Errorf("run %+v", run)
	}
	for worker := range workers {
		wantSteps(t, collect(t, c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: id, Key: fmt.Sprintf("loss/%d", worker)})), points)
	}
}

// wantSteps wants each step once, in order.
func wantSteps(t *testing.T, history []*mlflowclient.Metric, n int) {
	t.Helper()
	for i, m := range history {
		if m.Step != int64(i) || m.Value != float64(i) {
			t.Fatalf("point %d is %+v", i, m)
		}
	}
	if len(history) != n {
		t.Errorf("%d points of %d", len(history), n)
	}
}

// TestMetricsThatAreLostFailTheRun wants a run not to pass for finished when its metrics did not arrive.
func TestMetricsThatAreLostFailTheRun(t *testing.T) {
	f, c := withFaults(t)
	f.set(func(w http.ResponseWriter, call string, _ *http.Request) bool {
		if call == "POST runs/log-batch" {
			answer(w, 403, "no")
			return true
		}
		return false
	})
	var id string
	err := c.Track(t.Context(), mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		id = run.ID
		w, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{})
		must(t, err)
		return w.Log(ctx, point(1))
	})
	if !errors.Is(err, mlflowclient.ErrPermissionDenied) || strings.Count(err.Error(), "1 lost") != 1 {
		t.Errorf("error %v", err)
	}
	if run := getRun(t, c, id); run.Status != mlflowclient.StatusFailed {
		t.Errorf("run %+v", run)
	}
}
