package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"mlopsgo/internal/rest"
)

// ErrLeaseLost is the cause of the context's end in [WithSlots] when the server no longer knows the lease.
var ErrLeaseLost = errors.New("the lease of the concurrency slots was lost")

// Slots says which concurrency slots to hold; see [WithSlots].
type Slots struct {
	// Names are those of the limits. A name without a limit bounds nothing, unless Strict is set.
	Names []string
	// Number is how many slots of each limit; 0 means 1.
	Number int
	// Lease is how long the slots stay taken when this program dies; 0 means 5 minutes, and the server takes no less
	// than one. It is renewed after three quarters.
	Lease time.Duration
	// Wait bounds the time until the slots are there; 0 means no bound but the context's.
	Wait time.Duration
	// Strict makes a name without a limit an error.
	Strict bool
}

func (s Slots) filled() (Slots, error) {
	if s.Number == 0 {
		s.Number = 1
	}
	if s.Lease == 0 {
		s.Lease = 5 * time.Minute
	}
	if s.Number < 0 || s.Lease < time.Minute || s.Wait < 0 {
		return s, fmt.Errorf("prefect: concurrency slots: Number %d and Wait %v must not be negative, Lease %v at least a minute", s.Number, s.Wait, s.Lease)
	}
	return s, nil
}

// freeTimeout bounds the return of slots, which happens on a context that is over too.
const freeTimeout = 10 * time.Second

// WithSlots waits for slots of concurrency limits, calls do while it holds them, and gives them back. When the lease is
// lost, because the server forgot it or could not be reached for its whole time, do's context ends with [ErrLeaseLost]
// as its cause. Without a server ([NewContext]) there is nothing to share, and do is simply called.
func WithSlots(ctx context.Context, slots Slots, do func(context.Context) error) error {
	slots, err := slots.filled()
	if err != nil {
		return err
	}
	c, connected := FromContext(ctx)
	if !connected || len(slots.Names) == 0 {
		return do(ctx)
	}
	lease, err := takeLease(ctx, c, slots)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), freeTimeout)
		defer cancel()
		if err := c.ConcurrencyLimits.Release(ctx, lease.ID); err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, ErrNotFound) {
			c.log.Warn("concurrency slots could not be given back; they are free when their lease ends", "names", slots.Names, "lease", slots.Lease, "error", err)
		}
		c.tellSlots(ctx, "released", slots, lease)
	}()
	c.tellSlots(ctx, "acquired", slots, lease)
	held, lost := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { c.keepLease(held, lease.ID, slots, slots.Lease*3/4, lost) })
	defer keeper.Wait()
	defer lost(nil)
	err = do(held)
	if cause := context.Cause(held); err != nil && ctx.Err() == nil && errors.Is(cause, ErrLeaseLost) {
		return errors.Join(cause, err)
	}
	return err
}

// takeLease asks until the slots are free.
func takeLease(ctx context.Context, c *Client, slots Slots) (*SlotLease, error) {
	waiting := ctx
	if slots.Wait > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, slots.Wait)
		defer cancel()
	}
	for {
		lease, err := c.ConcurrencyLimits.Lease(waiting, slots.Lease, currentHolder(ctx), slots.Number, slots.Names...)
		if err == nil {
			return lease, c.checkLease(ctx, slots, lease)
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok || !errors.Is(err, ErrLocked) {
			return nil, fmt.Errorf("concurrency slots of %q: %w", slots.Names, err)
		}
		if !rest.Wait(waiting, max(refused.RetryAfter, 50*time.Millisecond)) {
			return nil, fmt.Errorf("concurrency slots of %q were not free in time: %w", slots.Names, context.Cause(waiting))
		}
	}
}

// checkLease gives a lease back that does not hold all that a strict caller asked for.
func (c *Client) checkLease(ctx context.Context, slots Slots, lease *SlotLease) error {
	if !slots.Strict || len(lease.Limits) == len(slots.Names) {
		return nil
	}
	err := &Error{Status: 404, Method: "POST", Path: "/v2/concurrency_limits/increment-with-lease", Message: fmt.Sprintf("not all of %q are concurrency limits", slots.Names)}
	return errors.Join(err, c.ConcurrencyLimits.Release(ctx, lease.ID))
}

// keepLease renews every while until the context ends. A renewal that fails is repeated for as long as the lease may
// still stand.
func (c *Client) keepLease(ctx context.Context, id string, slots Slots, every time.Duration, lost context.CancelCauseFunc) {
	ends := time.Now().Add(slots.Lease)
	for pause := every; rest.Wait(ctx, pause); {
		asked := time.Now()
		err := c.ConcurrencyLimits.Renew(ctx, id, slots.Lease)
		switch {
		case err == nil:
			ends, pause = asked.Add(slots.Lease), every
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrGone) || errors.Is(err, ErrNotFound) || time.Now().After(ends):
			lost(fmt.Errorf("%w: slots of %q: %w", ErrLeaseLost, slots.Names, err))
			return
		default:
			pause = min(time.Second, every)
		}
	}
}

// currentHolder is the run that the context belongs to, or nil.
func currentHolder(ctx context.Context) *SlotHolder {
	run := currentRun(ctx)
	switch {
	case run == nil || run.session == nil:
		return nil
	case run.taskRunID() != "":
		return &SlotHolder{Type: "task_run", ID: run.taskRunID()}
	}
	return &SlotHolder{Type: "flow_run", ID: run.flowRunID()}
}

// tellSlots emits the events that Python's client emits. They are for the event feed only, so a failure is no error.
func (c *Client) tellSlots(ctx context.Context, phase string, slots Slots, lease *SlotLease) {
	var events []Event
	for _, limit := range lease.Limits {
		about := resource("concurrency-limit", limit.ID, limit.Name, "")
		about["slots-acquired"], about["limit"] = strconv.Itoa(slots.Number), strconv.Itoa(limit.Limit)
		var related []Resource
		for _, other := range lease.Limits {
			if other.ID != limit.ID {
				related = append(related, resource("concurrency-limit", other.ID, "", "concurrency-limit"))
			}
		}
		event, err := NewEvent("prefect.concurrency-limit."+phase, about, nil, related...)
		if err == nil {
			events = append(events, event)
		}
	}
	if err := c.Events.Emit(ctx, events...); err != nil && ctx.Err() == nil {
		c.log.Debug("events of concurrency slots were not sent", "error", err)
	}
}

// RateLimit waits until slots of rate limits are free and takes one of each; they come back by themselves, with each
// limit's decay. Without a server it does not wait.
func RateLimit(ctx context.Context, names ...string) error {
	c, connected := FromContext(ctx)
	if !connected || len(names) == 0 {
		return nil
	}
	for {
		_, err := c.ConcurrencyLimits.Take(ctx, SlotsByRate, 1, names...)
		if err == nil {
			return nil
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok || !errors.Is(err, ErrLocked) {
			return fmt.Errorf("rate limits %q: %w", names, err)
		}
		if !rest.Wait(ctx, max(refused.RetryAfter, 10*time.Millisecond)) {
			return fmt.Errorf("rate limits %q: %w", names, context.Cause(ctx))
		}
	}
}
