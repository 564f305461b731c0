package evidently_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/evidently"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 123_456_000, time.FixedZone("CET", 3600))

func TestVersionIsTheOnePromised(t *testing.T) {
	version, err := connect(t, stack.Get(t).EvidentlyURL).Version(t.Context())
	if err != nil || version != evidently.ServerVersion {
		t.Errorf("version %q, %v; want %s", version, err, evidently.ServerVersion)
	}
}

func TestProjectIsMadeOnceByMany(t *testing.T) {
	client := connect(t, stack.Get(t).EvidentlyURL)
	name := "a name / with a slash " + uuid.NewString()
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			project, err := client.GetOrCreateProject(t.Context(), name)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = project.ID
		})
	}
	wg.Wait()
	if len(slices.Compact(ids)) != 1 {
		t.Errorf("identities %v, want one", ids)
	}
	projects, err := client.Projects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(slices.DeleteFunc(projects, func(p evidently.Project) bool { return p.Name != name })); n != 1 {
		t.Errorf("the service lists %d projects of that name", n)
	}
	if err := client.DeleteProject(t.Context(), ids[0]); err != nil {
		t.Error(err)
	}
	if _, err := client.FindProject(t.Context(), name); !errors.Is(err, evidently.ErrNotFound) {
		t.Errorf("after deletion: %v", err)
	}
}

func TestSnapshotComesBack(t *testing.T) {
	client := connect(t, stack.Get(t).EvidentlyURL)
	project := newProject(t, client)
	id, err := client.AddSnapshot(t.Context(), project.ID, snapshot(noon, 2.1e-19))
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.Snapshots(t.Context(), project.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []evidently.SnapshotInfo{{ID: id, Name: "window", Time: noon.UTC(), Metadata: map[string]string{"model_version": "3"}, Tags: []string{"test"}}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	if info, err := client.SnapshotInfo(t.Context(), project.ID, id); err != nil || cmp.Diff(&want[0], info) != "" {
		t.Errorf("%+v, %v", info, err)
	}
	widgets, err := client.SnapshotWidgets(t.Context(), project.ID, id)
	if err != nil || len(widgets) != 2 || widgets[0].Type != "counter" || widgets[1].Type != "big_table" {
		t.Errorf("widgets %+v, %v", widgets, err)
	}
	graph, err := client.SnapshotGraph(t.Context(), project.ID, id, "distribution-0")
	if err != nil || graph.Type != "big_graph" || graph.Title != "Distribution" {
		t.Errorf("graph %+v, %v", graph, err)
	}
	series, err := client.Series(t.Context(), project.ID, evidently.SeriesFilter{Metric: "*"})
	if err != nil || len(series) != 6 {
		t.Errorf("%d series, want one for each value and two for each count: %v", len(series), err)
	}
	if err := client.DeleteSnapshot(t.Context(), project.ID, id); err != nil {
		t.Error(err)
	}
	if _, err := client.SnapshotInfo(t.Context(), project.ID, id); !errors.Is(err, evidently.ErrNotFound) {
		t.Errorf("after deletion: %v", err)
	}
	if err := client.DeleteSnapshot(t.Context(), project.ID, id); err != nil {
		t.Errorf("deleted again: %v", err)
	}
}

func TestSeriesFollowTime(t *testing.T) {
	client := connect(t, stack.Get(t).EvidentlyURL)
	project := newProject(t, client)
	for hour, p := range map[int]float64{2: 0.25, 0: 1, 1: 0.5} {
		s := snapshot(noon.Add(time.Duration(hour)*time.Hour), p)
		if hour == 1 {
			s.Results = s.Results[:1] // a gap in the series of alcohol
		}
		if _, err := client.AddSnapshot(t.Context(), project.ID, s); err != nil {
			t.Fatal(err)
		}
	}
	series, err := client.Series(t.Context(), project.ID, evidently.SeriesFilter{Metric: "ValueDrift", Labels: map[string]string{"column": "alcohol"}})
	if err != nil || len(series) != 1 {
		t.Fatalf("%d series, %v", len(series), err)
	}
	var values []float64
	for _, p := range series[0].Points {
		values = append(values, p.Value)
	}
	if !slices.Equal(values, []float64{1, 0.25}) || !series[0].Points[1].Time.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("points %+v", series[0].Points)
	}
	count, err := client.Series(t.Context(), project.ID, evidently.SeriesFilter{Metric: "OutlierCount", Labels: map[string]string{"value_type": "share"}})
	if err != nil || len(count) != 1 || len(count[0].Points) != 2 || count[0].Points[0].Value != 0.3 {
		t.Errorf("the own metric's share: %+v, %v", count, err)
	}
}

func TestDashboardComesBack(t *testing.T) {
	client := connect(t, stack.Get(t).EvidentlyURL)
	project := newProject(t, client)
	empty, err := client.Dashboard(t.Context(), project.ID)
	if err != nil || len(empty.Panels) != 0 || len(empty.Tabs) != 0 {
		t.Errorf("new project: %+v, %v", empty, err)
	}
	panel := uuid.NewString()
	set := &evidently.Dashboard{
		Tabs: []evidently.Tab{{ID: uuid.NewString(), Title: "Drift", Panels: []string{panel}}},
		Panels: []evidently.Panel{{
			ID: panel, Title: "By column", Size: evidently.Full, Values: []evidently.PanelValue{{Legend: "{{column}}", Metric: "ValueDrift"}},
			Plot: evidently.Plot{Type: "line"},
		}},
	}
	if err := client.SetDashboard(t.Context(), project.ID, set); err != nil {
		t.Fatal(err)
	}
	got, err := client.Dashboard(t.Context(), project.ID)
	if err != nil || len(got.Panels) != 1 || len(got.Tabs) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got.Panels[0].Values[0].Metric != "evidently:metric_v2:ValueDrift" || got.Tabs[0].Panels[0] != panel || got.Panels[0].Plot.Type != "line" {
		t.Errorf("%+v", got)
	}
}

func TestWhatTheServiceWouldChokeOnIsNotSent(t *testing.T) {
	client := connect(t, "http://127.0.0.1:1", evidently.WithMaxRetries(0)) // nobody is there to be asked
	for says, change := range map[string]func(*evidently.Snapshot){
		"no time":             func(s *evidently.Snapshot) { s.Time = time.Time{} },
		"not a finite number": func(s *evidently.Snapshot) { s.Results[1] = evidently.ValueDrift("x", "y", 0.1, math.NaN()) },
		`identity "outliers"`: func(s *evidently.Snapshot) { s.Results = append(s.Results, s.Results[3]) },
		"no identity":         func(s *evidently.Snapshot) { s.Results[0].ID = "" },
		"no type":             func(s *evidently.Snapshot) { s.Widgets = append(s.Widgets, evidently.Widget{}) },
		"cannot be written as JSON": func(s *evidently.Snapshot) {
			s.Widgets = append(s.Widgets, evidently.Bars("b", "", "", "", evidently.BarSeries{Y: []float64{math.Inf(1)}}))
		},
	} {
		s := snapshot(noon, 1)
		change(s)
		if _, err := client.AddSnapshot(t.Context(), "p", s); !errors.Is(err, evidently.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	if _, err := client.PushSnapshot(t.Context(), "p", snapshot(noon, 1), evidently.Key{}); !errors.Is(err, evidently.ErrInvalid) {
		t.Errorf("no key: %v", err)
	}
}

func TestErrorsSayWhatHappened(t *testing.T) {
	client := connect(t, "http://127.0.0.1:1", evidently.WithMaxRetries(0))
	_, err := client.Version(t.Context())
	if !errors.Is(err, evidently.ErrUnavailable) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody there: %v", err)
	}
	service := connect(t, stack.Get(t).EvidentlyURL)
	if _, err := service.Snapshots(t.Context(), uuid.NewString()); !errors.Is(err, evidently.ErrNotFound) {
		t.Errorf("no such project: %v", err)
	}
	for _, address := range []string{"", "localhost", "ftp://host"} {
		if _, err := evidently.New(address); err == nil {
			t.Errorf("address %q is taken", address)
		}
	}
}
