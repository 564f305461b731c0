package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/monitoring/evidently"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "monitor")) }

// world is what the command works with: a database, a project in Evidently and a model, all of the test's own.
type world struct {
	address, project, model string
	db                      *pgx.Conn
	log                     *predictionlog.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := stack.Get(t).PostgresURL
	ctx := context.WithoutCancel(t.Context()) // for the end of the test
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	unique := strings.ToLower(rand.Text()[:10])
	w := &world{project: "monitor test " + unique, model: "monitor-test-" + unique}
	if _, err := admin.Exec(ctx, "CREATE DATABASE monitor_test_"+unique); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer admin.Close(ctx)
		if _, err := admin.Exec(ctx, "DROP DATABASE monitor_test_"+unique+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal("the stack's address is not a URL")
	}
	address.Path = "/monitor_test_" + unique
	w.address = address.String()
	if w.log, err = predictionlog.Open(t.Context(), w.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.log.Close)
	if w.db, err = pgx.Connect(ctx, w.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close(ctx) })
	t.Cleanup(func() { removeProject(ctx, t, w.project) })
	return w
}

func removeProject(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	client, err := evidently.New(stack.Get(t).EvidentlyURL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if project, err := client.FindProject(ctx, name); err == nil {
		if err := client.DeleteProject(ctx, project.ID); err != nil {
			t.Error(err)
		}
	}
}

// env is the environment of the command on the stack.
func (w *world) env(t *testing.T) []string {
	s := stack.Get(t)
	return []string{
		"MONITORING_DATABASE_URL=" + w.address, "EVIDENTLY_URL=" + s.EvidentlyURL, "MLFLOW_TRACKING_URI=" + s.MLflowURI,
		"MODEL_URI=models:/" + w.model + "@champion", "MLFLOW_HTTP_REQUEST_MAX_RETRIES=0",
	}
}

// predict logs n predictions of a version, one a second, with the alcohol shifted by so much.
func (w *world) predict(t *testing.T, version string, from time.Time, n int, shift float64) {
	t.Helper()
	list := make([]predictionlog.Prediction, n)
	for i := range list {
		list[i] = predictionlog.Prediction{
			ID: uuid.Must(uuid.NewV7()).String(), RequestID: "r", Time: from.Add(time.Duration(i) * time.Second), Model: w.model, Version: version,
			Features:   map[string]any{"alcohol": 9 + float64(i%40)/10 + shift, "pH": 3 + float64(i%30)/100},
			Prediction: fmt.Sprint(5 + i%3),
		}
	}
	if err := w.log.Write(t.Context(), predictionlog.Batch{Predictions: list}); err != nil {
		t.Fatal(err)
	}
}

// reference is the training table of a model.
func reference(rows int) string {
	var b strings.Builder
	b.WriteString("alcohol,pH,quality,prediction\n")
	for i := range rows {
		fmt.Fprintf(&b, "%.1f,%.2f,%d,%d\n", 9+float64(i%40)/10, 3+float64(i%30)/100, 5+i%3, 5+i%3)
	}
	return b.String()
}

// register makes a version of the model, with a reference unless it is empty.
func (w *world) register(t *testing.T, reference string) {
	t.Helper()
	client, err := mlflowclient.New(t.Context(), stack.Get(t).MLflowURI)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	experiment, err := client.Experiments.GetOrCreate(t.Context(), "monitor-test")
	if err != nil {
		t.Fatal(err)
	}
	err = client.Track(t.Context(), mlflowclient.StartRun{ExperimentID: experiment.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		model, err := run.LogModel(ctx, mlflowclient.LogModel{Name: "m", Files: func(string) ([]mlmodel.File, error) {
			files := []mlmodel.File{{Name: "MLmodel", Data: []byte("flavors: {}\n")}}
			if reference != "" {
				files = append(files, mlmodel.File{Name: "reference.csv", Data: []byte(reference)})
			}
			return files, nil
		}})
		if err != nil {
			return err
		}
		_, err = client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: w.model, ModelID: model.ID, Alias: "champion"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var printedRow = regexp.MustCompile(`(?m)^(\S+) +(K-S p_value|chi-square p_value|Wasserstein distance \(normed\)|Jensen-Shannon distance) +(\S+) +(\S+) +(yes|no)$`)

func TestWhatIsPrintedIsInTheDatabaseAndInEvidently(t *testing.T) {
	w := newWorld(t)
	w.register(t, reference(300))
	w.register(t, reference(1200))
	start := time.Now().UTC().Truncate(time.Hour).Add(-5 * time.Hour)
	w.predict(t, "1", start, 600, 0)
	w.predict(t, "2", start, 600, 1.5)
	w.predict(t, "2", start.Add(time.Hour), 12, 0)

	first := program.Run(t, t.TempDir(), w.env(t), "--project", w.project)
	if first.Code != 0 || first.Stderr != "" {
		t.Fatalf("exit code %d, stderr %q", first.Code, first.Stderr)
	}
	for _, want := range []string{
		w.model + " version 1, ", "600 predictions against 300 reference rows", "600 predictions against 1200 reference rows",
		"12 predictions are too few (--min-rows): left for later", "/reports/", "Next:  open " + stack.Get(t).EvidentlyURL + "/projects/",
	} {
		if !strings.Contains(first.Stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, first.Stdout)
		}
	}
	printed := printedRow.FindAllStringSubmatch(first.Stdout, -1)
	if len(printed) != 6 {
		t.Fatalf("%d rows printed, want 3 columns of 2 versions:\n%s", len(printed), first.Stdout)
	}
	rows, err := w.db.Query(t.Context(), `SELECT column_name, method, value, threshold, drifted FROM drift_columns JOIN drift_windows ON id = window_id
		ORDER BY created_at, array_position(ARRAY['alcohol', 'pH', 'prediction'], column_name)`)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for ; rows.Next(); i++ {
		var column, method string
		var value, threshold float64
		var drifted bool
		if err := rows.Scan(&column, &method, &value, &threshold, &drifted); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint([]string{column, method, fmt.Sprintf("%.6g", value), fmt.Sprint(threshold), yesNo(drifted)})
		if got := fmt.Sprint(printed[i][1:]); got != want {
			t.Errorf("printed %s, stored %s", got, want)
		}
	}
	if rows.Err() != nil || i != len(printed) {
		t.Errorf("%d rows stored, %v", i, rows.Err())
	}
	w.checkSnapshots(t, 2)

	again := program.Run(t, t.TempDir(), w.env(t), "--project", w.project)
	if again.Code != 0 || strings.Contains(again.Stdout, "version 1") || !strings.Contains(again.Stdout, "left for later") {
		t.Errorf("again: exit code %d, %q", again.Code, again.Stdout)
	}
	from := []string{"--project", w.project, "--from", start.Format(time.RFC3339), "--to", start.Add(time.Hour).Format(time.RFC3339)}
	same := program.Run(t, t.TempDir(), w.env(t), from...)
	if same.Code != 0 || len(printedRow.FindAllString(same.Stdout, -1)) != 6 {
		t.Errorf("the same window again: exit code %d, %q, %q", same.Code, same.Stdout, same.Stderr)
	}
	w.checkSnapshots(t, 2)
}

// checkSnapshots wants so many windows in the database, each with a snapshot of its own in Evidently and no other there.
func (w *world) checkSnapshots(t *testing.T, want int) {
	t.Helper()
	client, err := evidently.New(stack.Get(t).EvidentlyURL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	project, err := client.FindProject(t.Context(), w.project)
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.Snapshots(t.Context(), project.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		var version string
		if err := w.db.QueryRow(t.Context(), "SELECT model_version FROM drift_windows WHERE evidently_snapshot = $1 AND id = $2",
			s.ID, s.Metadata["window_id"]).Scan(&version); err != nil || version != s.Metadata["model_version"] {
			t.Errorf("snapshot %+v: %v", s, err)
		}
	}
	var windows int
	if err := w.db.QueryRow(t.Context(), "SELECT count(*) FROM drift_windows").Scan(&windows); err != nil || windows != want || len(list) != want {
		t.Errorf("%d windows, %d snapshots, %v; want %d", windows, len(list), err, want)
	}
}

func TestEvidentlyIsOptionalAndMayBeAway(t *testing.T) {
	w := newWorld(t)
	w.predict(t, "1", time.Now().Add(-time.Hour), 100, 1)
	file := filepath.Join(t.TempDir(), "reference.csv")
	if err := os.WriteFile(file, []byte(reference(300)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--once", "--reference", file, "--project", w.project}
	without := program.Run(t, t.TempDir(), append(w.env(t), "EVIDENTLY_URL="), args...)
	if without.Code != 0 || !strings.Contains(without.Stdout, "Evidently: skipped") || !strings.Contains(without.Stdout, "EVIDENTLY_URL") {
		t.Errorf("without: exit code %d, %q, %q", without.Code, without.Stdout, without.Stderr)
	}
	if _, err := w.db.Exec(t.Context(), "DELETE FROM drift_windows"); err != nil {
		t.Fatal(err)
	}
	away := program.Run(t, t.TempDir(), append(w.env(t), "EVIDENTLY_URL=http://127.0.0.1:1"), args...)
	program.Refused(t, away, 1, "saved, but not in Evidently")
	if !strings.Contains(away.Stdout, "alcohol") {
		t.Errorf("the results are not printed: %q", away.Stdout)
	}
	var columns int
	if err := w.db.QueryRow(t.Context(), "SELECT count(*) FROM drift_columns").Scan(&columns); err != nil || columns != 3 {
		t.Errorf("%d columns stored, %v", columns, err)
	}
	back := program.Run(t, t.TempDir(), w.env(t), "--reference", file, "--project", w.project)
	if back.Code != 0 || !strings.Contains(back.Stdout, "/reports/") {
		t.Errorf("back: exit code %d, %q, %q", back.Code, back.Stdout, back.Stderr)
	}
	w.checkSnapshots(t, 1)
}
