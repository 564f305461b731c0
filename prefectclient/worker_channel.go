package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"mlopsgo/internal/rest"
)

// The worker's channel: a websocket over which a worker tells that it lives and hears of changes of its pool. Its names
// are those of Prefect 3.8.
const (
	channelVersion      = "work_pool_worker_channel.v1"
	capabilityHeartbeat = "worker_heartbeat.v1"
	capabilitySnapshot  = "work_pool_snapshot.v1"
	frameHello          = "worker.hello.v1"
	frameReady          = "worker.ready.v1"
	frameHeartbeat      = "worker.heartbeat.v1"
	frameSnapshot       = "work_pool.snapshot.v1"
)

// channelFrame is a message of the channel.
type channelFrame struct {
	Type    string          `json:"type"`
	ID      string          `json:"id"`
	SentAt  time.Time       `json:"sent_at"`
	Payload json.RawMessage `json:"payload"`
}

// beat tells that the worker lives: over its channel, and by REST while there is none.
func (s *service) beat(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; failures++ {
		if s.config.Pool != "" {
			started := time.Now()
			err := s.channel(ctx)
			if ctx.Err() != nil {
				return
			}
			if time.Since(started) > 30*time.Second {
				failures = 0
			}
			s.log.Debug("the worker's channel is closed; heartbeats go by REST", "error", err)
		}
		if err := s.source.beat(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("a heartbeat was lost", "error", err)
		}
		if !rest.Wait(ctx, min(s.config.HeartbeatInterval, reconnectWait(failures))) {
			return
		}
	}
}

// channel holds the channel until it breaks, or the context ends.
func (s *service) channel(ctx context.Context) error {
	conn, err := s.client.openSocket(ctx, pathOf("work_pools", s.config.Pool, "workers", "connect"))
	if err != nil {
		return err
	}
	defer conn.CloseNow() //nolint:errcheck // it may be closed
	consumer := uuid.NewString()
	interval := int(math.Ceil(s.config.HeartbeatInterval.Seconds()))
	hello := map[string]any{
		"consumer_id": consumer, "worker_name": s.config.Name, "worker_type": PoolType, "heartbeat_interval_seconds": interval,
		"supported_channel_versions": []string{channelVersion}, "requested_capabilities": []string{capabilityHeartbeat, capabilitySnapshot},
		"work_queue_names": notNil(s.config.Queues),
	}
	if err := sendFrame(ctx, conn, frameHello, hello); err != nil {
		return err
	}
	if err := awaitReady(ctx, conn); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cancel(s.hear(ctx, conn))
	}()
	defer func() { _ = conn.CloseNow(); <-ended }()
	alive := map[string]any{"consumer_id": consumer, "worker_name": s.config.Name, "heartbeat_interval_seconds": interval}
	for {
		if err := sendFrame(ctx, conn, frameHeartbeat, alive); err != nil {
			return err
		}
		if !rest.Wait(ctx, s.config.HeartbeatInterval) {
			return context.Cause(ctx)
		}
	}
}

func sendFrame(ctx context.Context, conn *websocket.Conn, kind string, payload any) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	data, err := json.Marshal(channelFrame{Type: kind, ID: newID(), SentAt: now(), Payload: mustJSON(payload)})
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, data)
}

// awaitReady reads the server's answer to the hello.
func awaitReady(ctx context.Context, conn *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	frame, err := readFrame(ctx, conn)
	if err != nil {
		return err
	}
	if frame.Type != frameReady {
		return fmt.Errorf("the worker's channel was opened by %q, not by %q", frame.Type, frameReady)
	}
	return nil
}

func readFrame(ctx context.Context, conn *websocket.Conn) (*channelFrame, error) {
	_, data, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	frame := &channelFrame{}
	if err := json.Unmarshal(data, frame); err != nil {
		return nil, errors.Join(errors.New("the worker's channel does not speak JSON"), err)
	}
	return frame, nil
}

// hear takes what the server says of the pool: when it changed, runs may be waiting that were held back before.
func (s *service) hear(ctx context.Context, conn *websocket.Conn) error {
	for {
		frame, err := readFrame(ctx, conn)
		if err != nil {
			return err
		}
		if frame.Type != frameSnapshot {
			continue // what was not asked for, and is not for us
		}
		var snapshot struct {
			Pool WorkPool `json:"work_pool"`
		}
		if err := json.Unmarshal(frame.Payload, &snapshot); err != nil {
			return fmt.Errorf("the worker's channel: a snapshot of the pool cannot be read: %w", err)
		}
		s.log.Debug("the work pool has changed", "paused", snapshot.Pool.IsPaused, "status", snapshot.Pool.Status)
		s.nudge()
	}
}
