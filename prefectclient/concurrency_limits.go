package prefectclient

import (
	"context"
	"iter"
	"time"
)

// ConcurrencyLimitsService bounds what runs at the same time, by names that programs choose. [WithSlots] and
// [RateLimit] are the comfortable way to them.
type ConcurrencyLimitsService struct{ client *Client }

// ConcurrencyLimit is a bound as the server has it.
type ConcurrencyLimit struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Name    string    `json:"name"`
	// Active is false for a bound that bounds nothing for now.
	Active bool `json:"active"`
	// Limit is the number of slots, ActiveSlots how many are taken.
	Limit       int `json:"limit"`
	ActiveSlots int `json:"active_slots"`
	// SlotDecayPerSecond frees slots by themselves; rate limits live on it.
	SlotDecayPerSecond float64 `json:"slot_decay_per_second"`
}

// ConcurrencyLimitCreate describes a new bound.
type ConcurrencyLimitCreate struct {
	Name  string `json:"name"`
	Limit int    `json:"limit"`
	// SlotDecayPerSecond must be positive for a rate limit: a slot is free again after 1/SlotDecayPerSecond seconds.
	SlotDecayPerSecond float64 `json:"slot_decay_per_second,omitempty"`
}

// ConcurrencyLimitUpdate changes a bound; fields left zero are left alone.
type ConcurrencyLimitUpdate struct {
	Name               Patch[string]  `json:"name,omitzero"`
	Active             Patch[bool]    `json:"active,omitzero"`
	Limit              Patch[int]     `json:"limit,omitzero"`
	ActiveSlots        Patch[int]     `json:"active_slots,omitzero"`
	SlotDecayPerSecond Patch[float64] `json:"slot_decay_per_second,omitzero"`
}

// SlotMode is what slots are taken for.
type SlotMode string

// The modes.
const (
	// SlotsWhileRunning are given back by whoever took them.
	SlotsWhileRunning SlotMode = "concurrency"
	// SlotsByRate come back by themselves, with the limit's decay.
	SlotsByRate SlotMode = "rate_limit"
)

// LimitTaken is a bound of which slots were taken.
type LimitTaken struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Limit int    `json:"limit"`
}

// SlotLease is the right to slots for a while.
type SlotLease struct {
	ID string `json:"lease_id"`
	// Limits leaves out names for which there is no limit.
	Limits []*LimitTaken `json:"limits"`
}

// SlotHolder says who holds slots: Type is flow_run, task_run or deployment.
type SlotHolder struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Create makes a limit; a name that exists is an [ErrConflict].
func (s *ConcurrencyLimitsService) Create(ctx context.Context, in ConcurrencyLimitCreate) (*ConcurrencyLimit, error) {
	return one[ConcurrencyLimit](ctx, s.client, post("/v2/concurrency_limits/", in))
}

// Read gives the limit with this id or name.
func (s *ConcurrencyLimitsService) Read(ctx context.Context, idOrName string) (*ConcurrencyLimit, error) {
	return one[ConcurrencyLimit](ctx, s.client, get(pathOf("v2", "concurrency_limits", idOrName)))
}

// Update changes what is set in the update.
func (s *ConcurrencyLimitsService) Update(ctx context.Context, idOrName string, update ConcurrencyLimitUpdate) error {
	_, err := s.client.call(ctx, patch(pathOf("v2", "concurrency_limits", idOrName), update), nil)
	return err
}

// Delete removes the limit with this id or name.
func (s *ConcurrencyLimitsService) Delete(ctx context.Context, idOrName string) error {
	_, err := s.client.call(ctx, remove(pathOf("v2", "concurrency_limits", idOrName)), nil)
	return err
}

// Filter walks all limits.
func (s *ConcurrencyLimitsService) Filter(ctx context.Context) iter.Seq2[*ConcurrencyLimit, error] {
	return pages(0, func(l *ConcurrencyLimit) string { return l.ID }, func(p page) ([]*ConcurrencyLimit, error) {
		return fetch[ConcurrencyLimit](ctx, s.client, "/v2/concurrency_limits/filter", p)
	})
}

// slotsBody is how slots are asked for and given back.
type slotsBody struct {
	Names            []string    `json:"names"`
	Slots            int         `json:"slots"`
	Mode             SlotMode    `json:"mode,omitempty"`
	LeaseDuration    float64     `json:"lease_duration,omitempty"`
	Holder           *SlotHolder `json:"holder,omitempty"`
	OccupancySeconds float64     `json:"occupancy_seconds,omitempty"`
}

// Take takes slots of each limit, all or none. A full limit is an [ErrLocked] that says when to try again
// ([Error.RetryAfter]); more slots than the limit has are an [ErrInvalid]; names without a limit are left out of the
// answer. What is taken must be given back by Free, whatever happens to this program: [ConcurrencyLimitsService.Lease]
// is safer.
func (s *ConcurrencyLimitsService) Take(ctx context.Context, mode SlotMode, slots int, names ...string) ([]*LimitTaken, error) {
	var taken []*LimitTaken
	_, err := s.client.call(ctx, post("/v2/concurrency_limits/increment", slotsBody{Names: notNil(names), Slots: slots, Mode: mode}), &taken)
	return taken, err
}

// Free gives slots back that were held for a time, which the server uses to estimate waits.
func (s *ConcurrencyLimitsService) Free(ctx context.Context, held time.Duration, slots int, names ...string) error {
	body := slotsBody{Names: notNil(names), Slots: slots, OccupancySeconds: held.Seconds()}
	_, err := s.client.call(ctx, post("/v2/concurrency_limits/decrement", body), nil)
	return err
}

// Lease takes slots of each limit for a while, as Take does; if nobody renews the lease, the slots are free after it. The
// holder, which may be nil, is shown with the limit.
func (s *ConcurrencyLimitsService) Lease(ctx context.Context, duration time.Duration, holder *SlotHolder, slots int, names ...string) (*SlotLease, error) {
	body := slotsBody{Names: notNil(names), Slots: slots, Mode: SlotsWhileRunning, LeaseDuration: duration.Seconds(), Holder: holder}
	return one[SlotLease](ctx, s.client, post("/v2/concurrency_limits/increment-with-lease", body))
}

// Renew makes a lease last for a duration from now; one that ended is an [ErrGone].
func (s *ConcurrencyLimitsService) Renew(ctx context.Context, leaseID string, duration time.Duration) error {
	body := map[string]float64{"lease_duration": duration.Seconds()}
	_, err := s.client.call(ctx, post(pathOf("v2", "concurrency_limits", "leases", leaseID, "renew"), body).harmless(), nil)
	return err
}

// Release ends a lease and frees its slots.
func (s *ConcurrencyLimitsService) Release(ctx context.Context, leaseID string) error {
	body := map[string]string{"lease_id": leaseID}
	_, err := s.client.call(ctx, post("/v2/concurrency_limits/decrement-with-lease", body).harmless(), nil)
	return err
}
