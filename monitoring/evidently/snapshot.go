package evidently

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"
)

// MetricPrefix starts the type of every metric that dashboards can draw; [Metric].Type may leave it out.
const MetricPrefix = "evidently:metric_v2:"

// Snapshot is the result of one evaluation, to be pushed. Fields that stay empty are sent empty.
type Snapshot struct {
	// Name is what the list of reports shows.
	Name string
	// Time is where dashboards draw the results. It is sent as naive UTC, in microseconds: time zones and naive times mixed in a project make
	// the service fail.
	Time time.Time
	// Metadata and Tags are shown in the list and can be filtered by.
	Metadata map[string]string
	Tags     []string
	// Results are the numbers; their identities must differ.
	Results []Result
	// Widgets are what the report's page shows, from top to bottom.
	Widgets []Widget
}

// Metric is what was measured: a type such as "ValueDrift", Evidently's or an own one, and its parameters, which become the labels of the
// series in dashboards.
type Metric struct {
	Type   string
	Params map[string]any
}

// Result is what a metric gave: one value, or a count with a share. Make it with [Single], [Count], [ValueDrift] or [DriftedColumns].
type Result struct {
	// ID is unique in the snapshot.
	ID string
	// Name is what people read.
	Name   string
	Metric Metric

	value, share float64
	counts       bool
}

// Single is a result of one value.
func Single(id, name string, metric Metric, value float64) Result {
	return Result{ID: id, Name: name, Metric: metric, value: value}
}

// Count is a result that counts, and gives what is counted as a share of all, too.
func Count(id, name string, metric Metric, count, share float64) Result {
	return Result{ID: id, Name: name, Metric: metric, value: count, share: share, counts: true}
}

// ValueDrift is the drift of one column, as Evidently's ValueDrift gives it: method is the display name, value a p-value or a distance.
func ValueDrift(column, method string, threshold, value float64) Result {
	return Single("value-drift:"+column, "Value drift for "+column,
		Metric{"ValueDrift", map[string]any{"column": column, "method": method, "threshold": threshold}}, value)
}

// DriftedColumns is the number of drifted columns and their share, as Evidently's DriftedColumnsCount gives them; driftShare is the share
// from which the table has drifted.
func DriftedColumns(count int, share, driftShare float64) Result {
	return Count("drifted-columns", "Count of Drifted Columns", Metric{"DriftedColumnsCount", map[string]any{"drift_share": driftShare}}, float64(count), share)
}

// Validate tells what the service would choke on, as [ErrInvalid]: no time, results without identity or type or with one identity, numbers
// that JSON does not have, widgets without a type.
func (s *Snapshot) Validate() error {
	var errs []error
	if s.Time.IsZero() {
		errs = append(errs, errors.New("it has no time"))
	}
	seen := map[string]bool{}
	for _, r := range s.Results {
		switch {
		case r.ID == "" || r.Metric.Type == "":
			errs = append(errs, fmt.Errorf("result %q has no identity or its metric no type", r.Name))
		case seen[r.ID]:
			errs = append(errs, fmt.Errorf("two results have the identity %q", r.ID))
		case !finite(r.value) || !finite(r.share):
			errs = append(errs, fmt.Errorf("result %q is not a finite number", r.ID))
		}
		seen[r.ID] = true
	}
	for _, w := range s.Widgets {
		if w.Type == "" {
			errs = append(errs, fmt.Errorf("widget %q has no type", w.Title))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("evidently: snapshot %q: %w: %w", s.Name, ErrInvalid, errors.Join(errs...))
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// MarshalJSON writes the snapshot as the service reads it (SnapshotModel in evidently/core/serialization.py), all keys always.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	results := make(map[string]any, len(s.Results))
	top := make([]string, len(s.Results))
	for i, r := range s.Results {
		results[r.ID], top[i] = r.wire(), r.ID
	}
	widgets := s.Widgets
	if widgets == nil {
		widgets = []Widget{}
	}
	return json.Marshal(map[string]any{
		"report": map[string]any{"items": []any{}}, "name": s.Name, "timestamp": formatTime(s.Time),
		"metadata": orEmpty(s.Metadata), "tags": append([]string{}, s.Tags...),
		"metric_results": results, "top_level_metrics": top, "widgets": widgets, "tests_widgets": []any{},
	})
}

func (r Result) wire() map[string]any {
	if !r.counts {
		return r.single("evidently:metric_result_v2:SingleValue", map[string]string{}, r.value)
	}
	wire := r.single("evidently:metric_result_v2:CountValue", map[string]string{}, 0)
	delete(wire, "value")
	wire["count"] = r.single("evidently:metric_result_v2:SingleValue", map[string]string{"value_type": "count"}, r.value)
	wire["share"] = r.single("evidently:metric_result_v2:SingleValue", map[string]string{"value_type": "share"}, r.share)
	return wire
}

func (r Result) single(kind string, part map[string]string, value float64) map[string]any {
	params := map[string]any{"type": metricType(r.Metric.Type)}
	maps.Copy(params, r.Metric.Params)
	return map[string]any{
		"type": kind, "display_name": r.Name, "value": value, "widget": []any{}, "tests": []any{},
		"metric_value_location": map[string]any{"metric": map[string]any{"metric_id": r.ID, "params": params}, "param": part},
	}
}

func metricType(name string) string {
	if name == "*" || strings.HasPrefix(name, MetricPrefix) {
		return name
	}
	return MetricPrefix + name
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

const naive = "2006-01-02T15:04:05.999999"

func formatTime(t time.Time) string { return t.UTC().Format(naive) }

// parseTime reads the service's times: naive ones, which are UTC because that is how they were sent, and those of other programs.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(naive, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time that Evidently writes", text)
	}
	return t.UTC(), nil
}
