package deploy

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

const dashboardFile = "grafana/dashboards/monitoring.json"

var update = flag.Bool("update", false, "write "+dashboardFile+" from the code in dashboard_test.go")

// The file is made by this code, which the compiler and the SDK's own checks hold to Grafana's schema:
//
//	go test ./deploy -run Dashboard -update
func TestDashboardIsWhatTheCodeMakes(t *testing.T) {
	made, err := monitoringDashboard().Build()
	if err != nil {
		t.Fatal(err)
	}
	giveIDs(&made)
	want, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(dashboardFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("go test ./deploy -run Dashboard -update would change the file (- made, + in the file):\n%s", diff)
	}
}

// giveIDs gives rows and panels the ids that links, and Grafana's own list of alerts, name them by.
func giveIDs(made *dashboard.Dashboard) {
	for i, p := range made.Panels {
		id := uint32(i + 1)
		if p.RowPanel != nil {
			p.RowPanel.Id = id
		} else {
			p.Panel.Id = &id
		}
	}
}

// Where a model is chosen: its name, and "All" as an expression that is true for every row, because with no model yet a list would be
// empty, which is no SQL.
const (
	ofModel  = "model_name IN (${model:sqlstring})"
	ofColumn = "column_name IN (${column:sqlstring})"
)

const versions = "model_name || ' ' || model_version AS metric"

func monitoringDashboard() *dashboard.DashboardBuilder {
	return dashboard.NewDashboardBuilder("Red wine: drift and predictions").
		Uid("red-wine-monitoring").
		Description("What the predictor answered, and how its data differ from what the model was trained on.").
		Tags([]string{"mlops"}).
		Time("now-24h", "now").
		Refresh("30s").
		Timezone(common.TimeZoneBrowser).
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(variable("model", "Model", "SELECT model_name FROM predictions UNION SELECT model_name FROM drift_windows ORDER BY 1", "SELECT model_name")).
		WithVariable(variable("column", "Column", "SELECT DISTINCT column_name FROM drift_columns ORDER BY 1", "SELECT column_name")).
		WithRow(dashboard.NewRowBuilder("Drift")).
		WithPanel(driftNow()).WithPanel(driftShare()).WithPanel(outlierShare()).
		WithPanel(latestWindow()).WithPanel(columnAgainstThreshold()).
		WithRow(dashboard.NewRowBuilder("Predictions")).
		WithPanel(predictionRate()).WithPanel(predictedClasses()).WithPanel(latency())
}

func variable(name, label, query, all string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).
		Label(label).
		Datasource(monitoringSource()).
		Query(dashboard.StringOrMap{String: &query}).
		Definition(query).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Multi(true).IncludeAll(true).AllValue(all).
		Current(dashboard.VariableOption{
			Selected: new(true),
			Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		})
}

func driftNow() cog.Builder[dashboard.Panel] {
	return stat.NewPanelBuilder().
		Title("Drifted columns in the latest window").
		Description("Evidently's rule: the data set drifts when half of the columns do.").
		Datasource(monitoringSource()).Span(6).Height(8).
		Unit("percentunit").Decimals(0).Min(0).Max(1).
		Thresholds(steps(step(nil, "green"), step(new(0.25), "yellow"), step(new(0.5), "red"))).
		GraphMode(common.BigValueGraphModeNone).Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Values(true).Calcs([]string{"lastNotNull"})).
		WithTarget(query("A", asTable, `SELECT DISTINCT ON (model_name) model_name || ' ' || model_version AS model, drift_share
FROM drift_windows
WHERE $__timeFilter(window_end) AND `+ofModel+`
ORDER BY model_name, window_end DESC, created_at DESC`))
}

func driftShare() cog.Builder[dashboard.Panel] {
	return series("Share of drifted columns", "By window; from half of the columns on, the data set drifts.").Span(9).Height(8).
		Unit("percentunit").Min(0).Max(1).ShowPoints(common.VisibilityModeAlways).
		Thresholds(steps(step(nil, "green"), step(new(0.5), "red"))).
		ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed)).
		WithTarget(query("A", asTimeSeries, `SELECT window_end AS "time", `+versions+`, drift_share AS value
FROM drift_windows
WHERE $__timeFilter(window_end) AND `+ofModel+`
ORDER BY 1`))
}

func outlierShare() cog.Builder[dashboard.Panel] {
	return series("Share of outliers", "Predictions whose features an isolation forest of the training data finds strange.").Span(9).Height(8).
		Unit("percentunit").Min(0).ShowPoints(common.VisibilityModeAlways).
		WithTarget(query("A", asTimeSeries, `SELECT window_end AS "time", `+versions+`, outlier_share AS value
FROM drift_windows
WHERE $__timeFilter(window_end) AND `+ofModel+`
ORDER BY 1`))
}

func latestWindow() cog.Builder[dashboard.Panel] {
	return table.NewPanelBuilder().
		Title("The latest window, by column").
		Description("A p-value drifts at or below its threshold, a distance at or above it.").
		Datasource(monitoringSource()).Span(24).Height(8).
		WithTarget(query("A", asTable, `SELECT w.model_name || ' ' || w.model_version AS model, c.column_name AS "column", c.method, c.value, c.threshold, c.drifted
FROM drift_columns c
JOIN (
  SELECT DISTINCT ON (model_name) * FROM drift_windows
  WHERE $__timeFilter(window_end) AND `+ofModel+`
  ORDER BY model_name, window_end DESC, created_at DESC
) w ON w.id = c.window_id
WHERE `+ofColumn+`
ORDER BY c.drifted DESC, 1, 2`))
}

func columnAgainstThreshold() cog.Builder[dashboard.Panel] {
	return series("Drift of $column", "The column's value in each window, and the threshold that it is held against.").
		Repeat("column").RepeatDirection(dashboard.PanelRepeatDirectionH).MaxPerRow(4).Span(6).Height(7).
		ShowPoints(common.VisibilityModeAlways).
		OverrideByRegexp("/^threshold/", []dashboard.DynamicConfigValue{
			{Id: "color", Value: map[string]any{"mode": "fixed", "fixedColor": "red"}},
			{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{6, 6}}},
			{Id: "custom.showPoints", Value: "never"},
		}).
		WithTarget(query("A", asTimeSeries, `SELECT w.window_end AS "time", w.model_name || ' ' || w.model_version || ', ' || c.method AS metric, c.value
FROM drift_windows w JOIN drift_columns c ON c.window_id = w.id
WHERE $__timeFilter(w.window_end) AND w.`+ofModel+` AND c.`+ofColumn+`
ORDER BY 1`)).
		WithTarget(query("B", asTimeSeries, `SELECT DISTINCT w.window_end AS "time", 'threshold, ' || c.method AS metric, c.threshold AS value
FROM drift_windows w JOIN drift_columns c ON c.window_id = w.id
WHERE $__timeFilter(w.window_end) AND w.`+ofModel+` AND c.`+ofColumn+`
ORDER BY 1`))
}

func predictionRate() cog.Builder[dashboard.Panel] {
	return series("Predictions per minute", "By version of the model: a new champion takes over here.").Span(8).Height(8).
		Interval("1m").Min(0).FillOpacity(10).
		WithTarget(query("A", asTimeSeries, `SELECT $__timeGroupAlias(predicted_at, $__interval), `+versions+`, count(*) * 60000.0 / $__interval_ms AS value
FROM predictions
WHERE $__timeFilter(predicted_at) AND `+ofModel+`
GROUP BY 1, 2
ORDER BY 1`))
}

func predictedClasses() cog.Builder[dashboard.Panel] {
	return series("Predicted classes", "The share of each class among the answers.").Span(8).Height(8).
		Interval("1m").DrawStyle(common.GraphDrawStyleBars).FillOpacity(80).LineWidth(0).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModePercent)).
		WithTarget(query("A", asTimeSeries, `SELECT $__timeGroupAlias(predicted_at, $__interval), prediction AS metric, count(*) AS value
FROM predictions
WHERE $__timeFilter(predicted_at) AND `+ofModel+`
GROUP BY 1, 2
ORDER BY 1, 2`))
}

func latency() cog.Builder[dashboard.Panel] {
	return series("Latency", "From the request's last byte to the answer, without the network.").Span(8).Height(8).
		Interval("1m").Unit("s").Min(0).
		WithTarget(query("A", asTimeSeries, `SELECT $__timeGroupAlias(predicted_at, $__interval),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_us) / 1e6 AS p50,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_us) / 1e6 AS p95
FROM predictions
WHERE $__timeFilter(predicted_at) AND `+ofModel+`
GROUP BY 1
ORDER BY 1`))
}

func series(title, description string) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().Title(title).Description(description).Datasource(monitoringSource()).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
}

func step(from *float64, color string) dashboard.Threshold {
	return dashboard.Threshold{Value: from, Color: color}
}

func steps(of ...dashboard.Threshold) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(of)
}

func monitoringSource() common.DataSourceRef {
	return common.DataSourceRef{Type: new(sourceType), Uid: new(sourceUID)}
}
