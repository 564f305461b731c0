package predictsvc

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// recording is a service in the process whose predictions are kept; stop ends it as Serve does.
func recording(t *testing.T, log LogConfig, shutdown time.Duration) (s *Service, stop func()) {
	t.Helper()
	log.Enabled = true
	s = newService(t, Config{Log: log, Shutdown: shutdown, MaxRows: 10})
	m, err := folderModel(t, modelFiles(t, tinyForest(5, 6), nil))
	must(t, err)
	s.follower.swap(m)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	done := s.startRecorder(ctx, &group)
	stop = sync.OnceFunc(func() {
		s.drain(done)
		cancel()
		group.Wait()
	})
	t.Cleanup(stop)
	return s, stop
}

// total is a counter's value.
func total(t *testing.T, c prometheus.Counter) int {
	t.Helper()
	var metric dto.Metric
	must(t, c.Write(&metric))
	return int(metric.GetCounter().GetValue())
}

func TestWhatIsKept(t *testing.T) {
	database := newDatabase(t)
	s, stop := recording(t, LogConfig{URL: database.String(), Flush: time.Hour}, 0) // written at the end
	before := time.Now().Add(-time.Second)
	post(s, "["+wine+","+strings.ReplaceAll(wine, "9.4", "13")+"]", headerRequestID, "first")
	post(s, "{}", headerRequestID, "refused")
	stop()
	got := kept(t, database)
	if len(got) != 2 {
		t.Fatalf("%d rows, want 2", len(got))
	}
	for i, p := range got {
		want := p
		want.RequestID, want.Row, want.Model, want.Version, want.RunID = "first", i, "sk-rfc-model", "3", "run-7"
		want.Features = map[string]any{"volatile acidity": 0.7, "citric acid": 0.0, "sulphates": 0.56, "alcohol": []float64{9.4, 13}[i]}
		want.Prediction = []string{"5", "6"}[i]
		want.Probabilities = map[string]float64{"5": []float64{0.75, 0.25}[i], "6": []float64{0.25, 0.75}[i]}
		if diff := cmp.Diff(want, p); diff != "" || p.Time.Before(before) || p.Time.After(time.Now()) || p.Latency < 0 || p.Latency > time.Minute {
			t.Errorf("%+v (-want +got):\n%s", p, diff)
		}
	}
	if written := total(t, s.metrics.logWritten); written != 2 {
		t.Errorf("%d counted as written", written)
	}
}

func TestPostgresCutAndBackKeepsEveryAnswerOnce(t *testing.T) {
	database := newDatabase(t)
	postgres := newProxy(t, database.Host)
	through := *database
	through.Host = postgres.address
	s, stop := recording(t, LogConfig{URL: through.String(), Batch: 20, Flush: 10 * time.Millisecond}, time.Minute)
	var mu sync.Mutex
	var acknowledged []string
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 300 {
				id := fmt.Sprintf("%d-%d", worker, i)
				if got := post(s, wine, headerRequestID, id); got.Code != http.StatusOK {
					t.Error(got.Code, got.Body)
					continue
				}
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
				time.Sleep(time.Millisecond)
			}
		})
	}
	for range 3 {
		before := total(t, s.metrics.logWritten)
		eventually(t, "rows are written", func() bool { return total(t, s.metrics.logWritten) > before || total(t, s.metrics.logWritten) == 1200 })
		postgres.cut()
		time.Sleep(50 * time.Millisecond)
		postgres.restore()
	}
	postgres.cut()
	group.Wait()
	eventually(t, "the failure is told", func() bool { rows, _, err := s.recorder.state(); return err != nil || rows == 0 })
	postgres.restore()
	stop()
	slices.Sort(acknowledged)
	if diff := cmp.Diff(acknowledged, sortedIDs(kept(t, database))); diff != "" || len(acknowledged) != 1200 {
		t.Errorf("(-acknowledged +in the table):\n%s", diff)
	}
	if rows, _, err := s.recorder.state(); rows != 0 || err != nil {
		t.Errorf("%d rows wait, %v", rows, err)
	}
}

func TestQueueIsBoundedAndTheEndToo(t *testing.T) {
	logs := &logBuffer{}
	s, stop := recording(t, LogConfig{URL: "postgres://nobody@127.0.0.1:1/nothing", Queue: 5, Batch: 2, Flush: time.Millisecond}, 300*time.Millisecond)
	s.recorder.logger = slog.New(slog.NewJSONHandler(logs, nil))
	for range 4 { // the last two find too little room
		if got := post(s, "["+wine+","+wine+"]"); got.Code != http.StatusOK {
			t.Fatal(got.Code, got.Body)
		}
	}
	eventually(t, "the failure is told", func() bool { _, _, err := s.recorder.state(); return err != nil })
	if report := s.report(); report.Status != "degraded" || report.Log.Waiting != 4 || report.Log.Dropped != 4 || report.Log.LastError == "" {
		t.Errorf("%+v", report)
	}
	started := time.Now()
	stop()
	if took := time.Since(started); took > 30*time.Second {
		t.Errorf("the end took %v", took)
	}
	full, atEnd := total(t, s.metrics.logDropped.WithLabelValues("queue full")), total(t, s.metrics.logDropped.WithLabelValues("shutdown"))
	if full != 4 || atEnd != 4 {
		t.Errorf("%d dropped for the queue and %d at the end, want 4 and 4", full, atEnd)
	}
	post(s, wine) // after the end
	if late := total(t, s.metrics.logDropped.WithLabelValues("queue full")); late != 5 {
		t.Errorf("%d dropped, want 5", late)
	}
	if text := logs.String(); !strings.Contains(text, `"rows":4`) || !strings.Contains(text, "were not written") || strings.Count(text, "predictions are dropped") > 1 {
		t.Errorf("the log is\n%s", text)
	}
}

func TestOneBadRowCostsItselfOnly(t *testing.T) {
	database := newDatabase(t)
	s, stop := recording(t, LogConfig{URL: database.String(), Flush: time.Hour}, 0)
	m := s.follower.current.Load()
	for i, value := range []float64{1, math.Inf(1), 3} { // JSON has no infinity, and no request can bring one
		s.recorder.offer(&record{
			model: m, requestID: fmt.Sprint(i), at: time.Now(), rows: 1, values: []float64{1, 1, 1, value}, labels: []string{"5"},
			probabilities: []float64{0.5, 0.5},
		})
	}
	stop()
	if diff := cmp.Diff([]string{"0", "2"}, sortedIDs(kept(t, database))); diff != "" {
		t.Error(diff)
	}
	if _, dropped, _ := s.recorder.state(); dropped != 1 {
		t.Errorf("%d rows dropped", dropped)
	}
	if bad := total(t, s.metrics.logDropped.WithLabelValues("invalid")); bad != 1 {
		t.Errorf("%d counted as invalid", bad)
	}
}
