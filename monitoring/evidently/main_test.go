package evidently_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/evidently"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect makes a client of the stack's Evidently, or of an address in front of it.
func connect(t *testing.T, address string, opts ...evidently.Option) *evidently.Client {
	t.Helper()
	client, err := evidently.New(address, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// newProject makes a project of the test's own.
func newProject(t *testing.T, client *evidently.Client) *evidently.Project {
	t.Helper()
	project, err := client.GetOrCreateProject(t.Context(), t.Name()+" "+uuid.NewString())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		remover := connect(t, stack.Get(t).EvidentlyURL)
		if err := remover.DeleteProject(t.Context(), project.ID); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return project
}

// snapshot is one with every kind of result and of widget.
func snapshot(at time.Time, alcohol float64) *evidently.Snapshot {
	graph := evidently.Bars("distribution-0", "Distribution", "alcohol", "share of rows",
		evidently.BarSeries{Name: "reference", Colour: "#6c757d", X: []any{9, 10}, Y: []float64{0.5, 0.5}},
		evidently.BarSeries{Name: "current", Colour: "#ed0400", X: []any{9, 10}, Y: []float64{0.1, 0.9}})
	return &evidently.Snapshot{
		Name: "window", Time: at, Metadata: map[string]string{"model_version": "3"}, Tags: []string{"test"},
		Results: []evidently.Result{
			evidently.DriftedColumns(1, 0.5, 0.5),
			evidently.ValueDrift("alcohol", "K-S p_value", 0.05, alcohol),
			evidently.ValueDrift("pH", "K-S p_value", 0.05, 0.75),
			evidently.Count("outliers", "Outliers", evidently.Metric{Type: "OutlierCount"}, 3, 0.3),
		},
		Widgets: []evidently.Widget{
			evidently.Counters("counters", "", evidently.Counter{Value: "2", Label: "Columns"}),
			evidently.BigTable("table", "Drift", 10,
				[]evidently.TableColumn{{Title: "Column", Field: "name"}, {Title: "Reference", Field: "reference", Histograms: true}},
				[]evidently.TableRow{{
					Cells:   map[string]any{"name": "alcohol", "reference": evidently.Histogram{X: []any{8.5, 9.5}, Y: []float64{3, 4}}},
					Details: []evidently.Widget{graph},
				}}),
		},
	}
}
