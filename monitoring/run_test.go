package monitoring_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
	"mlopsgo/monitoring"
	"mlopsgo/monitoring/evidently"
)

// stored lists the windows in the database as "version start-end: rows", in hours after noon.
func stored(t *testing.T, w *world) []string {
	t.Helper()
	rows, err := connection(t, w.address).Query(t.Context(), "SELECT model_version, window_start, window_end, rows FROM drift_windows ORDER BY 2, 1")
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		var version string
		var start, end time.Time
		var n int
		err := row.Scan(&version, &start, &end, &n)
		return fmt.Sprintf("%s %.4g-%.4g: %d", version, start.Sub(noon).Hours(), end.Sub(noon).Hours(), n), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func run(t *testing.T, m *monitoring.Monitor, r monitoring.Range) *monitoring.Summary {
	t.Helper()
	summary, err := m.Run(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

func at(hours float64) time.Time { return noon.Add(time.Duration(hours * float64(time.Hour))) }

func TestWindowsFollowEachOther(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	reference := all.rows(0, 1000).file(t, "reference.csv", true)
	now := at(2).Add(5 * time.Second)
	m := w.monitor(t, reference, func(c *monitoring.Config) { c.Now = func() time.Time { return now } })

	if s := run(t, m, monitoring.Range{}); s.Predictions != 0 || len(s.Results) != 0 {
		t.Errorf("an empty log gives %+v", s)
	}
	now = at(0.9)
	m = w.monitor(t, reference, func(c *monitoring.Config) { c.Now = func() time.Time { return now } })
	stack.Execute(t, w.address, "TRUNCATE drift_progress")
	w.append(all.rows(0, 40).predictions("1", at(0.1))...)
	w.append(all.rows(0, 40).predictions("2", at(0.5))...)
	w.append(all.rows(0, 10).predictions("3", at(0.8))...)
	w.append(all.rows(40, 80).predictions("1", at(1.1))...)

	steps := []struct {
		now  float64 // hours
		add  func()
		want []string
		left string
	}{
		{0.9, nil, nil, ""}, // no window is over
		{1.001, nil, nil, ""},
		{1.01, nil, []string{"1 0-1: 40", "2 0-1: 40"}, "3"},
		{1.5, nil, nil, "3"},
		{2.01, nil, []string{"1 1-2: 40"}, "3"},
		{3.01, func() { w.append(all.rows(10, 40).predictions("3", at(2.5))...) }, []string{"3 0-3: 40"}, ""},
		{5.01, func() { w.append(all.rows(0, 30).predictions("1", at(4.5))...) }, []string{"1 4-5: 30"}, ""},
	}
	var want []string
	for _, step := range steps {
		if step.add != nil {
			step.add()
		}
		now = at(step.now)
		if step.now == 1.001 {
			now = at(1).Add(9 * time.Second) // the predictor may still be writing
		}
		s := run(t, m, monitoring.Range{})
		want = append(want, step.want...)
		if got := stored(t, w); !sameSet(got, want) {
			t.Errorf("at %v: windows %q, want %q", step.now, got, want)
		}
		var left strings.Builder
		for _, l := range s.Left {
			left.WriteString(l.Version)
		}
		if left.String() != step.left || len(s.Results) != len(step.want) {
			t.Errorf("at %v: %d results, left %q; want %d, %q", step.now, len(s.Results), left.String(), len(step.want), step.left)
		}
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestARangeIsLookedAtAgain(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	w.append(all.rows(0, 600).shifted(600).predictions("1", at(0.25))...) // ten minutes
	w.append(all.rows(0, 60).predictions("2", at(1.5))...)
	publisher, client, name := newPublisher(t)
	m := w.monitor(t, all.rows(0, 1000).file(t, "reference.csv", true), func(c *monitoring.Config) { c.Publisher = publisher })

	ranges := []monitoring.Range{
		{All: true},
		{From: at(0), To: at(2)},
		{From: at(0), To: at(2), Window: time.Hour},
		{From: at(0), To: at(0.5), Window: 20 * time.Minute},
	}
	want := []string{
		"1 0.25-0.4164: 600", "2 1.5-1.516: 60", // all
		"1 0-2: 600", "2 0-2: 60",
		"1 0-1: 600", "2 1-2: 60",
		"1 0-0.3333: 300", "1 0.3333-0.5: 300",
	}
	var ids [2][]string
	for round := range 2 {
		for _, r := range ranges {
			for _, result := range run(t, m, r).Results {
				ids[round] = append(ids[round], result.ID())
			}
		}
		if got := stored(t, w); !sameSet(got, want) {
			t.Errorf("round %d: windows %q, want %q", round, got, want)
		}
	}
	if !slices.Equal(ids[0], ids[1]) || len(ids[0]) != len(want) {
		t.Errorf("identities differ: %q, %q", ids[0], ids[1])
	}
	project, err := client.FindProject(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	snapshots, err := client.Snapshots(t.Context(), project.ID)
	if err != nil || len(snapshots) != len(want) {
		t.Errorf("%d snapshots, want %d: %v", len(snapshots), len(want), err)
	}
	var rows, orphans int
	err = connection(t, w.address).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM drift_columns),
		(SELECT count(*) FROM drift_windows WHERE evidently_snapshot IS NULL OR NOT evidently_snapshot = ANY($1))`, identities(snapshots)).Scan(&rows, &orphans)
	if err != nil || rows != 12*len(want) || orphans != 0 {
		t.Errorf("%d rows of columns, %d windows whose snapshot is not in Evidently: %v", rows, orphans, err)
	}
	// A predictor that lost its connection writes late: the window is replaced, not doubled.
	w.append(all.rows(60, 100).predictions("2", at(1.6))...)
	run(t, m, monitoring.Range{From: at(1), To: at(2)})
	if got := stored(t, w); !slices.Contains(got, "2 1-2: 100") || slices.Contains(got, "2 1-2: 60") || len(got) != len(want) {
		t.Errorf("windows %q", got)
	}
}

func identities(list []evidently.SnapshotInfo) []string {
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	return ids
}

func TestOneVersionAlone(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	w.append(all.rows(0, 40).predictions("1", at(0))...)
	w.append(all.rows(0, 50).predictions("2", at(0.5))...)
	reference := all.rows(0, 1000).file(t, "reference.csv", true)
	run(t, w.monitor(t, reference, func(c *monitoring.Config) { c.Version = "2" }), monitoring.Range{})
	if got := stored(t, w); !slices.Equal(got, []string{"2 0-1: 50"}) {
		t.Errorf("windows %q", got)
	}
	run(t, w.monitor(t, reference, nil), monitoring.Range{})
	if got := stored(t, w); !slices.Equal(got, []string{"1 0-1: 40", "2 0-1: 50"}) {
		t.Errorf("windows %q: version 1 must not be lost to the run that looked at 2", got)
	}
}

func TestAReferenceThatCannotBeHadIsWaitedFor(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	w.append(all.rows(0, 40).predictions("1", at(0))...)
	w.append(all.rows(0, 50).predictions("2", at(0))...)
	w.append(all.rows(0, 50).predictions("2", at(1))...)
	file := monitoring.FileReference(all.rows(0, 1000).file(t, "reference.csv", true), wine.Target)
	down := errors.New("MLflow is away")
	var away atomic.Bool
	away.Store(true)
	m := w.monitor(t, "", func(c *monitoring.Config) {
		c.References = func(ctx context.Context, version string) (*monitoring.Reference, error) {
			if version == "2" && away.Load() {
				return nil, down
			}
			return file(ctx, version)
		}
	})
	if s, err := m.Run(t.Context(), monitoring.Range{}); !errors.Is(err, down) || len(s.Results) != 1 {
		t.Errorf("%d results, %v", len(s.Results), err)
	}
	away.Store(false)
	run(t, m, monitoring.Range{})
	if got := stored(t, w); !slices.Equal(got, []string{"1 0-1: 40", "2 0-1: 50", "2 1-2: 50"}) {
		t.Errorf("windows %q", got)
	}
}

func TestPredictionsThatLackAColumnAreToldOnce(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	broken := all.rows(0, 40).shifted(40)
	for _, features := range broken.features {
		delete(features, "alcohol")
	}
	w.append(broken.predictions("1", at(0))...)
	w.append(all.rows(0, 40).predictions("1", at(1))...)
	m := w.monitor(t, all.rows(0, 1000).file(t, "reference.csv", true), nil)
	if s, err := m.Run(t.Context(), monitoring.Range{}); !errors.Is(err, monitoring.ErrNoColumn) || !strings.Contains(err.Error(), `"alcohol"`) || len(s.Results) != 1 {
		t.Errorf("%d results, %v", len(s.Results), err)
	}
	run(t, m, monitoring.Range{})
	if got := stored(t, w); !slices.Equal(got, []string{"1 1-2: 40"}) {
		t.Errorf("windows %q", got)
	}
}

// TestEvidentlyAway: results are kept without it, and published when it is back.
func TestEvidentlyAway(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	for hour := range 3 {
		w.append(all.rows(0, 40).predictions("1", at(float64(hour)))...)
	}
	_, direct, name := newPublisher(t)
	target, err := url.Parse(stack.Get(t).EvidentlyURL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	var away atomic.Bool
	var asked atomic.Int32
	away.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if away.Load() {
			asked.Add(1)
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	defer server.Close()
	client, err := evidently.New(server.URL, evidently.WithMaxRetries(1))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	m := w.monitor(t, all.rows(0, 1000).file(t, "reference.csv", true), func(c *monitoring.Config) { c.Publisher = monitoring.NewPublisher(client, name) })
	s, err := m.Run(t.Context(), monitoring.Range{})
	if !errors.Is(err, evidently.ErrUnavailable) || !strings.Contains(err.Error(), "saved") || len(s.Results) != 3 || len(s.URLs) != 0 {
		t.Errorf("%d results, %v", len(s.Results), err)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times: after one window that could not be published, the others wait for the next run", n)
	}
	if got := stored(t, w); len(got) != 3 {
		t.Errorf("windows %q", got)
	}
	away.Store(false)
	if s := run(t, m, monitoring.Range{}); len(s.URLs) != 3 {
		t.Errorf("%d published", len(s.URLs))
	}
	if s := run(t, m, monitoring.Range{}); len(s.URLs) != 0 || len(s.Results) != 0 {
		t.Errorf("%d published again", len(s.URLs))
	}
	project, err := direct.FindProject(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := direct.Snapshots(t.Context(), project.ID); err != nil || len(list) != 3 {
		t.Errorf("%d snapshots, %v", len(list), err)
	}
}

func TestADashboardOfPeopleIsLeftAlone(t *testing.T) {
	all := loadWines(t)
	w := newWorld(t)
	w.append(all.rows(0, 40).predictions("1", at(0))...)
	publisher, client, name := newPublisher(t)
	project, err := client.GetOrCreateProject(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	own := &evidently.Dashboard{Tabs: []evidently.Tab{{ID: "01a212ec-537b-7043-a07f-bd7898af8094", Title: "mine"}}}
	if err := client.SetDashboard(t.Context(), project.ID, own); err != nil {
		t.Fatal(err)
	}
	run(t, w.monitor(t, all.rows(0, 1000).file(t, "reference.csv", true), func(c *monitoring.Config) { c.Publisher = publisher }), monitoring.Range{})
	if got, err := client.Dashboard(t.Context(), project.ID); err != nil || len(got.Tabs) != 1 || got.Tabs[0].Title != "mine" {
		t.Errorf("dashboard %+v, %v", got, err)
	}
}

func TestRangesAndConfigsAreRefused(t *testing.T) {
	w := newWorld(t)
	m := w.monitor(t, "", nil)
	for _, r := range []monitoring.Range{
		{All: true, Window: time.Hour},
		{All: true, From: noon},
		{Window: time.Millisecond},
		{Window: -time.Hour},
		{To: noon},
		{From: noon, To: noon},
	} {
		if _, err := m.Run(t.Context(), r); err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
	if _, err := monitoring.New(monitoring.Config{}); err == nil {
		t.Error("an empty configuration is taken")
	}
}
