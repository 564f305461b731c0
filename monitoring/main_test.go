package monitoring_test

import (
	"context"
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
	"mlopsgo/monitoring"
	"mlopsgo/monitoring/evidently"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connection is one to a test's database.
func connection(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	// The end of the test needs it, when its context has ended.
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	return conn
}

// wines are rows of the red wine table as a predictor gets them, with the score as the label.
type wines struct {
	features []map[string]any
	labels   []string
}

func loadWines(t testing.TB) wines {
	t.Helper()
	table, err := dataset.ReadCSV(wine.Open(), wine.Name, dataset.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all := wines{}
	for row := range table.Rows() {
		features := map[string]any{}
		for _, c := range table.Columns() {
			if c.Name() == wine.Target {
				all.labels = append(all.labels, c.Text(row))
				continue
			}
			features[c.Name()] = c.Floats()[row]
		}
		all.features = append(all.features, features)
	}
	return all
}

func (w wines) rows(from, to int) wines { return wines{w.features[from:to], w.labels[from:to]} }

// shifted are n wines from another year: riper grapes and more additives, and a judge who likes them.
func (w wines) shifted(n int) wines {
	var out wines
	for i := range n {
		features := maps.Clone(w.features[i%len(w.features)])
		features["alcohol"] = features["alcohol"].(float64) + 1.5
		features["sulphates"] = features["sulphates"].(float64) * 1.4
		features["volatile acidity"] = features["volatile acidity"].(float64) * 0.7
		label := w.labels[i%len(w.labels)]
		if label == "5" {
			label = "6"
		}
		out.features, out.labels = append(out.features, features), append(out.labels, label)
	}
	return out
}

// names are the features in a fixed order.
func (w wines) names() []string {
	return []string{
		"fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides", "free sulfur dioxide", "total sulfur dioxide", "density", "pH",
		"sulphates", "alcohol",
	}
}

// file writes the wines as CSV, as a reference when it has the target.
func (w wines) file(t *testing.T, name string, target bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := csv.NewWriter(file)
	header := w.names()
	if target {
		header = append(header, wine.Target)
	}
	lines := [][]string{append(header, monitoring.PredictionColumn)}
	for i, features := range w.features {
		var cells []string
		for _, name := range w.names() {
			cell := strconv.FormatFloat(features[name].(float64), 'g', -1, 64)
			if !strings.ContainsAny(cell, ".e") {
				cell += ".0" // a column of wholes would be one of integers
			}
			cells = append(cells, cell)
		}
		if target {
			cells = append(cells, w.labels[i])
		}
		lines = append(lines, append(cells, w.labels[i]))
	}
	if err := out.WriteAll(lines); err != nil {
		t.Fatal(err)
	}
	return path
}

// predictions are the wines as logged by a version of the model "wine", one a second.
func (w wines) predictions(version string, from time.Time) []predictionlog.Prediction {
	list := make([]predictionlog.Prediction, len(w.features))
	for i := range list {
		list[i] = predictionlog.Prediction{
			ID: uuid.Must(uuid.NewV7()).String(), RequestID: "request", Time: from.Add(time.Duration(i) * time.Second), Model: "wine", Version: version,
			Features: w.features[i], Prediction: w.labels[i], Latency: time.Millisecond,
		}
	}
	return list
}

// world is a database with logged predictions and what watches them.
type world struct {
	address string
	log     *monitoring.Log
	store   *monitoring.Store
	append  func(...predictionlog.Prediction)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{address: stack.Database(t)}
	predictor, err := predictionlog.Open(t.Context(), w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(predictor.Close)
	w.append = func(list ...predictionlog.Prediction) {
		t.Helper()
		if err := predictor.Write(t.Context(), predictionlog.Batch{Predictions: list}); err != nil {
			t.Fatal(err)
		}
	}
	if w.log, err = monitoring.OpenLog(t.Context(), w.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.log.Close)
	if w.store, err = monitoring.OpenStore(t.Context(), w.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.store.Close)
	return w
}

// monitor watches the model "wine" with a reference file.
func (w *world) monitor(t *testing.T, reference string, change func(*monitoring.Config)) *monitoring.Monitor {
	t.Helper()
	config := monitoring.Config{
		Model: "wine", Predictions: w.log.Predictions, References: monitoring.FileReference(reference, wine.Target), Store: w.store,
		Now: func() time.Time { return noon.Add(24 * time.Hour) },
	}
	if change != nil {
		change(&config)
	}
	m, err := monitoring.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// newPublisher publishes into a project of the test's own.
func newPublisher(t *testing.T) (*monitoring.Publisher, *evidently.Client, string) {
	t.Helper()
	client, err := evidently.New(stack.Get(t).EvidentlyURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	name := t.Name() + " " + uuid.NewString()
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		project, err := client.FindProject(ctx, name)
		if err != nil {
			return // nothing was published
		}
		if err := client.DeleteProject(ctx, project.ID); err != nil {
			t.Error(err)
		}
	})
	return monitoring.NewPublisher(client, name), client, name
}
