package evidently

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"mlopsgo/internal/rest"
)

// SnapshotInfo is what the service lists of a snapshot.
type SnapshotInfo struct {
	ID       string
	Name     string
	Time     time.Time
	Metadata map[string]string
	Tags     []string
}

// UnmarshalJSON reads what the service writes.
func (s *SnapshotInfo) UnmarshalJSON(text []byte) error {
	var wire struct {
		ID, Name, Timestamp string
		Metadata            map[string]any // strings from here, lists and objects from other programs
		Tags                []string
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	at, err := parseTime(wire.Timestamp)
	if err != nil {
		return err
	}
	*s = SnapshotInfo{ID: wire.ID, Name: wire.Name, Time: at, Metadata: map[string]string{}, Tags: wire.Tags}
	for name, value := range wire.Metadata {
		if text, ok := value.(string); ok {
			s.Metadata[name] = text
		}
	}
	return nil
}

// Snapshots lists a project's snapshots, in no certain order.
func (c *Client) Snapshots(ctx context.Context, project string) ([]SnapshotInfo, error) {
	var list []SnapshotInfo
	err := c.get(ctx, pathOf("api", "projects", project, "reports"), &list)
	return list, err
}

// SnapshotInfo gives what the service lists of one snapshot; [ErrNotFound] without it.
func (c *Client) SnapshotInfo(ctx context.Context, project, snapshot string) (*SnapshotInfo, error) {
	var info SnapshotInfo
	if err := c.get(ctx, pathOf("api", "projects", project, snapshot, "metadata"), &info); err != nil {
		return nil, err
	}
	return &info, nil
}

// SnapshotWidgets gives what the report's page shows. That of a snapshot that the service stored by half is an error.
func (c *Client) SnapshotWidgets(ctx context.Context, project, snapshot string) ([]Widget, error) {
	var answer struct {
		Widgets []Widget `json:"widgets"`
	}
	err := c.get(ctx, pathOf("api", "projects", project, snapshot, "data"), &answer)
	return answer.Widgets, err
}

// SnapshotGraph gives one of the [Widget.Graphs] of a snapshot, which the report's page loads when a row is opened.
func (c *Client) SnapshotGraph(ctx context.Context, project, snapshot, graph string) (*Widget, error) {
	var widget Widget
	if err := c.get(ctx, pathOf("api", "projects", project, snapshot, "graphs_data", graph), &widget); err != nil {
		return nil, err
	}
	return &widget, nil
}

// AddSnapshot stores a snapshot and returns its identity. It is sent once: after an error with [Error.Untouched] false it may have been stored
// all the same, which [Client.PushSnapshot] takes care of.
func (c *Client) AddSnapshot(ctx context.Context, project string, snapshot *Snapshot) (string, error) {
	if err := snapshot.Validate(); err != nil {
		return "", err
	}
	var answer struct {
		ID string `json:"snapshot_id"`
	}
	err := c.call(ctx, &rest.Request{Method: http.MethodPost, Path: pathOf("api", "v2", "snapshots", project)}, snapshot, &answer)
	return answer.ID, err
}

// DeleteSnapshot removes a snapshot, from dashboards too. One that is not there is no error.
func (c *Client) DeleteSnapshot(ctx context.Context, project, snapshot string) error {
	err := c.call(ctx, &rest.Request{Method: http.MethodDelete, Path: pathOf("api", "projects", project, snapshot), Repeat: rest.Harmless}, nil, nil)
	if notFound(err) {
		return nil
	}
	return err
}

// Key says which entry of a snapshot's metadata tells what it is about. Of all snapshots with the same key and value, one is kept.
type Key struct{ Name, Value string }

// pushes is how often PushSnapshot sends a snapshot whose first sending had an unknown end.
const pushes = 3

// PushSnapshot stores a snapshot in place of those with the same key, and returns its identity; it sets the key in the metadata. It can be
// repeated: whatever an earlier call left, also one that was cut off, is replaced.
//
// A sending with an unknown end is not simply repeated, because the service would then hold the snapshot twice: it is looked for first, and
// taken when it is whole.
func (c *Client) PushSnapshot(ctx context.Context, project string, snapshot *Snapshot, key Key) (string, error) {
	if key.Name == "" || key.Value == "" {
		return "", fmt.Errorf("evidently: %w: the key %+v is empty", ErrInvalid, key)
	}
	keyed := *snapshot
	keyed.Metadata = map[string]string{key.Name: key.Value}
	for name, value := range snapshot.Metadata {
		if name != key.Name {
			keyed.Metadata[name] = value
		}
	}
	old, err := c.keyed(ctx, project, key)
	if err != nil {
		return "", err
	}
	id, err := c.addCarefully(ctx, project, &keyed, key, old)
	if err != nil {
		return "", err
	}
	return id, c.deleteAll(ctx, project, old)
}

// addCarefully adds a snapshot; old are those with the same key from before.
func (c *Client) addCarefully(ctx context.Context, project string, snapshot *Snapshot, key Key, old []string) (string, error) {
	for attempt := 1; ; attempt++ {
		id, err := c.AddSnapshot(ctx, project, snapshot)
		if err == nil {
			return id, nil
		}
		if e, ok := errors.AsType[*Error](err); !ok || e.Untouched || ctx.Err() != nil {
			return "", err
		}
		found, listErr := c.keyed(ctx, project, key)
		if listErr != nil {
			return "", err
		}
		found = slices.DeleteFunc(found, func(id string) bool { return slices.Contains(old, id) })
		for i, id := range found {
			// The service writes list, page and series one after the other; the series come last.
			if c.whole(ctx, project, id, snapshot, key) {
				return id, c.deleteAll(ctx, project, slices.Delete(found, i, i+1))
			}
		}
		if deleteErr := c.deleteAll(ctx, project, found); deleteErr != nil || attempt == pushes {
			return "", errors.Join(err, deleteErr)
		}
	}
}

// whole says whether all of a snapshot was stored.
func (c *Client) whole(ctx context.Context, project, id string, snapshot *Snapshot, key Key) bool {
	if _, err := c.SnapshotWidgets(ctx, project, id); err != nil {
		return false
	}
	series, err := c.Series(ctx, project, SeriesFilter{Metric: "*", Metadata: map[string]string{key.Name: key.Value}})
	if err != nil {
		return false
	}
	points := 0
	for _, s := range series {
		for _, p := range s.Points {
			if p.Snapshot == id {
				points++
			}
		}
	}
	want := 0
	for _, r := range snapshot.Results {
		want++
		if r.counts {
			want++
		}
	}
	return points == want
}

// keyed lists the identities of the snapshots with a key.
func (c *Client) keyed(ctx context.Context, project string, key Key) ([]string, error) {
	list, err := c.Snapshots(ctx, project)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range list {
		if s.Metadata[key.Name] == key.Value {
			ids = append(ids, s.ID)
		}
	}
	return ids, nil
}

func (c *Client) deleteAll(ctx context.Context, project string, ids []string) error {
	var errs []error
	for _, id := range ids {
		errs = append(errs, c.DeleteSnapshot(ctx, project, id))
	}
	return errors.Join(errs...)
}

func notFound(err error) bool { return errors.Is(err, ErrNotFound) }
