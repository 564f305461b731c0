package looptest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/evidently"
)

var reportLine = regexp.MustCompile(`(?m)^report: (\S+)$`)

// monitor compares the shifted wines with the champion's training rows, and the figures with those of Evidently's own report on the same
// rows: in the service, and in Postgres.
func (l *loop) monitor(t *testing.T) {
	from, to := l.shifted.Format(time.RFC3339Nano), time.Now().UTC().Format(time.RFC3339Nano)
	for range 2 { // the second look at a window replaces what the first one gave
		found := reportLine.FindStringSubmatch(l.run.run(t, "monitor", "--from", from, "--to", to))
		if found == nil {
			t.Fatal("the monitor names no report")
		}
		l.report = found[1]
	}
	want := l.evidentlys(t)
	if len(want) != len(features)+1 {
		t.Fatalf("Evidently's report is on %d columns, want the features and the prediction", len(want))
	}
	same(t, "the Evidently service", l.published(t), want)
	same(t, "Postgres", l.stored(t), want)
	if want["alcohol"] < 0.1 {
		t.Errorf("alcohol drifts by %v; the wines were not shifted", want["alcohol"])
	}
	if n, err := l.count(t.Context(), `SELECT count(*) FROM drift_windows`); err != nil || n != 1 {
		t.Errorf("%d windows after two looks at one, %v", n, err)
	}
}

// evidentlys are the drift values by column that Evidently's package computes.
func (l *loop) evidentlys(t *testing.T) map[string]float64 {
	t.Helper()
	script := filepath.Join("..", "..", "monitoring", "testdata", "evidently_preset.py")
	command := exec.CommandContext(t.Context(), stack.Python(t, "evidently"), script, l.referenceFile(t), l.currentFile(t))
	command.Env = append(os.Environ(), "DO_NOT_TRACK=1")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var reports [][]struct {
		Config struct{ Type, Column string }
		Value  json.RawMessage
	}
	if err := json.Unmarshal(out, &reports); err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, metric := range reports[0] {
		if metric.Config.Column == "" {
			continue
		}
		var value float64
		if err := json.Unmarshal(metric.Value, &value); err != nil {
			t.Fatal(err)
		}
		values[metric.Config.Column] = value
	}
	return values
}

// referenceFile takes the champion's training rows from MLflow, without the target, which predictions do not have.
func (l *loop) referenceFile(t *testing.T) string {
	t.Helper()
	model, err := l.mlflow.ResolveModel(t.Context(), modelURI)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "model")
	if err := l.mlflow.DownloadModel(t.Context(), model, folder); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(folder, "reference.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	target := slices.Index(records[0], "quality")
	if target < 0 || len(records) != 1+1199 {
		t.Fatalf("reference.csv has columns %q and %d rows", records[0], len(records)-1)
	}
	for i := range records {
		records[i] = slices.Delete(records[i], target, target+1)
	}
	return writeCSV(t, "reference.csv", records)
}

// currentFile takes the shifted wines and their predictions from Postgres.
func (l *loop) currentFile(t *testing.T) string {
	t.Helper()
	store, err := predictionlog.Open(t.Context(), l.own.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	records := [][]string{append(slices.Clone(features), "prediction")}
	for p, err := range store.Between(t.Context(), modelName, l.shifted, time.Now()) {
		if err != nil {
			t.Fatal(err)
		}
		var record []string
		for _, feature := range features {
			record = append(record, fmt.Sprint(p.Features[feature]))
		}
		records = append(records, append(record, p.Prediction))
	}
	if len(records) != 1+600 {
		t.Fatalf("%d shifted wines in Postgres, want 600", len(records)-1)
	}
	return writeCSV(t, "current.csv", records)
}

func writeCSV(t *testing.T, name string, records [][]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := csv.NewWriter(file).WriteAll(records); err != nil {
		t.Fatal(err)
	}
	return path
}

// published are the drift values that the Evidently service lists.
func (l *loop) published(t *testing.T) map[string]float64 {
	t.Helper()
	client, err := evidently.New(l.own.EvidentlyURL)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	project, err := client.FindProject(t.Context(), "red-wine-quality")
	if err != nil {
		t.Fatal(err)
	}
	snapshots, err := client.Snapshots(t.Context(), project.ID)
	if err != nil || len(snapshots) != 1 {
		t.Fatalf("%d reports in Evidently, %v", len(snapshots), err)
	}
	series, err := client.Series(t.Context(), project.ID, evidently.SeriesFilter{Metric: "ValueDrift"})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, one := range series {
		values[one.Params["column"]] = one.Points[len(one.Points)-1].Value
	}
	return values
}

// stored are the drift values in Postgres.
func (l *loop) stored(t *testing.T) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	l.query(t, `SELECT column_name, value FROM drift_columns`, func(scan func(...any) error) error {
		var column string
		var value float64
		defer func() { values[column] = value }()
		return scan(&column, &value)
	})
	return values
}

func same(t *testing.T, where string, got, want map[string]float64) {
	t.Helper()
	if !maps.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }) {
		t.Errorf("drift in %s: %v; Evidently's package says %v", where, got, want)
	}
}
