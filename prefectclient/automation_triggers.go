package prefectclient

import (
	"encoding/json"
	"time"
)

// Trigger is what fires an automation: [EventTrigger], [CompoundTrigger], [SequenceTrigger], or [RawTrigger].
type Trigger interface{ trigger() }

// Posture says whether a trigger waits for events or for their absence.
type Posture string

// The postures.
const (
	// Reactive fires when enough of the expected events came.
	Reactive Posture = "Reactive"
	// Proactive fires when they did not come in time.
	Proactive Posture = "Proactive"
)

// EventTrigger fires when Threshold events came within a time (Reactive), or did not come (Proactive).
type EventTrigger struct {
	// Posture defaults to Reactive.
	Posture Posture
	// Match selects by labels of the event's resource, for example "prefect.resource.id": {"prefect.flow-run.*"}.
	Match map[string][]string
	// MatchRelated selects by labels of a related resource.
	MatchRelated map[string][]string
	// After are names of events that must come first; then the trigger is armed.
	After []string
	// Expect are names of events; none means all. A trailing * matches the rest.
	Expect []string
	// ForEach are labels whose values are counted apart, for example "prefect.resource.id".
	ForEach []string
	// Threshold defaults to 1 for Reactive; 0 of Proactive means 1 too: not even one came.
	Threshold int
	// Within is 0 for "at once" of Reactive, at least 10 s for Proactive.
	Within time.Duration
}

// CompoundTrigger fires when several triggers did within a time.
type CompoundTrigger struct {
	Triggers []Trigger
	// Within is the time in which they must; 0 means any.
	Within time.Duration
	// Require is how many must; 0 means all.
	Require int
}

// SequenceTrigger fires when several triggers did within a time, one after the other.
type SequenceTrigger struct {
	Triggers []Trigger
	// Within is the time in which they must; 0 means any.
	Within time.Duration
}

// RawTrigger is any trigger of the server's, as JSON.
type RawTrigger json.RawMessage

func (EventTrigger) trigger()    {}
func (CompoundTrigger) trigger() {}
func (SequenceTrigger) trigger() {}
func (RawTrigger) trigger()      {}

// MarshalJSON writes the trigger as it is.
func (t RawTrigger) MarshalJSON() ([]byte, error) { return json.RawMessage(t).MarshalJSON() }

// MarshalJSON writes the trigger as the server takes it.
func (t EventTrigger) MarshalJSON() ([]byte, error) {
	if t.Posture == "" {
		t.Posture = Reactive
	}
	return json.Marshal(struct {
		Type         string              `json:"type"`
		Posture      Posture             `json:"posture"`
		Match        map[string][]string `json:"match,omitempty"`
		MatchRelated map[string][]string `json:"match_related,omitempty"`
		After        []string            `json:"after,omitempty"`
		Expect       []string            `json:"expect,omitempty"`
		ForEach      []string            `json:"for_each,omitempty"`
		Threshold    int                 `json:"threshold"`
		// Seconds: the server's check of a proactive trigger fails on the ISO form that its OpenAPI document asks for.
		Within float64 `json:"within"`
	}{"event", t.Posture, t.Match, t.MatchRelated, t.After, t.Expect, t.ForEach, max(t.Threshold, 1), t.Within.Seconds()})
}

// MarshalJSON writes the trigger as the server takes it.
func (t CompoundTrigger) MarshalJSON() ([]byte, error) {
	var require any = "all"
	if t.Require > 0 {
		require = t.Require
	}
	return json.Marshal(struct {
		Type     string    `json:"type"`
		Triggers []Trigger `json:"triggers"`
		Within   *float64  `json:"within"`
		Require  any       `json:"require"`
	}{"compound", t.Triggers, withinOrNull(t.Within), require})
}

// MarshalJSON writes the trigger as the server takes it.
func (t SequenceTrigger) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type     string    `json:"type"`
		Triggers []Trigger `json:"triggers"`
		Within   *float64  `json:"within"`
	}{"sequence", t.Triggers, withinOrNull(t.Within)})
}

func withinOrNull(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	return new(d.Seconds())
}
