package mlflowclient_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// TestMetricsOfManyGoroutines logs from many sides: each point is there once, and a wrong one is its own caller's trouble.
func TestMetricsOfManyGoroutines(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := startRun(t, c)
		const workers, points = 8, 25
		var all sync.WaitGroup
		for worker := range workers {
			all.Go(func() {
				for i := range points {
					m := mlflowclient.Metric{Key: "m", Value: float64(i), Step: int64(worker*points + i)}
					wrong := worker == 0 && i%5 == 0
					if wrong {
						m.Key = "no $ sign"
					}
					err := run.LogMetric(ctx, m)
					if wrong != errors.Is(err, mlflowclient.ErrInvalidParameter) || !wrong && err != nil {
						t.Errorf("worker %d, point %d: %v", worker, i, err)
					}
				}
			})
		}
		all.Wait()
		seen := map[int64]int{}
		for m, err := range c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: "m"}) {
			must(t, err)
			seen[m.Step]++
		}
		if len(seen) != workers*points-5 {
			t.Errorf("%d points are stored", len(seen))
		}
		for step, n := range seen {
			if n != 1 {
				t.Errorf("step %d is stored %d times", step, n)
			}
		}
	})
}

// TestMetricsShareCalls counts what goes over the wire, and gives up the wait for one point without hurting the others.
func TestMetricsShareCalls(t *testing.T) {
	target, err := url.Parse(stack.Get(t).MLflowURI)
	must(t, err)
	var calls atomic.Int32
	held := make(chan struct{})
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := calls.Add(1); r.Method == http.MethodPost && n == 3 { // after the experiment and the run: the first point
			<-held
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	c := open(t, front.URL)
	run := startRun(t, c)
	var all sync.WaitGroup
	log := func(ctx context.Context, step int64, want error) {
		all.Go(func() {
			if err := run.LogMetric(ctx, mlflowclient.Metric{Key: "m", Step: step}); !errors.Is(err, want) {
				t.Errorf("step %d: %v", step, err)
			}
		})
	}
	log(t.Context(), 0, nil)
	for calls.Load() < 3 { // until the first point is under way
		time.Sleep(time.Millisecond)
	}
	impatient, cancel := context.WithCancel(t.Context())
	for step := range int64(20) {
		log(t.Context(), step+1, nil)
	}
	log(impatient, 100, context.Canceled)
	cancel()
	close(held)
	all.Wait()
	if n := calls.Load(); n > 3+20/2 {
		t.Errorf("21 points took %d calls", n-2)
	}
	n := 0
	for _, err := range c.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: run.ID, Key: "m"}) {
		must(t, err)
		n++
	}
	if n < 21 {
		t.Errorf("%d points are stored", n)
	}
}

// TestMetricsThatAreRefusedTogether: each point goes alone only when one of them may be wrong, not to a server that has too many calls already.
func TestMetricsThatAreRefusedTogether(t *testing.T) {
	for status, alone := range map[int]int{
		http.StatusBadRequest: 10, http.StatusUnauthorized: 0, http.StatusForbidden: 0, http.StatusNotFound: 0, http.StatusTooManyRequests: 0,
	} {
		r := &batchRecorder{delay: time.Second, answer: func(n int) (int, string) { // the others wait for the first
			if n == 2 {
				return status, "{}"
			}
			return http.StatusOK, "{}"
		}}
		inBubble(t, r, func(t *testing.T, c *mlflowclient.Client) {
			var all sync.WaitGroup
			var failed atomic.Int32
			for range 11 {
				all.Go(func() {
					if c.Runs.LogMetric(t.Context(), "run", mlflowclient.Metric{Key: "m"}) != nil {
						failed.Add(1)
					}
				})
			}
			all.Wait()
			if calls := len(r.sent()); calls != 2+alone || failed.Load() != int32(10-alone) {
				t.Errorf("%d: %d calls, %d callers got an error", status, calls, failed.Load())
			}
		})
	}
}
