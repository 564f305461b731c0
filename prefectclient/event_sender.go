package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coder/websocket"

	"mlopsgo/internal/rest"
)

const (
	// senderCapacity bounds the events that wait for an unreachable server: about 100 MB of task runs.
	senderCapacity = 50_000
	// senderWindow is how many events may be under way without a sign that the server has them.
	senderWindow = 500
	// confirmTimeout bounds the wait for such a sign.
	confirmTimeout = 10 * time.Second
	// socketAttempts is after how many failures in a row events go by POST: some proxies let no websocket through.
	socketAttempts = 3
)

// eventSender sends events in the order of their emission, over a websocket that it keeps open and makes anew. An
// event counts as sent when a ping after it was answered: the server reads a connection in order. What was not
// confirmed when a connection broke is sent again; the server knows events by their ids.
//
// emit never waits. flush waits until what was emitted before is confirmed.
type eventSender struct {
	client *Client
	log    *slog.Logger

	mu        sync.Mutex
	queue     [][]byte // confirmed events are taken off its front
	sent      int      // of the queue, how many are on the wire
	emitted   uint64   // ever
	confirmed uint64   // ever, with what was dropped
	dropped   int
	changed   chan struct{} // closed and replaced when confirmed moves

	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

// newEventSender starts the sender; stop ends it.
func newEventSender(client *Client) *eventSender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &eventSender{
		client: client, log: client.log, changed: make(chan struct{}), wake: make(chan struct{}, 1),
		cancel: cancel, done: make(chan struct{}),
	}
	go s.run(ctx)
	return s
}

// emit queues an event that is JSON already.
func (s *eventSender) emit(event []byte) {
	s.mu.Lock()
	s.emitted++
	if len(s.queue) >= senderCapacity {
		s.dropped++
		s.confirmed++
	} else {
		s.queue = append(s.queue, event)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// send queues an event.
func (s *eventSender) send(event Event) {
	if event.Payload == nil {
		event.Payload = json.RawMessage("{}")
	}
	s.emit(mustJSON(event))
}

// flush waits until everything emitted before is confirmed.
func (s *eventSender) flush(ctx context.Context) error {
	s.mu.Lock()
	target := s.emitted
	s.mu.Unlock()
	for {
		s.mu.Lock()
		open, changed := target > s.confirmed, s.changed
		missing := target - s.confirmed
		s.mu.Unlock()
		if !open {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("prefect: %d events are not confirmed by the server: %w", missing, context.Cause(ctx))
		case <-s.done:
			return fmt.Errorf("prefect: %d events were not sent: the sender was stopped", missing)
		}
	}
}

// drain is flush for as long as the server takes events at all: a server takes some dozens of task runs a second, so
// that a fixed time would fit small runs only. It gives up when nothing was confirmed for the given time.
func (s *eventSender) drain(ctx context.Context, stall time.Duration) error {
	for {
		before := s.progress()
		part, cancel := context.WithTimeout(ctx, stall)
		err := s.flush(part)
		cancel()
		if err == nil || ctx.Err() != nil || s.progress() == before {
			return err
		}
	}
}

// stop drains, then ends the sender.
func (s *eventSender) stop(ctx context.Context, stall time.Duration) error {
	err := s.drain(ctx, stall)
	s.cancel()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped > 0 {
		err = errors.Join(err, fmt.Errorf("prefect: %d events were dropped while the server was not reached", s.dropped))
	}
	return err
}

// run connects when there is something to send, and again when a connection ends.
func (s *eventSender) run(ctx context.Context) {
	defer close(s.done)
	for failures := 0; ctx.Err() == nil; {
		if !s.pending() {
			select {
			case <-ctx.Done():
				return
			case <-s.wake:
			}
			continue
		}
		before := s.progress()
		err := s.session(ctx)
		if s.progress() > before {
			failures = 0
			continue
		}
		failures++
		if failures >= socketAttempts {
			err = s.post(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Debug("events wait for the Prefect server", "attempt", failures, "error", err)
			rest.Wait(ctx, reconnectWait(failures))
		}
	}
}

func (s *eventSender) pending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) > 0
}

func (s *eventSender) progress() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.confirmed
}

// session sends over one connection until it ends.
func (s *eventSender) session(ctx context.Context) error {
	conn, err := s.client.openSocket(ctx, "/events/in")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(websocket.StatusNormalClosure, "") }()
	closed := conn.CloseRead(ctx) // reads pongs, and notices the end
	s.mu.Lock()
	s.sent = 0
	s.mu.Unlock()
	for {
		batch := s.take()
		if len(batch) == 0 {
			if err := s.confirm(closed, conn); err != nil {
				return err
			}
			if s.pending() {
				continue
			}
			select {
			case <-closed.Done():
				return context.Cause(closed)
			case <-s.wake:
			}
			continue
		}
		for _, event := range batch {
			if err := conn.Write(closed, websocket.MessageText, event); err != nil {
				return err
			}
		}
	}
}

// take gives what may go on the wire now: nothing when the window is full, so that the server is asked.
func (s *eventSender) take() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.queue[s.sent:min(len(s.queue), max(senderWindow, s.sent))]
	s.sent += len(batch)
	return batch
}

// confirm pings; the answer says that the server has read what was sent before.
func (s *eventSender) confirm(ctx context.Context, conn *websocket.Conn) error {
	s.mu.Lock()
	n := s.sent
	s.mu.Unlock()
	if n == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	if err := conn.Ping(ctx); err != nil {
		return err
	}
	s.acknowledge(n)
	return nil
}

// acknowledge takes n events off the queue's front.
func (s *eventSender) acknowledge(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.queue[:n])
	s.queue = s.queue[n:]
	s.sent -= min(n, s.sent)
	s.confirmed += uint64(n)
	close(s.changed)
	s.changed = make(chan struct{})
}

// post sends what waits by REST. An event that the server does not take is dropped alone, so that it does not hold up
// the others for ever.
func (s *eventSender) post(ctx context.Context) error {
	for s.pending() {
		s.mu.Lock()
		batch := make([]json.RawMessage, 0, 100)
		for _, event := range s.queue[:min(len(s.queue), 100)] {
			batch = append(batch, event)
		}
		s.mu.Unlock()
		_, err := s.client.call(ctx, post("/events", batch).harmless(), nil)
		if errors.Is(err, ErrInvalid) {
			batch = batch[:1]
			if _, err = s.client.call(ctx, post("/events", batch).harmless(), nil); errors.Is(err, ErrInvalid) {
				s.log.Error("the Prefect server does not take an event", "error", err)
				s.mu.Lock()
				s.dropped++
				s.mu.Unlock()
				err = nil
			}
		}
		if err != nil {
			return err
		}
		s.acknowledge(len(batch))
	}
	return nil
}
