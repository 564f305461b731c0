package evidently

import (
	"context"
	"net/http"

	"mlopsgo/internal/rest"
)

// Dashboard is a project's dashboard: panels, and the tabs that they lie on.
type Dashboard struct {
	Tabs   []Tab   `json:"tabs"`
	Panels []Panel `json:"panels"`
}

// Tab is a tab of a dashboard. Identities are UUIDs.
type Tab struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Panels []string `json:"panels"`
}

// Panel is a picture of some series over time.
type Panel struct {
	ID       string       `json:"id"`
	Title    string       `json:"title"`
	Subtitle string       `json:"subtitle"`
	Size     PanelSize    `json:"size"`
	Values   []PanelValue `json:"values"`
	Plot     Plot         `json:"plot_params"`
}

// PanelSize is the width of a panel.
type PanelSize string

// The widths.
const (
	Full PanelSize = "full"
	Half PanelSize = "half"
)

// PanelValue chooses series, as [SeriesFilter] does. Legend may name their parameters in double braces, as in "{{column}}".
type PanelValue struct {
	Legend     string            `json:"legend"`
	Metric     string            `json:"metric"`
	Labels     map[string]string `json:"metric_labels"`
	Metadata   map[string]string `json:"metadata"`
	Tags       []string          `json:"tags"`
	ViewParams map[string]any    `json:"view_params"`
}

// Plot is how a panel looks.
type Plot struct {
	// Type is text, line, bar or counter.
	Type string `json:"plot_type"`
	// Aggregation of a counter: last, sum or avg.
	Aggregation string `json:"aggregation,omitempty"`
	Stacked     bool   `json:"is_stacked"`
}

// Dashboard reads a project's dashboard. That of a new project is empty.
func (c *Client) Dashboard(ctx context.Context, project string) (*Dashboard, error) {
	var dashboard Dashboard
	if err := c.get(ctx, pathOf("api", "v2", "dashboards", project), &dashboard); err != nil {
		return nil, err
	}
	return &dashboard, nil
}

// SetDashboard replaces a project's dashboard, whatever it held.
func (c *Client) SetDashboard(ctx context.Context, project string, dashboard *Dashboard) error {
	whole := Dashboard{Tabs: append([]Tab{}, dashboard.Tabs...), Panels: append([]Panel{}, dashboard.Panels...)}
	for i, tab := range whole.Tabs {
		whole.Tabs[i].Panels = append([]string{}, tab.Panels...)
	}
	for i, panel := range whole.Panels {
		values := append([]PanelValue{}, panel.Values...)
		for j, v := range values {
			values[j].Metric, values[j].Tags = metricType(v.Metric), append([]string{}, v.Tags...)
			values[j].Labels, values[j].Metadata = orEmpty(v.Labels), orEmpty(v.Metadata)
			if v.ViewParams == nil {
				values[j].ViewParams = map[string]any{}
			}
		}
		whole.Panels[i].Values = values
	}
	request := &rest.Request{Method: http.MethodPost, Path: pathOf("api", "v2", "dashboards", project), Repeat: rest.Harmless}
	return c.call(ctx, request, whole, nil)
}
