package prefectclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// logServer collects what is posted to /logs/.
type logServer struct {
	mu      sync.Mutex
	batches [][]Log
	status  int
}

func (s *logServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	var batch []Log
	_ = json.NewDecoder(r.Body).Decode(&batch)
	s.batches = append(s.batches, batch)
	w.WriteHeader(http.StatusCreated)
}

func (s *logServer) setStatus(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func (s *logServer) all() (logs []Log) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, batch := range s.batches {
		logs = append(logs, batch...)
	}
	return logs
}

func TestLogsAreBatched(t *testing.T) {
	f, in := newFake(t), &logServer{}
	f.mux.HandleFunc("POST /logs/", in.serve)
	s := newLogSender(f.client(t))
	for i := range 1200 {
		s.write(Log{Message: fmt.Sprint(i)})
	}
	s.write(Log{Message: strings.Repeat("x", logMessageBytes+1)})
	if err := s.stop(deadline(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	logs := in.all()
	if len(logs) != 1201 || len(in.batches) > 6 {
		t.Fatalf("%d records in %d batches", len(logs), len(in.batches))
	}
	for i := range 1200 {
		if logs[i].Message != fmt.Sprint(i) {
			t.Fatalf("record %d is %q", i, logs[i].Message)
		}
	}
	if last := logs[1200].Message; len(last) > logMessageBytes+100 || !strings.HasSuffix(last, "bytes in all)") {
		t.Errorf("a long message has %d bytes", len(last))
	}
}

func TestLogsAreSentAfterAWhile(t *testing.T) {
	f, in := newFake(t), &logServer{}
	f.mux.HandleFunc("POST /logs/", in.serve)
	s := newLogSender(f.client(t))
	s.write(Log{Message: "one"})
	eventually(t, 2*logInterval, "the record is sent without a flush", func() bool { return len(in.all()) == 1 })
	if err := s.stop(deadline(t, time.Second)); err != nil {
		t.Error(err)
	}
}

func TestLogsOutliveAnUnreachableServer(t *testing.T) {
	f, in := newFake(t), &logServer{status: http.StatusBadGateway}
	f.mux.HandleFunc("POST /logs/", in.serve)
	s := newLogSender(f.client(t, WithMaxRetries(0)))
	s.capacity = 10_000
	big := strings.Repeat("x", 1000)
	for range s.capacity/(len(big)+logOverhead) + 3 {
		s.write(Log{Message: big}) // never waits
	}
	if err := s.flush(deadline(t, time.Second)); err == nil {
		t.Error("a flush to an unreachable server succeeded")
	}
	in.setStatus(0)
	if err := s.stop(deadline(t, 20*time.Second)); err != nil {
		t.Error(err)
	}
	logs := in.all()
	if note := logs[0]; note.Level != LogWarning || note.Message != "3 log records were dropped because the server was not reached" {
		t.Errorf("the first record is %d %.80q", note.Level, note.Message)
	}
}

func TestLogsThatAreRefused(t *testing.T) {
	f, in := newFake(t), &logServer{status: http.StatusUnprocessableEntity}
	f.mux.HandleFunc("POST /logs/", in.serve)
	s := newLogSender(f.client(t))
	s.write(Log{Message: "one"})
	if err := s.stop(deadline(t, 5*time.Second)); err != nil {
		t.Errorf("records that the server never takes hold up the end: %v", err)
	}
}

func TestLoggerOfARun(t *testing.T) {
	f, in := newFake(t), &logServer{}
	f.mux.HandleFunc("POST /logs/", in.serve)
	var local bytes.Buffer
	c := f.client(t, WithLogger(slog.New(slog.NewTextHandler(&local, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: dropTime}))))
	s := &session{client: c, logs: newLogSender(c)}
	ctx := withRun(t.Context(), &runContext{session: s, flow: &flowRunState{id: "f", name: "run"}, task: &taskRunState{id: "t", name: "step"}})
	logger := Logger(ctx)
	logger.Debug("hidden")
	logger.Info("plain")
	logger.With("a", 1).WithGroup("g").Warn("with attributes", "b", "two words")
	if err := s.logs.stop(deadline(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	want := []Log{
		{Name: "prefect.task_runs", Level: LogInfo, Message: "plain", FlowRunID: "f", TaskRunID: "t"},
		{Name: "prefect.task_runs", Level: LogWarning, Message: `with attributes a=1 g.b="two words"`, FlowRunID: "f", TaskRunID: "t"},
	}
	for i, log := range in.all() {
		if log.Timestamp.IsZero() {
			t.Error("a record has no time")
		}
		log.Timestamp = time.Time{}
		if i >= len(want) || log != want[i] {
			t.Errorf("record %d is %+v", i, log)
		}
	}
	if got := local.String(); got != "level=WARN msg=\"with attributes\" flow_run=run task_run=step a=1 g.b=\"two words\"\n" {
		t.Errorf("the local log is %q", got)
	}
	if Logger(context.Background()) != slog.Default() {
		t.Error("outside of runs the logger is not the default one")
	}
}

func dropTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func TestLevels(t *testing.T) {
	for level, want := range map[slog.Level]LogLevel{
		slog.LevelDebug: LogDebug, slog.LevelInfo: LogInfo, slog.LevelWarn: LogWarning, slog.LevelError: LogError,
		slog.LevelError + 4: LogCritical, slog.LevelError + 100: LogCritical, slog.LevelDebug - 100: 1,
	} {
		if got := levelOf(level); got != want {
			t.Errorf("%v gives %d, not %d", level, got, want)
		}
	}
}
