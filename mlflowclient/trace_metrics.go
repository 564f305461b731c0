package mlflowclient

import (
	"context"
	"math"
	"time"
)

// TraceView is what a query of metrics counts.
type TraceView string

// The views, each with metrics of its own: trace_count, latency, input_tokens, output_tokens, total_tokens, …;
// span_count, latency, …; assessment_count and assessment_value.
const (
	ViewTraces      TraceView = "TRACES"
	ViewSpans       TraceView = "SPANS"
	ViewAssessments TraceView = "ASSESSMENTS"
)

// TraceAggregation is how many values become one: COUNT, SUM, AVG, MIN, MAX, or PERCENTILE with 0 to 100.
type TraceAggregation struct {
	Type       string
	Percentile float64
}

// TraceMetrics asks for one metric of traces, spans or assessments.
type TraceMetrics struct {
	ExperimentIDs []string
	View          TraceView
	// Metric is such as "trace_count" or "latency", which is in milliseconds.
	Metric       string
	Aggregations []TraceAggregation
	// Dimensions make one point for each value of, for example, "trace_status" (of trace_count), "trace_name", "span_type"
	// or "assessment_name". The server refuses what a metric does not have, and says what it has.
	Dimensions []string
	// Filters are such as `trace.status = 'OK'`; all must hold.
	Filters []string
	// From and To bound when the trace began; a zero time does not. An Interval, in whole seconds, needs both and makes one
	// point for each interval, in dimension "time_bucket".
	From, To time.Time
	Interval time.Duration
	// Max bounds the number of points; 0 means the server's own limit.
	Max int
}

// TraceMetricPoint is one aggregate.
type TraceMetricPoint struct {
	Metric     string
	Dimensions map[string]string
	// Values are by aggregation: "AVG", "COUNT", "P50.0", ….
	Values map[string]float64
}

// Metrics calculates on the server what its charts of traces show.
func (s *TraceService) Metrics(ctx context.Context, q TraceMetrics) ([]TraceMetricPoint, error) {
	type aggregation struct {
		Type       string   `json:"aggregation_type"`
		Percentile *float64 `json:"percentile_value,omitempty"`
	}
	if q.Interval%time.Second != 0 || q.Interval < 0 {
		return nil, invalid("the interval %v is not a number of seconds", q.Interval)
	}
	body := struct {
		ExperimentIDs []string      `json:"experiment_ids"`
		View          TraceView     `json:"view_type"`
		Metric        string        `json:"metric_name"`
		Aggregations  []aggregation `json:"aggregations"`
		Dimensions    []string      `json:"dimensions,omitempty"`
		Filters       []string      `json:"filters,omitempty"`
		Interval      int64         `json:"time_interval_seconds,omitempty"`
		From          *int64        `json:"start_time_ms,omitempty"`
		To            *int64        `json:"end_time_ms,omitempty"`
		Max           int           `json:"max_results,omitempty"`
	}{
		ExperimentIDs: q.ExperimentIDs, View: q.View, Metric: q.Metric, Dimensions: q.Dimensions, Filters: q.Filters,
		Interval: int64(q.Interval / time.Second), From: millis(q.From), To: millis(q.To), Max: q.Max,
	}
	for _, a := range q.Aggregations {
		made := aggregation{Type: a.Type}
		if a.Type == "PERCENTILE" {
			made.Percentile = &a.Percentile
		}
		body.Aggregations = append(body.Aggregations, made)
	}
	var out struct {
		Points []struct {
			Metric     string            `json:"metric_name"`
			Dimensions map[string]string `json:"dimensions"`
			Values     map[string]number `json:"values"`
		} `json:"data_points"`
	}
	if err := s.api.call(ctx, queries(tracePrefix+"/metrics"), body, &out); err != nil {
		return nil, err
	}
	points := make([]TraceMetricPoint, 0, len(out.Points))
	for _, p := range out.Points {
		point := TraceMetricPoint{p.Metric, p.Dimensions, make(map[string]float64, len(p.Values))}
		for key, value := range p.Values {
			point.Values[key] = float64(value)
		}
		points = append(points, point)
	}
	return points, nil
}

// TraceCorrelation says how much two properties of traces go together.
type TraceCorrelation struct {
	// NPMI is the normalised pointwise mutual information, from -1 (never together) over 0 (by chance) to 1 (always); NaN
	// for both when a property is nowhere. Smoothed is the same with all counts raised, which is kinder to small numbers.
	NPMI, Smoothed float64
	// First, Second and Both count the traces with these properties among Total.
	First, Second, Both, Total int
}

// Correlate counts traces of experiments that match first, second and both, among those that match base (all of them,
// when it is empty). Each is a filter as in [SearchTraces].
func (s *TraceService) Correlate(ctx context.Context, experiments []string, first, second, base string) (*TraceCorrelation, error) {
	body := struct {
		Experiments []string `json:"experiment_ids"`
		First       string   `json:"filter_string1"`
		Second      string   `json:"filter_string2"`
		Base        string   `json:"base_filter,omitempty"`
	}{experiments, first, second, base}
	var out struct {
		NPMI     *number `json:"npmi"` // left out when it is NaN
		Smoothed *number `json:"npmi_smoothed"`
		First    integer `json:"filter1_count"`
		Second   integer `json:"filter2_count"`
		Both     integer `json:"joint_count"`
		Total    integer `json:"total_count"`
	}
	if err := s.api.call(ctx, queries(tracePrefix+"/calculate-filter-correlation"), body, &out); err != nil {
		return nil, err
	}
	return &TraceCorrelation{
		NPMI: orNaN(out.NPMI), Smoothed: orNaN(out.Smoothed),
		First: int(out.First), Second: int(out.Second), Both: int(out.Both), Total: int(out.Total),
	}, nil
}

func orNaN(n *number) float64 {
	if n == nil {
		return math.NaN()
	}
	return float64(*n)
}
