package prefectclient

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestConcurrencyLimits(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	limit := must[*ConcurrencyLimit](t)(c.ConcurrencyLimits.Create(ctx, ConcurrencyLimitCreate{Name: name, Limit: 2}))
	t.Cleanup(func() { _ = c.ConcurrencyLimits.Delete(deadline(t, 5*time.Second), limit.ID) })
	if _, err := c.ConcurrencyLimits.Create(ctx, ConcurrencyLimitCreate{Name: name, Limit: 2}); !errors.Is(err, ErrConflict) {
		t.Errorf("a second limit of this name gave %v", err)
	}
	taken := must[[]*LimitTaken](t)(c.ConcurrencyLimits.Take(ctx, SlotsWhileRunning, 2, name, name+"-none"))
	if len(taken) != 1 || taken[0].Name != name || taken[0].Limit != 2 {
		t.Errorf("taken %+v", taken)
	}
	_, err := c.ConcurrencyLimits.Lease(ctx, time.Minute, nil, 1, name)
	if refused, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, ErrLocked) || refused.RetryAfter <= 0 {
		t.Errorf("a full limit gave %v", err)
	}
	if err := c.ConcurrencyLimits.Free(ctx, time.Second, 2, name); err != nil {
		t.Fatal(err)
	}
	lease := must[*SlotLease](t)(c.ConcurrencyLimits.Lease(ctx, time.Minute, &SlotHolder{"flow_run", uuid.NewString()}, 2, name))
	if read := must[*ConcurrencyLimit](t)(c.ConcurrencyLimits.Read(ctx, name)); read.ActiveSlots != 2 || !read.Active || read.ID != limit.ID {
		t.Errorf("read %+v", read)
	}
	if err := c.ConcurrencyLimits.Renew(ctx, lease.ID, time.Minute); err != nil {
		t.Error(err)
	}
	if err := c.ConcurrencyLimits.Release(ctx, lease.ID); err != nil {
		t.Error(err)
	}
	if err := c.ConcurrencyLimits.Renew(ctx, lease.ID, time.Minute); !errors.Is(err, ErrGone) {
		t.Errorf("a lease that ended gave %v", err)
	}
	if _, err := c.ConcurrencyLimits.Take(ctx, SlotsWhileRunning, 3, name); !errors.Is(err, ErrInvalid) {
		t.Errorf("more slots than there are gave %v", err)
	}
	if err := c.ConcurrencyLimits.Update(ctx, name, ConcurrencyLimitUpdate{Limit: Set(5), Active: Set(false)}); err != nil {
		t.Fatal(err)
	}
	for l, err := range c.ConcurrencyLimits.Filter(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if l.ID == limit.ID && (l.Limit != 5 || l.Active) {
			t.Errorf("listed %+v", l)
		}
	}
}

func TestTagLimits(t *testing.T) {
	c, tag := server(t), unique(t)
	ctx := t.Context()
	limit := must[*TagLimit](t)(c.TagLimits.Create(ctx, tag, 1))
	run, other := uuid.NewString(), uuid.NewString()
	if taken := must[[]*LimitTaken](t)(c.TagLimits.Take(ctx, run, tag)); len(taken) != 1 {
		t.Errorf("taken %+v", taken)
	}
	if _, err := c.TagLimits.Take(ctx, other, tag); !errors.Is(err, ErrLocked) {
		t.Errorf("a full limit gave %v", err)
	}
	if read := must[*TagLimit](t)(c.TagLimits.ReadByTag(ctx, tag)); !slices.Equal(read.ActiveSlots, []string{run}) || read.Limit != 1 {
		t.Errorf("read %+v", read)
	}
	if err := c.TagLimits.Free(ctx, run, tag); err != nil {
		t.Error(err)
	}
	if err := c.TagLimits.Reset(ctx, tag); err != nil {
		t.Error(err)
	}
	read := must[*TagLimit](t)(c.TagLimits.Read(ctx, limit.ID))
	if len(read.ActiveSlots) != 0 || read.Tag != tag {
		t.Errorf("read %+v", read)
	}
	found := false
	for l, err := range c.TagLimits.Filter(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		found = found || l.Tag == tag
	}
	if !found {
		t.Error("the limit is not listed")
	}
	if err := c.TagLimits.DeleteByTag(ctx, tag); err != nil {
		t.Error(err)
	}
	again := must[*TagLimit](t)(c.TagLimits.Create(ctx, tag, 3))
	if err := c.TagLimits.Delete(ctx, again.ID); err != nil {
		t.Error(err)
	}
}

// TestWithSlots lets five hold two slots: never more at the same time, and none is left behind.
func TestWithSlots(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := NewContext(t.Context(), c)
	limit := must[*ConcurrencyLimit](t)(c.ConcurrencyLimits.Create(ctx, ConcurrencyLimitCreate{Name: name, Limit: 2}))
	t.Cleanup(func() { _ = c.ConcurrencyLimits.Delete(deadline(t, 5*time.Second), limit.ID) })
	var now atomic.Int32
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			err := WithSlots(ctx, Slots{Names: []string{name}}, func(context.Context) error {
				if n := now.Add(1); n > 2 {
					t.Errorf("%d hold two slots at the same time", n)
				}
				time.Sleep(50 * time.Millisecond)
				now.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if read := must[*ConcurrencyLimit](t)(c.ConcurrencyLimits.Read(ctx, name)); read.ActiveSlots != 0 {
		t.Errorf("%d slots are still taken", read.ActiveSlots)
	}
	eventually(t, 20*time.Second, "the events of the slots are there", func() bool {
		n := 0
		for _, err := range c.Events.Filter(ctx, EventFilter{Names: []string{"prefect.concurrency-limit.acquired", "prefect.concurrency-limit.released"}, ResourceIDs: []string{"prefect.concurrency-limit." + limit.ID}}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n == 10
	})
	if err := WithSlots(ctx, Slots{Names: []string{name + "-none"}, Strict: true}, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("a strict call for an unknown limit gave %v", err)
	}
	must[*SlotLease](t)(c.ConcurrencyLimits.Lease(ctx, time.Minute, nil, 2, name))
	if err := WithSlots(ctx, Slots{Names: []string{name}, Wait: 300 * time.Millisecond}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a full limit gave %v", err)
	}
	called := false
	if err := WithSlots(t.Context(), Slots{Names: []string{name}}, func(context.Context) error { called = true; return nil }); err != nil || !called {
		t.Errorf("without a server it gave %v", err)
	}
}

// TestLeaseIsKeptUntilItIsLost renews a lease often, and then takes it away.
func TestLeaseIsKeptUntilItIsLost(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	limit := must[*ConcurrencyLimit](t)(c.ConcurrencyLimits.Create(ctx, ConcurrencyLimitCreate{Name: name, Limit: 1}))
	t.Cleanup(func() { _ = c.ConcurrencyLimits.Delete(deadline(t, 5*time.Second), limit.ID) })
	slots := must[Slots](t)(Slots{Names: []string{name}, Lease: time.Minute}.filled())
	lease := must[*SlotLease](t)(takeLease(ctx, c, slots))
	held, lost := context.WithCancelCause(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { c.keepLease(held, lease.ID, slots, 20*time.Millisecond, lost) })
	time.Sleep(300 * time.Millisecond)
	if err := context.Cause(held); err != nil {
		t.Fatalf("while it is renewed the context ended by %v", err)
	}
	if err := c.ConcurrencyLimits.Release(ctx, lease.ID); err != nil {
		t.Fatal(err)
	}
	keeper.Wait()
	if cause := context.Cause(held); !errors.Is(cause, ErrLeaseLost) || !errors.Is(cause, ErrGone) {
		t.Errorf("the context ended by %v", cause)
	}
}

func TestRateLimit(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := NewContext(t.Context(), c)
	limit := must[*ConcurrencyLimit](t)(c.ConcurrencyLimits.Create(ctx, ConcurrencyLimitCreate{Name: name, Limit: 1, SlotDecayPerSecond: 2}))
	t.Cleanup(func() { _ = c.ConcurrencyLimits.Delete(deadline(t, 5*time.Second), limit.ID) })
	begin := time.Now()
	for range 3 {
		if err := RateLimit(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	// A slot comes back after half a second, so the third one is there after a second.
	if took := time.Since(begin); took < 700*time.Millisecond {
		t.Errorf("three calls at two a second took %v", took)
	}
	ended, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := RateLimit(ended, name); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a context that is over gave %v", err)
	}
}
