package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stateServer takes states of one flow run; the first answers of a proposal can be lost after it was carried out.
type stateServer struct {
	mu      sync.Mutex
	states  []State
	lose    int
	foreign bool // another client's transition comes first
	during  func()
}

func (s *stateServer) serve(f *fake) {
	f.mux.HandleFunc("POST /flow_runs/{id}/set_state", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		var p struct{ State State }
		_ = json.NewDecoder(r.Body).Decode(&p)
		if n := len(s.states); n > 0 && s.states[n-1].Type == p.State.Type {
			fmt.Fprintf(w, `{"status":"ABORT","state":%s,"details":{"reason":"it is so already"}}`, mustJSON(s.states[n-1]))
			return
		}
		if s.foreign {
			p.State.Details.TransitionID = "another"
		}
		s.states = append(s.states, p.State)
		if s.during != nil {
			s.during()
			s.during = nil
		}
		if s.lose > 0 {
			s.lose--
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, `{"status":"ACCEPT","state":%s,"details":{}}`, mustJSON(p.State))
	})
	f.mux.HandleFunc("GET /flow_runs/{id}", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprintf(w, `{"id":"r","state":%s}`, mustJSON(s.states[len(s.states)-1]))
	})
}

// TestALostAnswerToAClaim: a claim whose answer was lost is ours when it is found again, and only then.
func TestALostAnswerToAClaim(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		f, s := newFake(t), &stateServer{lose: 1, foreign: foreign}
		s.serve(f)
		answer := must[*Orchestration](t)(f.client(t).FlowRuns.SetState(t.Context(), "r", State{Type: StatePending}))
		if want := map[bool]SetStateStatus{false: Accepted, true: Aborted}[foreign]; answer.Status != want {
			t.Errorf("foreign %v: %s, not %s", foreign, answer.Status, want)
		}
	}
}

// TestTheEngineOutlivesAnOutage: the final state is proposed until the server takes it.
func TestTheEngineOutlivesAnOutage(t *testing.T) {
	f, s := newFake(t), &stateServer{}
	s.serve(f)
	c := f.client(t, WithMaxRetries(0))
	e := &flowEngine{spec: &flowSpec{}, session: &session{client: c, patience: time.Minute}, run: &flowRunState{id: "r"}, log: slog.New(slog.DiscardHandler)}
	s.lose = 1
	state, err := e.propose(t.Context(), State{Type: StateRunning}, opening)
	if err != nil || state.Type != StateRunning {
		t.Errorf("got %v, %v", state, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.lose = 1
	if state, err = e.propose(ended, State{Type: StateCompleted}, closing); err != nil || state.Type != StateCompleted {
		t.Errorf("after the context's end: %v, %v", state, err)
	}
	if _, err = e.propose(ended, State{Type: StateFailed}, opening); err == nil {
		t.Error("an attempt began after the context's end")
	}
	e.session.patience = 0
	f.Close()
	if _, err = e.propose(t.Context(), State{Type: StateCrashed}, closing); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without patience: %v", err)
	}
}

// TestAnEndIsToldThoughTheContextEnds: the context ends while the server takes its time over the final state.
func TestAnEndIsToldThoughTheContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, s := newFake(t), &stateServer{during: func() { cancel(); time.Sleep(50 * time.Millisecond) }}
	s.serve(f)
	e := &flowEngine{
		spec: &flowSpec{}, session: &session{client: f.client(t), patience: time.Minute}, run: &flowRunState{id: "r"},
		log: slog.New(slog.DiscardHandler),
	}
	if state, err := e.propose(ctx, State{Type: StateCompleted}, closing); err != nil || state.Type != StateCompleted || len(s.states) != 1 {
		t.Errorf("%v, %v after %d proposals", state, err, len(s.states))
	}
}

// TestARunThatCannotBeginIsEnded: the context ends while the run is moved to RUNNING.
func TestARunThatCannotBeginIsEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, s := newFake(t), &stateServer{during: func() { cancel(); time.Sleep(50 * time.Millisecond) }}
	s.serve(f)
	f.answer("POST /flows/", http.StatusCreated, `{"id":"f","name":"n"}`)
	f.answer("POST /flow_runs/", http.StatusCreated, `{"id":"r","flow_id":"f","name":"run"}`)
	flow := NewFlow("n", func(context.Context, struct{}) (int, error) { t.Error("it began"); return 0, nil })
	_, err := flow.Run(NewContext(ctx, f.client(t)), struct{}{})
	if s.mu.Lock(); !errors.Is(err, context.Canceled) || len(s.states) != 2 || s.states[1].Type != StateCrashed {
		t.Errorf("%v, states %v", err, s.states)
	}
	s.mu.Unlock()
}

// TestTaskRunsOfALostAttempt: one that never ran does not say of which attempt it is.
func TestTaskRunsOfALostAttempt(t *testing.T) {
	for now, want := range map[int]string{1: "[waits ran]", 2: "[ran]"} {
		f := newFake(t)
		var ended []string
		f.answer("POST /task_runs/filter", 200, `[{"id":"waits"},{"id":"ran","flow_run_run_count":1},{"id":"next","flow_run_run_count":2}]`)
		f.answer("GET /flow_runs/r", 200, fmt.Sprintf(`{"id":"r","run_count":%d}`, now))
		f.mux.HandleFunc("POST /task_runs/{id}/set_state", func(w http.ResponseWriter, r *http.Request) {
			ended = append(ended, r.PathValue("id"))
			fmt.Fprint(w, `{"status":"ACCEPT","details":{}}`)
		})
		l := &lostRuns{client: f.client(t), log: slog.New(slog.DiscardHandler)}
		l.crashTasks(t.Context(), lostRun{id: "r", attempt: 1, reason: "lost"})
		if fmt.Sprint(ended) != want {
			t.Errorf("with %d attempts begun, %v were ended and not %s", now, ended, want)
		}
	}
}

// TestMissingTaskRunsAreSentAgain plays a server that lost events which it had confirmed.
func TestMissingTaskRunsAreSentAgain(t *testing.T) {
	f, in := newFake(t), &sockets{}
	f.mux.HandleFunc("GET /events/in", in.serve)
	var posted atomic.Int32
	f.mux.HandleFunc("POST /task_runs/count", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, 1+posted.Load()) })
	f.answer("POST /task_runs/filter", 200, `[{"id":"a","state_type":"COMPLETED"}]`)
	f.mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != `[{"id":"final b"}]` {
			t.Errorf("sent again: %s", body)
		}
		posted.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	c := f.client(t)
	s := &session{client: c, events: newEventSender(c)}
	defer func() { _ = s.events.stop(t.Context(), time.Second) }()
	run := &flowRunState{id: "r"}
	run.remember("a", []byte(`{"id":"final a"}`))
	run.remember("b", []byte(`{"id":"final b"}`))
	if err := s.check(t.Context(), run, time.Minute); err != nil || posted.Load() != 1 {
		t.Errorf("%d posts, %v", posted.Load(), err)
	}
}

func TestALostConcurrencySlotEndsTheRun(t *testing.T) {
	f, in, s := newFake(t), &sockets{}, &stateServer{}
	f.mux.HandleFunc("GET /events/in", in.serve)
	f.answer("POST /logs/", 201, "")
	s.serve(f)
	var renewed atomic.Int32
	f.mux.HandleFunc("POST /v2/concurrency_limits/leases/l/renew", func(w http.ResponseWriter, _ *http.Request) {
		renewed.Add(1)
		w.WriteHeader(http.StatusGone)
	})
	session := newSession(f.client(t))
	e := &flowEngine{spec: &flowSpec{}, session: session, run: &flowRunState{id: "r", related: []Resource{{}}}}
	e.body = func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	ctx := withRun(t.Context(), &runContext{session: session, flow: e.run})
	running := &State{Type: StateRunning, Details: StateDetails{DeploymentConcurrencyLeaseID: "l"}}
	if err := e.callBody(ctx, running); !errors.Is(err, ErrGone) || renewed.Load() != 1 {
		t.Errorf("%d renewals, %v", renewed.Load(), err)
	}
	if err := session.close(t.Context()); err != nil {
		t.Error(err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.events) != 1 || in.events[0].Name != "prefect.flow-run.heartbeat" || in.events[0].Resource.ID() != "prefect.flow-run.r" {
		t.Errorf("the heartbeats are %+v", in.events)
	}
}

func TestWorkerWaitsForItsServer(t *testing.T) {
	f := newFake(t)
	c := f.client(t, WithMaxRetries(0))
	f.Close()
	w := must[*Worker](t)(NewWorker(c, WorkerConfig{Pool: "p", Name: "w"}, NewFlow("f", func(context.Context, struct{}) (int, error) { return 0, nil })))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	if err := w.Run(ctx); err != nil || time.Since(started) < 250*time.Millisecond || w.Name() != "w" {
		t.Errorf("after %v: %v", time.Since(started), err)
	}
}

// TestTaskEvents pins the wire form of a task run's events.
func TestTaskEvents(t *testing.T) {
	spec := &taskSpec{key: "k"}
	spec.retries, spec.delays, spec.jitter, spec.tags = 2, []time.Duration{time.Second, 1500 * time.Millisecond}, 0.5, []string{"x"}
	run := &taskRunState{id: "t", name: "n", dynamicKey: "d", spec: spec, inputs: map[string][]TaskInput{"a": {}}, flowRunCount: 1}
	flow := &flowRunState{related: []Resource{resource("flow-run", "f", "", "flow-run")}}
	var previous *State
	for i, kind := range []StateType{StatePending, StateRunning, StateCompleted} {
		state := State{Type: kind}
		before := run.move(&state)
		if before != previous {
			t.Error("the previous state is another")
		}
		var event struct {
			Event
			Payload taskEventPayload `json:"payload"`
		}
		if err := json.Unmarshal(run.event(before, &state, flow), &event); err != nil {
			t.Fatal(err)
		}
		if event.ID != state.ID || !event.Occurred.Equal(state.Timestamp) || event.Name != "prefect.task-run."+kind.title() {
			t.Errorf("the event is %+v", event.Event)
		}
		if previous != nil && (event.Follows != previous.ID || *event.Payload.Intended.From != previous.Type || !state.Timestamp.After(previous.Timestamp)) {
			t.Errorf("event %d does not follow the one before: %+v", i, event)
		}
		if string(event.Payload.TaskRun.Policy.RetryDelay) != "[1,1.5]" || *event.Payload.TaskRun.Policy.RetryJitterFactor != 0.5 {
			t.Errorf("the policy is %+v", event.Payload.TaskRun.Policy)
		}
		roles := []string{}
		for _, r := range event.Related {
			roles = append(roles, r.Role())
		}
		if !reflect.DeepEqual(roles, []string{"tag", "flow-run"}) {
			t.Errorf("related are %v", roles)
		}
		previous = &state
	}
	if run.runCount != 1 || run.ended.IsZero() || run.total <= 0 {
		t.Errorf("the run is %+v", run)
	}
}

func TestStatesAsText(t *testing.T) {
	for want, state := range map[string]State{
		"Completed()":                   {Type: StateCompleted},
		"Failed('no')":                  {Type: StateFailed, Name: "Failed", Message: "no"},
		"TimedOut('slow', type=FAILED)": {Type: StateFailed, Name: "TimedOut", Message: "slow"},
		"AwaitingRetry(type=SCHEDULED)": {Type: StateScheduled, Name: "AwaitingRetry"},
	} {
		if got := state.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if long := truncate(strings.Repeat("x", 200_000)); len(long) > 100_010 {
		t.Errorf("a message has %d bytes", len(long))
	}
}
