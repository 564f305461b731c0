package evidently

import (
	"context"
	"net/http"
	"time"

	"mlopsgo/internal/rest"
)

// SeriesFilter chooses results of a project's snapshots.
type SeriesFilter struct {
	// Metric is a type such as "ValueDrift", or "*" for all.
	Metric string
	// Labels are parameters that a metric must have, for instance column=alcohol.
	Labels map[string]string
	// Metadata and Tags are what a snapshot must have.
	Metadata map[string]string
	Tags     []string
}

// Series is what one metric with one set of parameters gave over time.
type Series struct {
	Metric string // with MetricPrefix
	Params map[string]string
	Points []Point // in order of time
}

// Point is one value of a series.
type Point struct {
	Snapshot string
	Time     time.Time
	Value    float64
}

// Series reads results as the dashboard's panels do.
func (c *Client) Series(ctx context.Context, project string, filter SeriesFilter) ([]Series, error) {
	type wireFilter struct {
		Tags     []string          `json:"tags"`
		Metadata map[string]string `json:"metadata"`
		Metric   string            `json:"metric"`
		Labels   map[string]string `json:"metric_labels"`
	}
	in := map[string]any{"series_filter": []wireFilter{{
		Tags: append([]string{}, filter.Tags...), Metadata: orEmpty(filter.Metadata), Metric: metricType(filter.Metric), Labels: orEmpty(filter.Labels),
	}}}
	var out struct {
		Sources []struct {
			ID        string `json:"snapshot_id"`
			Timestamp string `json:"timestamp"`
		} `json:"sources"`
		Series []struct {
			Metric string            `json:"metric_type"`
			Params map[string]string `json:"params"`
			Values []*float64        `json:"values"`
		} `json:"series"`
	}
	request := &rest.Request{Method: http.MethodPost, Path: pathOf("api", "v2", "snapshots", project, "data_series_batch"), Repeat: rest.Harmless}
	if err := c.call(ctx, request, in, &out); err != nil {
		return nil, err
	}
	list := make([]Series, len(out.Series))
	for i, s := range out.Series {
		list[i] = Series{Metric: s.Metric, Params: s.Params}
		// The values stand at the place of their snapshot among the sources, with nothing after the last one.
		for j, value := range s.Values[:min(len(s.Values), len(out.Sources))] {
			if value == nil {
				continue
			}
			at, err := parseTime(out.Sources[j].Timestamp)
			if err != nil {
				return nil, &Error{Status: http.StatusOK, Method: request.Method, Path: request.Path, Message: err.Error()}
			}
			list[i].Points = append(list[i].Points, Point{Snapshot: out.Sources[j].ID, Time: at, Value: *value})
		}
	}
	return list, nil
}
