package prefectclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"
)

func emitNumbers(s *eventSender, from, to int) (ids []string) {
	for i := from; i < to; i++ {
		id := fmt.Sprintf("%06d", i)
		s.send(Event{ID: id, Name: "n", Resource: Resource{"prefect.resource.id": "x"}, Occurred: now()})
		ids = append(ids, id)
	}
	return ids
}

func deadline(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestEventsKeepTheirOrder(t *testing.T) {
	for _, row := range []struct {
		name     string
		endAfter int
	}{{"one connection", 0}, {"connections that break", 137}} {
		t.Run(row.name, func(t *testing.T) {
			f, in := newFake(t), &sockets{endAfter: row.endAfter}
			f.mux.HandleFunc("GET /events/in", in.serve)
			s := newEventSender(f.client(t))
			want := emitNumbers(s, 0, 1000)
			if row.endAfter > 0 {
				time.AfterFunc(200*time.Millisecond, func() {
					in.mu.Lock()
					defer in.mu.Unlock()
					in.endAfter = 0
				})
			}
			if err := s.stop(t.Context(), 20*time.Second); err != nil {
				t.Fatal(err)
			}
			got := in.ids()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d events came, in order: %v", len(got), slices.IsSorted(got))
			}
			if row.endAfter > 0 && in.opened < 2 {
				t.Error("the connection did not break")
			}
		})
	}
}

func TestEventsGoByPOSTWithoutWebsockets(t *testing.T) {
	f, in := newFake(t), &sockets{refuse: true}
	f.mux.HandleFunc("GET /events/in", in.serve)
	var got []string
	f.mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		var events []Event
		_ = json.NewDecoder(r.Body).Decode(&events)
		if slices.ContainsFunc(events, func(e Event) bool { return e.ID == "000003" }) {
			w.WriteHeader(http.StatusUnprocessableEntity) // one that the server does not take
			return
		}
		for _, e := range events {
			got = append(got, e.ID)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	s := newEventSender(f.client(t))
	want := emitNumbers(s, 0, 250)
	err := s.stop(t.Context(), 20*time.Second)
	if err == nil {
		t.Error("the lost event was not reported")
	}
	if want = slices.Delete(want, 3, 4); !reflect.DeepEqual(got, want) {
		t.Errorf("%d events came", len(got))
	}
}

func TestEventsDoNotWaitForTheServer(t *testing.T) {
	f := newFake(t)
	c := f.client(t)
	f.Close()
	s := newEventSender(c)
	started := time.Now()
	emitNumbers(s, 0, senderCapacity+10)
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("emitting took %v", took)
	}
	if err := s.stop(t.Context(), 50*time.Millisecond); err == nil {
		t.Error("what was not sent was not reported")
	}
	if s.dropped != 10 || len(s.queue) != senderCapacity {
		t.Errorf("%d dropped, %d wait", s.dropped, len(s.queue))
	}
}

func TestSubscribe(t *testing.T) {
	c := server(t)
	name := "test." + unique(t)
	about := Resource{"prefect.resource.id": name}
	sent := must[Event](t)(NewEvent(name, about, map[string]int{"n": 1}))
	sent.Occurred = now().Add(time.Second) // not before the subscription
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	time.AfterFunc(time.Second, func() {
		if err := c.Events.Emit(ctx, sent); err != nil {
			t.Error(err)
		}
	})
	for event, err := range c.Events.Subscribe(ctx, EventFilter{Names: []string{name}}) {
		if err != nil {
			t.Fatal(err)
		}
		if event.ID != sent.ID || string(event.Payload) != `{"n":1}` && string(event.Payload) != `{"n": 1}` {
			t.Errorf("got %+v", event)
		}
		break
	}
	eventually(t, 20*time.Second, "the event is in the server's history", func() bool {
		for event, err := range c.Events.Filter(t.Context(), EventFilter{Names: []string{name}, Since: time.Now().Add(-time.Hour)}) {
			return err == nil && event.ID == sent.ID
		}
		return false
	})
}

func TestSubscribeEnds(t *testing.T) {
	f := newFake(t)
	f.mux.HandleFunc("GET /events/out", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	for event, err := range f.client(t).Events.Subscribe(t.Context(), EventFilter{}) {
		if event != nil || err == nil {
			t.Errorf("got %v, %v", event, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	steps := 0
	for _, err := range newFake(t).client(t).Events.Subscribe(ctx, EventFilter{}) {
		steps++
		if err == nil {
			t.Error("an ended context gave an event")
		}
	}
	if steps != 1 {
		t.Errorf("%d steps", steps)
	}
}

// FuzzStreamed feeds what the server streams with anything.
func FuzzStreamed(f *testing.F) {
	f.Add([]byte(`{"type":"event","event":{"id":"a","occurred":"2026-01-02T03:04:05.678Z","event":"x","resource":{"prefect.resource.id":"y"}}}`))
	f.Add([]byte(`{"type":"event","event":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		event, err := decodeStreamed(data)
		if err == nil && event != nil {
			if event.ID == "" {
				t.Error("an event without an id")
			}
			_, _ = json.Marshal(event)
			_ = event.Resource.ID() + event.Resource.Role()
		}
	})
}

// FuzzStates feeds the answers of the rules with anything.
func FuzzStates(f *testing.F) {
	f.Add([]byte(`{"state":{"id":"a","type":"PENDING","name":null,"timestamp":"2026-01-02T03:04:05Z","state_details":{"scheduled_time":null}},"status":"ACCEPT","details":{"type":"accept_details"}}`))
	f.Add([]byte(`{"state":null,"status":"WAIT","details":{"delay_seconds":1e300,"reason":null}}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var answer orchestrationAnswer
		if json.Unmarshal(data, &answer) == nil {
			result := answer.result()
			if err := result.Err(); err != nil {
				_, _ = io.WriteString(io.Discard, err.Error())
			}
		}
		var node GraphNode
		_ = json.Unmarshal(data, &node)
	})
}
