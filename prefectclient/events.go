package prefectclient

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/google/uuid"
)

// EventsService sends and reads events. How to subscribe is in event_subscribe.go.
type EventsService struct{ client *Client }

// Event is something that happened to a resource.
type Event struct {
	ID       string    `json:"id"`
	Occurred time.Time `json:"occurred"`
	// Name is the event's kind, for example "prefect.flow-run.Completed".
	Name string `json:"event"`
	// Resource needs "prefect.resource.id".
	Resource Resource `json:"resource"`
	// Related resources need "prefect.resource.id" and "prefect.resource.role".
	Related []Resource `json:"related"`
	// Payload is a JSON object.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Follows is the id of the event before this one, if that matters.
	Follows  string    `json:"follows,omitempty"`
	Received time.Time `json:"received,omitzero"`
}

// Resource is a thing that events tell of, by its labels.
type Resource map[string]string

// ID is the label prefect.resource.id, for example "prefect.flow-run.<uuid>".
func (r Resource) ID() string { return r["prefect.resource.id"] }

// Name is the label prefect.resource.name.
func (r Resource) Name() string { return r["prefect.resource.name"] }

// Role is the label prefect.resource.role of a related resource.
func (r Resource) Role() string { return r["prefect.resource.role"] }

// resource makes a resource of a kind of Prefect's own.
func resource(kind, id, name, role string) Resource {
	r := Resource{"prefect.resource.id": "prefect." + kind + "." + id}
	if name != "" {
		r["prefect.resource.name"] = name
	}
	if role != "" {
		r["prefect.resource.role"] = role
	}
	return r
}

// relatedResources is what the events of a run's task runs refer to: the server finds the flow run by it.
func relatedResources(run *FlowRun, flowName string) []Resource {
	related := []Resource{
		resource("flow-run", run.ID, run.Name, "flow-run"),
		resource("flow", run.FlowID, flowName, "flow"),
	}
	if run.DeploymentID != "" {
		related = append(related, resource("deployment", run.DeploymentID, "", "deployment"))
	}
	if run.WorkQueueID != "" {
		related = append(related, resource("work-queue", run.WorkQueueID, run.WorkQueueName, "work-queue"))
	}
	if run.WorkPoolID != "" {
		related = append(related, resource("work-pool", run.WorkPoolID, run.WorkPoolName, "work-pool"))
	}
	for _, tag := range run.Tags {
		related = append(related, resource("tag", tag, "", "tag"))
	}
	return related
}

// NewEvent makes an event that occurs now. The payload becomes a JSON object; nil is an empty one.
func NewEvent(name string, about Resource, payload any, related ...Resource) (Event, error) {
	if name == "" || about.ID() == "" {
		return Event{}, fmt.Errorf("prefect: an event needs a name and a resource with prefect.resource.id")
	}
	event := Event{ID: newID(), Occurred: now(), Name: name, Resource: about, Related: related}
	if event.Related == nil {
		event.Related = []Resource{}
	}
	if payload != nil {
		data, err := json.Marshal(payload)
		if err != nil {
			return Event{}, fmt.Errorf("prefect: the payload of event %s cannot be written as JSON: %w", name, err)
		}
		event.Payload = data
	}
	return event, nil
}

// newID gives a UUID of version 7, which sorts by time as the server's own do.
func newID() string {
	id, err := uuid.NewV7()
	if err != nil { // only without randomness, which the runtime does not survive anyway
		return uuid.NewString()
	}
	return id.String()
}

// now is the time in the precision that the server keeps.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Emit sends events by POST. Repeating it does no harm: the server knows events by their ids.
func (s *EventsService) Emit(ctx context.Context, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	_, err := s.client.call(ctx, post("/events", events).harmless(), nil)
	return err
}

// EventFilter selects events. Since and Until bound the time; the server's default is the last weeks.
type EventFilter struct {
	Since, Until time.Time
	// Names are whole names, Prefixes are starts such as "prefect.flow-run.".
	Names, Prefixes []string
	// ResourceIDs are ids of the event's own resource; a trailing * matches the rest.
	ResourceIDs []string
	// AnyResourceIDs are ids of its own or of a related resource.
	AnyResourceIDs []string
	// IDs are the events' own.
	IDs []string
	// Oldest first instead of the latest first.
	Ascending bool
}

// MarshalJSON writes the filter as the server takes it.
func (f EventFilter) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	if !f.Since.IsZero() || !f.Until.IsZero() {
		occurred := map[string]time.Time{}
		if !f.Since.IsZero() {
			occurred["since"] = f.Since.UTC()
		}
		if !f.Until.IsZero() {
			occurred["until"] = f.Until.UTC()
		}
		out["occurred"] = occurred
	}
	if len(f.Names)+len(f.Prefixes) > 0 {
		event := map[string][]string{}
		if len(f.Names) > 0 {
			event["name"] = f.Names
		}
		if len(f.Prefixes) > 0 {
			event["prefix"] = f.Prefixes
		}
		out["event"] = event
	}
	if len(f.ResourceIDs) > 0 {
		out["resource"] = map[string][]string{"id": f.ResourceIDs}
	}
	if len(f.AnyResourceIDs) > 0 {
		out["any_resource"] = map[string][]string{"id": f.AnyResourceIDs}
	}
	if len(f.IDs) > 0 {
		out["id"] = map[string][]string{"id": f.IDs}
	}
	if f.Ascending {
		out["order"] = "ASC"
	}
	return json.Marshal(out)
}

// EventCount is how many events there were of a kind, of a resource or in a time.
type EventCount struct {
	Value string    `json:"value"`
	Label string    `json:"label"`
	Count int       `json:"count"`
	Start time.Time `json:"start_time"`
	End   time.Time `json:"end_time"`
}

// CountBy counts the events that match by "day", "time", "event" or "resource". For "time", unit is week, day, hour,
// minute or second and every the number of them in a step.
func (s *EventsService) CountBy(ctx context.Context, by string, filter EventFilter, unit string, every float64) ([]*EventCount, error) {
	body := map[string]any{"filter": filter}
	if unit != "" {
		body["time_unit"], body["time_interval"] = unit, every
	}
	return fetch[EventCount](ctx, s.client, pathOf("events", "count-by", by), body)
}

// Filter walks the events that match, the latest first unless the filter says otherwise.
func (s *EventsService) Filter(ctx context.Context, filter EventFilter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		req := read("/events/filter", map[string]any{"filter": filter, "limit": 50})
		for {
			var answer struct {
				Events   []*Event `json:"events"`
				NextPage string   `json:"next_page"`
			}
			if _, err := s.client.call(ctx, req, &answer); err != nil {
				yield(nil, err)
				return
			}
			for _, event := range answer.Events {
				if !yield(event, nil) {
					return
				}
			}
			// The server names the next page by an address of its own, which a proxy may know under another host.
			next, err := url.Parse(answer.NextPage)
			if answer.NextPage == "" || err != nil {
				return
			}
			req = get("/events/filter/next")
			req.query = url.Values{"page-token": {next.Query().Get("page-token")}}
		}
	}
}
