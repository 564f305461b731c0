package predictsvc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"mlopsgo/internal/onnx"
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
	remove, err := s.openSpool()
	must(t, err)
	done := s.startRecorder(ctx, &group)
	stop = sync.OnceFunc(func() {
		s.drain(done)
		cancel()
		group.Wait()
		must(t, remove())
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
	eventually(t, "the failure is told", func() bool { state := s.recorder.state(); return state.err != nil || state.waiting == 0 })
	postgres.restore()
	stop()
	slices.Sort(acknowledged)
	if diff := cmp.Diff(acknowledged, sortedIDs(kept(t, database))); diff != "" || len(acknowledged) != 1200 {
		t.Errorf("(-acknowledged +in the table):\n%s", diff)
	}
	if state := s.recorder.state(); state != (logState{}) {
		t.Errorf("%+v", state)
	}
}

// nowhere is a Postgres that nobody listens at.
const nowhere = "postgres://nobody@127.0.0.1:1/nothing"

func TestSpoolIsBoundedAndTheEndToo(t *testing.T) {
	logs := &logBuffer{}
	s, stop := recording(t, LogConfig{URL: nowhere, SpoolBytes: 1200, Batch: 2, Flush: time.Millisecond}, 300*time.Millisecond)
	s.recorder.logger = slog.New(slog.NewJSONHandler(logs, nil))
	for i := range 6 { // a frame of two rows has some 300 bytes
		if got := post(s, "["+wine+","+wine+"]"); got.Code != http.StatusOK {
			t.Fatal(got.Code, got.Body)
		}
		eventually(t, "it has come to the disk, or been dropped", func() bool {
			state := s.recorder.state()
			return state.spooled+state.dropped == 2*(i+1)
		})
	}
	eventually(t, "the failure is told", func() bool { return s.recorder.state().err != nil })
	report := s.report()
	if report.Status != "degraded" || report.Log.Waiting < 4 || report.Log.Dropped < 4 || report.Log.Waiting+report.Log.Dropped != 12 ||
		report.Log.Spooled != report.Log.Waiting || report.Log.SpoolBytes > 1200 || report.Log.LastError == "" {
		t.Errorf("%+v", report)
	}
	started := time.Now()
	stop()
	if took := time.Since(started); took > 30*time.Second {
		t.Errorf("the end took %v", took)
	}
	full, atEnd := total(t, s.metrics.logDropped.WithLabelValues("spool full")), total(t, s.metrics.logDropped.WithLabelValues("shutdown"))
	if full != report.Log.Dropped || atEnd != report.Log.Waiting {
		t.Errorf("%d dropped for the spool and %d at the end, want %d and %d", full, atEnd, report.Log.Dropped, report.Log.Waiting)
	}
	post(s, wine) // after the end
	if late := total(t, s.metrics.logDropped.WithLabelValues("shutdown")); late != atEnd+1 {
		t.Errorf("%d dropped after the end, want 1", late-atEnd)
	}
	dropped := s.recorder.state().dropped
	got := postTo(s, "/feedback", `{"request_id":"a","quality":7}`)
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), errLogClosed.Error()) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if after := s.recorder.state().dropped; after != dropped {
		t.Errorf("refused feedback counts as %d lost predictions", after-dropped)
	}
	if text := logs.String(); !strings.Contains(text, "the spool is full") || strings.Count(text, `"level":"ERROR"`) > 2 {
		t.Errorf("the log is\n%s", text)
	}
}

// TestSpoolIsKeptForTheNextStart answers while Postgres is down, ends, and starts with a Postgres.
func TestSpoolIsKeptForTheNextStart(t *testing.T) {
	database, dir := newDatabase(t), t.TempDir()
	var want []string
	for run := range 3 {
		s, stop := recording(t, LogConfig{URL: nowhere, Spool: dir, Flush: time.Hour}, time.Minute)
		for i := range 10 {
			id := fmt.Sprint(run, "-", i)
			want = append(want, id)
			post(s, wine, headerRequestID, id)
		}
		started := time.Now()
		stop()
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("the end took %v, and nothing would have been lost", took)
		}
		if lost := total(t, s.metrics.logDropped.WithLabelValues("shutdown")); lost != 0 {
			t.Errorf("%d rows lost", lost)
		}
	}
	s, stop := recording(t, LogConfig{URL: database.String(), Spool: dir}, time.Minute)
	if _, err := newRecorder(s.recorder.config, s.recorder.logger, newMetrics()).open(); err == nil || !strings.Contains(err.Error(), "--spool-dir") {
		t.Errorf("a second service on the same spool: %v", err)
	}
	stop()
	slices.Sort(want)
	if diff := cmp.Diff(want, sortedIDs(kept(t, database))); diff != "" {
		t.Errorf("(-answered +in the table):\n%s", diff)
	}
}

// TestNothingIsTwiceWhenFramesComeAgain hands the same spool to two services, one after the other, as a crash between writing to Postgres
// and forgetting would.
func TestNothingIsTwiceWhenFramesComeAgain(t *testing.T) {
	database, dir := newDatabase(t), t.TempDir()
	s, stop := recording(t, LogConfig{URL: nowhere, Spool: dir}, time.Minute)
	for i := range 5 {
		post(s, "["+wine+","+wine+"]", headerRequestID, fmt.Sprint(i))
	}
	stop()
	copied := t.TempDir()
	must(t, os.CopyFS(copied, os.DirFS(dir)))
	for _, dir := range []string{dir, copied} {
		s, stop = recording(t, LogConfig{URL: database.String(), Spool: dir}, time.Minute)
		stop()
		if state := s.recorder.state(); state.waiting != 0 {
			t.Errorf("%+v", state)
		}
	}
	if got := kept(t, database); len(got) != 10 {
		t.Errorf("%d rows, want 10", len(got))
	}
}

// TestDiskThatTakesNothing has a spool whose folder is gone: predictions go to Postgres directly, and nothing is lost when that is away.
func TestDiskThatTakesNothing(t *testing.T) {
	database := newDatabase(t)
	postgres := newProxy(t, database.Host)
	through := *database
	through.Host = postgres.address
	dir := filepath.Join(t.TempDir(), "spool")
	s, stop := recording(t, LogConfig{URL: through.String(), Spool: dir, Flush: time.Millisecond}, time.Minute)
	must(t, os.RemoveAll(dir))
	post(s, wine, headerRequestID, "first")
	eventually(t, "it is written", func() bool { return total(t, s.metrics.logWritten) == 1 })
	if state := s.recorder.state(); state.err == nil || s.report().Status != "degraded" {
		t.Errorf("the failing disk is not told: %+v", state)
	}
	postgres.cut()
	post(s, wine, headerRequestID, "second")
	time.Sleep(2 * diskRetry)
	must(t, os.Mkdir(dir, 0o700))
	eventually(t, "it is in the spool", func() bool { return s.recorder.state().spooled == 1 })
	postgres.restore()
	eventually(t, "it is written", func() bool { return total(t, s.metrics.logWritten) == 2 })
	stop()
	if diff := cmp.Diff([]string{"first", "second"}, sortedIDs(kept(t, database))); diff != "" {
		t.Error(diff)
	}
}

func TestOneBadRowCostsItselfOnly(t *testing.T) {
	database := newDatabase(t)
	s, stop := recording(t, LogConfig{URL: database.String(), Flush: time.Hour}, 0)
	m := s.follower.current.Load()
	for i, value := range []float64{1, math.Inf(1), 3} { // JSON has no infinity, and no request can bring one
		sc := m.scorer()
		sc.table.rows, sc.table.values = 1, append(sc.table.values[:0], 1, 1, 1, value)
		must(t, sc.score())
		s.keep(sc, fmt.Sprint(i), time.Now())
	}
	stop()
	if diff := cmp.Diff([]string{"0", "2"}, sortedIDs(kept(t, database))); diff != "" {
		t.Error(diff)
	}
	if dropped := s.recorder.state().dropped; dropped != 1 {
		t.Errorf("%d rows dropped", dropped)
	}
	if bad := total(t, s.metrics.logDropped.WithLabelValues("invalid")); bad != 1 {
		t.Errorf("%d counted as invalid", bad)
	}
}

// noNumbers makes the probabilities of the first class NaN and those of the second infinite, as a softmax of huge sums in float32 does.
type noNumbers struct {
	evaluator
	classes []class
}

func (e noNumbers) evaluate(values []float64, texts []string, rows int) ([]*onnx.Tensor, error) {
	outputs, err := e.evaluator.evaluate(values, texts, rows)
	for i, v := range []float64{math.NaN(), math.Inf(1)} {
		t := outputs[e.classes[i].output]
		for row := range rows {
			if at := row*width(t) + e.classes[i].column; t.Type == onnx.Double {
				t.F64[at] = v
			} else {
				t.F32[at] = float32(v)
			}
		}
	}
	return outputs, err
}

func TestProbabilitiesThatAreNoNumbersAreAnsweredAndKeptAsNull(t *testing.T) {
	database := newDatabase(t)
	s, stop := recording(t, LogConfig{URL: database.String(), Flush: time.Hour}, 0)
	e := s.follower.current.Load().engine
	inner := e.newEvaluator
	e.newEvaluator = func() evaluator { return noNumbers{inner(), e.classes} }
	s.follower.current.Load().scorers = sync.Pool{New: func() any { return s.follower.current.Load().newScorer() }}
	const infer = `{"inputs":[{"name":"input","shape":[1,4],"datatype":"FP64","data":[0,0,0,12]}]}`
	for path, body := range map[string]string{"/predict?details=1": wine, "/v2/models/sk-rfc-model/infer": infer} {
		got := request(t, s, http.MethodPost, path, jsonType, body)
		if got.Code != http.StatusOK || !json.Valid(got.Body.Bytes()) || strings.Count(got.Body.String(), "null") != 2 {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	stop()
	rows := texts(t, database.String(), "SELECT probabilities::text FROM predictions")
	if diff := cmp.Diff([]string{`{"5": null, "6": null}`, `{"5": null, "6": null}`}, rows); diff != "" || s.recorder.state().dropped != 0 {
		t.Errorf("(-want +in the table):\n%s", diff)
	}
}
