package prefectclient

import (
	"context"
	"iter"
	"time"
)

// TagLimitsService bounds how many task runs with a tag are RUNNING at the same time. Since Prefect 3.5 such a limit is
// a concurrency limit of the name "tag:<tag>" too; see [ConcurrencyLimitsService].
type TagLimitsService struct{ client *Client }

// TagLimit is the bound of one tag.
type TagLimit struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Tag     string    `json:"tag"`
	Limit   int       `json:"concurrency_limit"`
	// ActiveSlots are the ids of the task runs that count now.
	ActiveSlots []string `json:"active_slots"`
}

// Create makes the bound of a tag, or changes it.
func (s *TagLimitsService) Create(ctx context.Context, tag string, limit int) (*TagLimit, error) {
	body := map[string]any{"tag": tag, "concurrency_limit": limit}
	return one[TagLimit](ctx, s.client, post("/concurrency_limits/", body).harmless())
}

// Read gives the bound with this id.
func (s *TagLimitsService) Read(ctx context.Context, id string) (*TagLimit, error) {
	return one[TagLimit](ctx, s.client, get(pathOf("concurrency_limits", id)))
}

// ReadByTag gives the bound of a tag.
func (s *TagLimitsService) ReadByTag(ctx context.Context, tag string) (*TagLimit, error) {
	return one[TagLimit](ctx, s.client, get(pathOf("concurrency_limits", "tag", tag)))
}

// Filter walks all bounds.
func (s *TagLimitsService) Filter(ctx context.Context) iter.Seq2[*TagLimit, error] {
	return pages(0, func(l *TagLimit) string { return l.ID }, func(p page) ([]*TagLimit, error) {
		return fetch[TagLimit](ctx, s.client, "/concurrency_limits/filter", p)
	})
}

// Reset frees the slots of a tag, all but those of the task runs given.
func (s *TagLimitsService) Reset(ctx context.Context, tag string, taskRunIDs ...string) error {
	body := map[string]any{"slot_override": notNil(taskRunIDs)}
	_, err := s.client.call(ctx, post(pathOf("concurrency_limits", "tag", tag, "reset"), body).harmless(), nil)
	return err
}

// Take takes a slot of each tag for a task run that does not go through the server's rules; a full one is an
// [ErrLocked]. The tags without a bound are left out of the answer.
func (s *TagLimitsService) Take(ctx context.Context, taskRunID string, tags ...string) ([]*LimitTaken, error) {
	return s.slots(ctx, "increment", taskRunID, tags)
}

// Free gives the slots of [TagLimitsService.Take] back.
func (s *TagLimitsService) Free(ctx context.Context, taskRunID string, tags ...string) error {
	_, err := s.slots(ctx, "decrement", taskRunID, tags)
	return err
}

func (s *TagLimitsService) slots(ctx context.Context, what, taskRunID string, tags []string) ([]*LimitTaken, error) {
	// The server counts task runs, not calls: the same one twice is one.
	req := post(pathOf("concurrency_limits", what), map[string]any{"names": notNil(tags), "task_run_id": taskRunID}).harmless()
	var taken []*LimitTaken
	_, err := s.client.call(ctx, req, &taken)
	return taken, err
}

// Delete removes the bound with this id.
func (s *TagLimitsService) Delete(ctx context.Context, id string) error {
	_, err := s.client.call(ctx, remove(pathOf("concurrency_limits", id)), nil)
	return err
}

// DeleteByTag removes the bound of a tag.
func (s *TagLimitsService) DeleteByTag(ctx context.Context, tag string) error {
	_, err := s.client.call(ctx, remove(pathOf("concurrency_limits", "tag", tag)), nil)
	return err
}
