package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// logInterval is how long a record waits at most for others.
	logInterval = 2 * time.Second
	// logBatchBytes and logMessageBytes stay below what the server takes.
	logBatchBytes   = 3_000_000
	logMessageBytes = 900_000
	// logBatchRecords keeps one batch's insertion short.
	logBatchRecords = 500
	// logCapacity bounds the bytes that wait for an unreachable server; what is over it is dropped and counted.
	logCapacity = 64 << 20
	// logOverhead is the size of a record without its message, about.
	logOverhead = 200
)

// logSender sends log records in batches: after two seconds, when a batch is full, or when someone flushes. write never
// waits. A batch that the server did not answer is sent again, so a record may be there twice after a lost answer;
// none is lost but those that were dropped, and their number is told.
type logSender struct {
	client   *Client
	capacity int

	mu      sync.Mutex
	queue   []Log
	bytes   int
	dropped int

	full   chan struct{}
	flushq chan flushRequest
	cancel context.CancelFunc
	done   chan struct{}
}

type flushRequest struct {
	ctx    context.Context
	answer chan error
}

// newLogSender starts the sender; stop ends it.
func newLogSender(client *Client) *logSender {
	ctx, cancel := context.WithCancel(context.Background())
	s := &logSender{
		client: client, capacity: logCapacity, full: make(chan struct{}, 1), flushq: make(chan flushRequest),
		cancel: cancel, done: make(chan struct{}),
	}
	go s.run(ctx)
	return s
}

// write queues a record.
func (s *logSender) write(record Log) {
	if len(record.Message) > logMessageBytes {
		record.Message = firstBytes(record.Message, logMessageBytes) + fmt.Sprintf(" … (%d bytes in all)", len(record.Message))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(record.Message) + logOverhead
	if s.bytes+size > s.capacity {
		s.dropped++
		return
	}
	s.queue = append(s.queue, record)
	s.bytes += size
	if s.bytes >= logBatchBytes || len(s.queue) >= logBatchRecords {
		select {
		case s.full <- struct{}{}:
		default:
		}
	}
}

// flush sends what was written before.
func (s *logSender) flush(ctx context.Context) error {
	request := flushRequest{ctx: ctx, answer: make(chan error, 1)}
	select {
	case s.flushq <- request:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.done:
		return errors.New("prefect: the log sender was stopped")
	}
	select {
	case err := <-request.answer:
		return err
	case <-s.done:
		return errors.New("prefect: the log sender was stopped")
	}
}

// stop flushes as long as the context allows, then ends the sender.
func (s *logSender) stop(ctx context.Context) error {
	err := s.flush(ctx)
	s.cancel()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.queue) + s.dropped; n > 0 {
		err = errors.Join(err, fmt.Errorf("prefect: %d log records did not reach the server", n))
	}
	return err
}

func (s *logSender) run(ctx context.Context) {
	defer close(s.done)
	ticker := time.NewTicker(logInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = s.sendAll(ctx) // what was not sent stays in the queue
		case <-s.full:
			_ = s.sendAll(ctx)
		case request := <-s.flushq:
			request.answer <- s.sendAll(request.ctx)
		}
	}
}

// sendAll sends what waits at its begin.
func (s *logSender) sendAll(ctx context.Context) error {
	for {
		batch := s.take()
		if len(batch) == 0 {
			return nil
		}
		_, err := s.client.call(ctx, post("/logs/", batch).harmless(), nil)
		if errors.Is(err, ErrInvalid) {
			// The same would be refused for ever.
			s.client.log.Error("the Prefect server does not take log records", "records", len(batch), "error", err)
			s.drop(len(batch))
			continue
		}
		if err != nil {
			return err
		}
		s.drop(len(batch))
	}
}

// take gives the next batch, which stays in the queue until it was sent. A note about lost records comes first.
func (s *logSender) take() []Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dropped > 0 && len(s.queue) > 0 {
		note := s.queue[0]
		note.Level = LogWarning
		note.Message = fmt.Sprintf("%d log records were dropped because the server was not reached", s.dropped)
		s.queue = append([]Log{note}, s.queue...)
		s.bytes += len(note.Message) + logOverhead
		s.dropped = 0
	}
	size := 0
	for i, record := range s.queue {
		size += len(record.Message) + logOverhead
		if i > 0 && (size > logBatchBytes || i >= logBatchRecords) {
			return s.queue[:i:i]
		}
	}
	return slices.Clip(s.queue)
}

// drop takes records off the queue's front.
func (s *logSender) drop(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, record := range s.queue[:n] {
		s.bytes -= len(record.Message) + logOverhead
	}
	clear(s.queue[:n])
	s.queue = s.queue[n:]
}
