package monitoring_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring"
	"mlopsgo/monitoring/evidently"
)

// verdict is what Evidently's own report says about a pair of tables.
type verdict struct {
	values  map[string]float64
	methods map[string]string
	count   float64
	share   float64
}

// askEvidently runs its DataDriftPreset on pairs of files, reference and current.
func askEvidently(t *testing.T, files ...string) []verdict {
	t.Helper()
	command := exec.CommandContext(t.Context(), stack.Python(t, "evidently"), append([]string{"testdata/evidently_preset.py"}, files...)...)
	command.Env = append(os.Environ(), "DO_NOT_TRACK=1", "OMP_NUM_THREADS=1")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("evidently_preset.py: %v", err)
	}
	var answer [][]struct {
		Config struct{ Type, Column, Method string }
		Value  json.RawMessage
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	verdicts := make([]verdict, len(answer))
	for i, metrics := range answer {
		v := verdict{values: map[string]float64{}, methods: map[string]string{}}
		for _, m := range metrics {
			if m.Config.Type != "evidently:metric_v2:DriftedColumnsCount" {
				var value float64
				if err := json.Unmarshal(m.Value, &value); err != nil {
					t.Fatal(err)
				}
				v.values[m.Config.Column], v.methods[m.Config.Column] = value, m.Config.Method
				continue
			}
			var value struct{ Count, Share float64 }
			if err := json.Unmarshal(m.Value, &value); err != nil {
				t.Fatal(err)
			}
			v.count, v.share = value.Count, value.Share
		}
		verdicts[i] = v
	}
	return verdicts
}

// TestResultsAreEvidentlys runs Evidently's own report on the rows that the monitor looked at, and compares its figures with what is in Postgres
// and with what the Evidently service lists.
func TestResultsAreEvidentlys(t *testing.T) {
	all := loadWines(t)
	cases := []struct {
		name               string
		reference, current wines
	}{
		{"large reference, shifted", all.rows(0, 1200), all.rows(1200, 1599).shifted(600)},
		{"small reference, shifted", all.rows(0, 900), all.rows(900, 1599).shifted(600)},
		{"small reference, the same", all.rows(0, 900), all.rows(0, 500)},
	}
	var files []string
	for _, c := range cases {
		files = append(files, c.reference.file(t, "reference.csv", false), c.current.file(t, "current.csv", false))
	}
	verdicts := askEvidently(t, files...)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.append(c.current.predictions("7", noon)...)
			publisher, client, name := newPublisher(t)
			summary, err := w.monitor(t, c.reference.file(t, "reference.csv", true), func(config *monitoring.Config) { config.Publisher = publisher }).
				Run(t.Context(), monitoring.Range{All: true})
			if err != nil || len(summary.Results) != 1 {
				t.Fatalf("%d results, %v", len(summary.Results), err)
			}
			checkStored(t, w, summary.Results[0], verdicts[i])
			checkPublished(t, client, name, verdicts[i])
		})
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9 }

func checkStored(t *testing.T, w *world, result *monitoring.Result, want verdict) {
	t.Helper()
	db := connection(t, w.address)
	rows, err := db.Query(t.Context(), "SELECT column_name, method, value, drifted FROM drift_columns WHERE window_id = $1", result.ID())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for rows.Next() {
		var column, method string
		var value float64
		var drifted bool
		if err := rows.Scan(&column, &method, &value, &drifted); err != nil {
			t.Fatal(err)
		}
		seen++
		if wanted, ok := want.values[column]; !ok || !near(value, wanted) || method != want.methods[column] {
			t.Errorf("%s: %v by %s, Evidently says %v by %s", column, value, method, wanted, want.methods[column])
		}
	}
	if rows.Err() != nil || seen != len(want.values) || seen != 12 {
		t.Errorf("%d columns stored, Evidently has %d: %v", seen, len(want.values), rows.Err())
	}
	var count, outliers, kept int
	var share, outlierShare float64
	err = db.QueryRow(t.Context(), `SELECT drifted_columns, drift_share, outliers, outlier_share, (SELECT count(*) FROM outliers WHERE window_id = id)
		FROM drift_windows WHERE model_name = 'wine' AND model_version = '7' AND evidently_snapshot IS NOT NULL`).
		Scan(&count, &share, &outliers, &outlierShare, &kept)
	if err != nil {
		t.Fatal(err)
	}
	if float64(count) != want.count || share != want.share {
		t.Errorf("%d drifted columns (%v), Evidently says %v (%v)", count, share, want.count, want.share)
	}
	if outliers != len(result.Outliers) || kept != outliers || !near(outlierShare, result.OutlierShare()) {
		t.Errorf("%d outliers (%v), %d of them kept; the result has %d", outliers, outlierShare, kept, len(result.Outliers))
	}
}

func checkPublished(t *testing.T, client *evidently.Client, name string, want verdict) {
	t.Helper()
	project, err := client.FindProject(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	series, err := client.Series(t.Context(), project.ID, evidently.SeriesFilter{Metric: "ValueDrift"})
	if err != nil || len(series) != len(want.values) {
		t.Fatalf("%d series, %v; want one for each of %d columns", len(series), err, len(want.values))
	}
	for _, s := range series {
		column := s.Params["column"]
		if len(s.Points) != 1 || !near(s.Points[0].Value, want.values[column]) || s.Params["method"] != want.methods[column] {
			t.Errorf("%s: %+v, Evidently says %v by %s", column, s, want.values[column], want.methods[column])
		}
	}
	share, err := client.Series(t.Context(), project.ID, evidently.SeriesFilter{Metric: "DriftedColumnsCount", Labels: map[string]string{"value_type": "share"}})
	if err != nil || len(share) != 1 || share[0].Points[0].Value != want.share {
		t.Errorf("share %+v, %v; Evidently says %v", share, err, want.share)
	}
	checkPanels(t, client, project.ID)
}

// checkPanels asks for each panel's series as the dashboard's page does.
func checkPanels(t *testing.T, client *evidently.Client, project string) {
	t.Helper()
	dashboard, err := client.Dashboard(t.Context(), project)
	if err != nil || len(dashboard.Panels) < 5 {
		t.Fatalf("dashboard %+v, %v", dashboard, err)
	}
	for _, panel := range dashboard.Panels {
		for _, v := range panel.Values {
			found, err := client.Series(t.Context(), project, evidently.SeriesFilter{Metric: v.Metric, Labels: v.Labels, Metadata: v.Metadata, Tags: v.Tags})
			if err != nil || len(found) == 0 {
				t.Errorf("panel %q finds %d series, %v", panel.Title, len(found), err)
			}
		}
	}
}
