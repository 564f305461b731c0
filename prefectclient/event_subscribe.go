package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/coder/websocket"

	"mlopsgo/internal/rest"
)

// Subscribe gives the events that match as they happen, until the context ends: then the last pair holds its error. A
// lost connection is made anew, and what happened meanwhile is given too; no event is given twice. Credentials that
// are not taken end it with an [ErrUnauthorized].
func (s *EventsService) Subscribe(ctx context.Context, filter EventFilter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		if filter.Since.IsZero() {
			filter.Since = now()
		}
		sub := subscription{client: s.client, filter: filter}
		more := true
		err := sub.run(ctx, func(e *Event) bool { more = yield(e, nil); return more })
		if more {
			yield(nil, err)
		}
	}
}

// subscription follows the server's events through reconnections.
type subscription struct {
	client *Client
	filter EventFilter
	// connected is called, if set, each time that the server has taken the filter.
	connected func()
	seen      recent
}

// overlap is how far back a new connection asks, because events arrive out of the order of their times.
const overlap = 10 * time.Second

// run calls got for each event until it says false (nil), the context ends, or the server refuses for good.
func (s *subscription) run(ctx context.Context, got func(*Event) bool) error {
	for failures := 0; ; {
		started := time.Now()
		done, err := s.follow(ctx, got)
		switch {
		case done:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrInvalid):
			return err
		}
		if time.Since(started) > 30*time.Second {
			failures = 0
		}
		if !rest.Wait(ctx, reconnectWait(failures)) {
			return context.Cause(ctx)
		}
		failures++
	}
}

// reconnectWait grows from a tenth of a second to five.
func reconnectWait(failures int) time.Duration {
	return min(100*time.Millisecond<<min(failures, 10), 5*time.Second)
}

// follow reads one connection to its end.
func (s *subscription) follow(ctx context.Context, got func(*Event) bool) (done bool, err error) {
	conn, err := s.client.openSocket(ctx, "/events/out")
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.CloseNow() }()
	filter := s.filter
	if filter.Until.IsZero() {
		filter.Until = now().AddDate(1, 0, 0) // the server's default is now, which would give no new event
	}
	if err := writeJSON(ctx, conn, map[string]any{"type": "filter", "filter": filter}); err != nil {
		return false, err
	}
	if s.connected != nil {
		s.connected()
	}
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			var closed websocket.CloseError
			if errors.As(err, &closed) && closed.Code == websocket.StatusProtocolError {
				return false, &Error{Status: 400, Method: "WEBSOCKET", Path: "/events/out", Message: closed.Reason}
			}
			return false, err
		}
		event, err := decodeStreamed(data)
		if err != nil || event == nil {
			continue // a message of another kind, or of a later version
		}
		if event.Occurred.Add(-overlap).After(s.filter.Since) {
			s.filter.Since = event.Occurred.Add(-overlap)
		}
		if s.seen.add(event.ID) && !got(event) {
			return true, nil
		}
	}
}

// decodeStreamed reads a message of /events/out; nil for one that is no event.
func decodeStreamed(data []byte) (*Event, error) {
	var message struct {
		Type  string `json:"type"`
		Event *Event `json:"event"`
	}
	if err := json.Unmarshal(data, &message); err != nil {
		return nil, err
	}
	if message.Type != "event" || message.Event == nil || message.Event.ID == "" {
		return nil, nil
	}
	return message.Event, nil
}

// recent remembers the last ids.
type recent struct {
	ids  map[string]bool
	ring []string
	next int
}

const recentSize = 4096

// add reports whether the id is new.
func (r *recent) add(id string) bool {
	if r.ids == nil {
		r.ids = make(map[string]bool, recentSize)
		r.ring = make([]string, recentSize)
	}
	if r.ids[id] {
		return false
	}
	delete(r.ids, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % recentSize
	r.ids[id] = true
	return true
}
