package monitoring

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"mlopsgo/monitoring/evidently"
)

// windowKey is the entry of a snapshot's metadata that says which window it is about.
const windowKey = "window_id"

// Publisher shows results in the Evidently service: one report for each window, and a dashboard over all of them. Make it with [NewPublisher]; one
// call at a time.
type Publisher struct {
	client  *evidently.Client
	name    string
	project string // identity, "" until it is known
}

// NewPublisher publishes into the project of that name, which is made when it is missing.
func NewPublisher(client *evidently.Client, project string) *Publisher {
	return &Publisher{client: client, name: project}
}

// Publish stores a result as a snapshot, in place of an earlier one of the same window, and returns its identity and the address of its page. A
// project without a dashboard gets one; one that people made is left alone.
func (p *Publisher) Publish(ctx context.Context, r *Result) (id, address string, err error) {
	if err := p.open(ctx); err != nil {
		return "", "", err
	}
	id, err = p.client.PushSnapshot(ctx, p.project, snapshotOf(r), evidently.Key{Name: windowKey, Value: r.ID()})
	if err != nil {
		if errors.Is(err, evidently.ErrNotFound) {
			p.project = "" // somebody deleted it; the next window makes it anew
		}
		return "", "", err
	}
	return id, p.client.ReportURL(p.project, id), nil
}

// DashboardURL is the address of the project's dashboard; "" before anything was published.
func (p *Publisher) DashboardURL() string {
	if p.project == "" {
		return ""
	}
	return p.client.DashboardURL(p.project)
}

// open finds or makes the project and its dashboard.
func (p *Publisher) open(ctx context.Context) error {
	if p.project != "" {
		return nil
	}
	project, err := p.client.GetOrCreateProject(ctx, p.name)
	if err != nil {
		return err
	}
	dashboard, err := p.client.Dashboard(ctx, project.ID)
	if err != nil {
		return err
	}
	if len(dashboard.Panels) == 0 && len(dashboard.Tabs) == 0 {
		if err := p.client.SetDashboard(ctx, project.ID, newDashboard()); err != nil {
			return err
		}
	}
	p.project = project.ID
	return nil
}

// snapshotOf writes a result as Evidently's DataDriftPreset would, with the outliers beside it. All parameters that tell series apart carry the
// version: the values of two models are not one line.
func snapshotOf(r *Result) *evidently.Snapshot {
	s := &evidently.Snapshot{
		Name: fmt.Sprintf("%s v%s, %s to %s UTC", r.Model, r.Version, clock(r.Start), clock(r.End)),
		Time: r.End,
		Metadata: map[string]string{
			"model_name": r.Model, "model_version": r.Version, "window_start": clock(r.Start), "window_end": clock(r.End),
		},
		Tags: []string{r.Model, "v" + r.Version},
		Results: []evidently.Result{
			evidently.DriftedColumns(r.Drift.Drifted, r.Drift.Share, r.Drift.DriftShare),
			evidently.Count("outliers", "Outliers", evidently.Metric{Type: outlierMetric, Params: map[string]any{}}, float64(len(r.Outliers)), r.OutlierShare()),
			evidently.Single("rows", "Row count", evidently.Metric{Type: "RowCount", Params: map[string]any{}}, float64(r.Rows)),
		},
		Widgets: reportWidgets(r),
	}
	for _, c := range r.Drift.Columns {
		s.Results = append(s.Results, evidently.ValueDrift(c.Name, c.Method.DisplayName(), c.Threshold, c.Score))
	}
	for _, result := range s.Results {
		result.Metric.Params["model_version"] = r.Version
	}
	return s
}

func reportWidgets(r *Result) []evidently.Widget {
	verdict := "No Dataset Drift"
	if r.Drift.DatasetDrift {
		verdict = "Dataset Drift"
	}
	widgets := []evidently.Widget{
		evidently.Counters("verdict", "", evidently.Counter{
			Value: verdict, Label: fmt.Sprintf("A table has drifted when at least %s of its columns have", percent(r.Drift.DriftShare)),
		}),
		evidently.Counters("sizes", "",
			evidently.Counter{Value: fmt.Sprint(r.Rows), Label: "Predictions"},
			evidently.Counter{Value: fmt.Sprint(r.ReferenceRows), Label: "Reference Rows"},
			evidently.Counter{Value: fmt.Sprint(len(r.Drift.Columns)), Label: "Columns"},
			evidently.Counter{Value: fmt.Sprint(r.Drift.Drifted), Label: "Drifted Columns"},
			evidently.Counter{Value: percent(r.Drift.Share), Label: "Share of Drifted Columns"},
			evidently.Counter{Value: fmt.Sprint(len(r.Outliers)), Label: "Outliers"},
			evidently.Counter{Value: percent(r.OutlierShare()), Label: "Share of Outliers"}),
		driftTable(r),
	}
	if len(r.Outliers) > 0 {
		widgets = append(widgets, outlierTable(r))
	}
	return widgets
}

func driftTable(r *Result) evidently.Widget {
	rows := make([]evidently.TableRow, len(r.Drift.Columns))
	for i, c := range r.Drift.Columns {
		detected := "Not Detected"
		if c.Drifted {
			detected = "Detected"
		}
		d := distribute(r.columns[i], c.Kind)
		rows[i] = evidently.TableRow{
			Cells: map[string]any{
				"column": c.Name, "type": c.Kind.String(), "reference": d.picture(d.reference), "current": d.picture(d.current),
				"drift": detected, "method": c.Method.DisplayName(), "score": rounded(c.Score), "threshold": c.Threshold,
			},
			Details: []evidently.Widget{evidently.Bars(fmt.Sprintf("distribution-%d", i), "DATA DISTRIBUTION", c.Name, "share of rows",
				evidently.BarSeries{Name: "reference", Colour: "#6c757d", X: d.labels, Y: d.reference},
				evidently.BarSeries{Name: "current", Colour: "#ed0400", X: d.labels, Y: d.current})},
		}
	}
	title := fmt.Sprintf("Drift is detected for %s of columns (%d out of %d)", percent(r.Drift.Share), r.Drift.Drifted, len(r.Drift.Columns))
	return evidently.BigTable("columns", title, len(rows), []evidently.TableColumn{
		{Title: "Column", Field: "column"},
		{Title: "Type", Field: "type"},
		{Title: "Reference Distribution", Field: "reference", Histograms: true},
		{Title: "Current Distribution", Field: "current", Histograms: true},
		{Title: "Data Drift", Field: "drift"},
		{Title: "Stat Test", Field: "method"},
		{Title: "Threshold", Field: "threshold"},
		{Title: "Drift Score", Field: "score"},
	}, rows)
}

// outlierTable shows the most unusual predictions with what they were made from.
func outlierTable(r *Result) evidently.Widget {
	const most = 20
	features := r.columns[:len(r.columns)-1]
	header := []string{"time", "label", "score"}
	for _, c := range features {
		header = append(header, c.Name)
	}
	header = append(header, "prediction")
	var rows [][]any
	for _, o := range r.Outliers[:min(most, len(r.Outliers))] {
		row := []any{clock(o.prediction.Time), o.prediction.Label, rounded(o.Score)}
		for _, c := range features {
			row = append(row, rounded(asNumber(o.prediction.Features[c.Name]))) // outliers lack nothing
		}
		rows = append(rows, append(row, o.PredictionID))
	}
	title := fmt.Sprintf("%d of %d predictions are outliers", len(r.Outliers), r.Rows)
	if len(rows) < len(r.Outliers) {
		title += fmt.Sprintf("; the %d most unusual", len(rows))
	}
	return evidently.Table("outliers", title, header, rows)
}

// rounded is for people; the results have all digits.
func rounded(v float64) float64 {
	const digits = 6
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64) // of its own text
	return short
}

func percent(share float64) string { return fmt.Sprintf("%.4g%%", 100*share) }
