package predictsvc

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wineColumns are the columns of the original's model, and wine its test body.
var wineColumns = []string{"volatile acidity", "citric acid", "sulphates", "alcohol"}

const wine = `{"volatile acidity":0.7,"citric acid":0.0,"sulphates":0.56,"alcohol":9.4}`

// tinyForest says low for a wine of up to 10 % alcohol and high for the others, each with a probability of 0.75.
func tinyForest(low, high int64) *onnx.Forest {
	return &onnx.Forest{
		Mean: []float64{0, 0, 0, 10}, Scale: []float64{1, 1, 1, 2}, IntClasses: []int64{low, high}, Producer: "predictsvc's tests",
		Trees: []onnx.Tree{{
			Left: []int{1, -1, -1}, Right: []int{2, -1, -1}, Feature: []int{3, -2, -2}, Threshold: []float64{0, -2, -2},
			Values: []float64{0.5, 0.5, 0.75, 0.25, 0.25, 0.75},
		}},
	}
}

// modelFiles are the files of a model folder for a forest on the wine columns.
func modelFiles(tb testing.TB, forest *onnx.Forest, change func(*mlmodel.ONNXModel)) []mlmodel.File {
	tb.Helper()
	file, err := forest.Model()
	must(tb, err)
	m := mlmodel.ONNXModel{
		Data:      file.Encode(),
		Signature: &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, wineColumns...)},
		Example:   &mlmodel.Example{Columns: wineColumns, Rows: [][]any{{0.7, 0.0, 0.56, 9.4}, {0.3, 0.1, 0.5, 12.5}}},
	}
	if change != nil {
		change(&m)
	}
	files, err := m.Files()
	must(tb, err)
	return files
}

// folderModel loads the model of files as the follower would.
func folderModel(tb testing.TB, files []mlmodel.File) (*model, error) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "model")
	must(tb, mlmodel.WriteFolder(dir, files))
	return loadModel(tb.Context(), dir, source{Name: "sk-rfc-model", Version: "3", RunID: "run-7", ModelID: "m-1", URI: "models:/x/3"}, DefaultTarget)
}

// inProcess is a service that answers with a model, without a network.
func inProcess(tb testing.TB, forest *onnx.Forest, change func(*mlmodel.ONNXModel)) *Service {
	tb.Helper()
	s := newService(tb, Config{MaxBody: 4096, MaxRows: 3})
	m, err := folderModel(tb, modelFiles(tb, forest, change))
	must(tb, err)
	s.follower.swap(m)
	return s
}

// newService makes a service on an MLflow that is nowhere, unless config has another client.
func newService(tb testing.TB, config Config) *Service {
	tb.Helper()
	if config.Client == nil {
		config.Client = newClient(tb, "http://127.0.0.1:1")
	}
	s, err := New(config)
	must(tb, err)
	return s
}

func newClient(tb testing.TB, uri string) *mlflowclient.Client {
	tb.Helper()
	client, err := mlflowclient.New(tb.Context(), uri, mlflowclient.WithRetries(mlflowclient.RetryPolicy{}))
	must(tb, err)
	tb.Cleanup(func() { must(tb, client.Close()) })
	return client
}

// post sends a body through the handler.
func post(s *Service, body string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/predict", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := httptest.NewRecorder()
	s.Handler().ServeHTTP(response, request)
	return response
}

// registered logs a forest to MLflow as a model of its own, and registers it with an alias.
func registered(tb testing.TB, client *mlflowclient.Client, name, alias string, files []mlmodel.File) *mlflowclient.ModelVersion {
	tb.Helper()
	ctx := tb.Context()
	experiment, err := client.Experiments.GetOrCreate(ctx, name)
	must(tb, err)
	var version *mlflowclient.ModelVersion
	err = client.Track(ctx, mlflowclient.StartRun{ExperimentID: experiment.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		logged, err := run.LogModel(ctx, mlflowclient.LogModel{Name: "tiny", Files: func(string) ([]mlmodel.File, error) { return files, nil }})
		if err != nil {
			return err
		}
		version, err = client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: name, ModelID: logged.ID, RunID: run.ID, Alias: alias})
		return err
	})
	must(tb, err)
	return version
}

// unique makes a name that no earlier run of the tests has left on the servers.
func unique(name string) string { return name + "-" + strings.ToLower(rand.Text()[:10]) }

// served is a service that runs on a port of its own.
type served struct {
	*Service
	url  string
	stop func() error // ends it, once, and gives what Serve returned
	logs *logBuffer
}

// serve starts a service, which ends with the test.
func serve(tb testing.TB, config Config) *served {
	tb.Helper()
	logs := &logBuffer{}
	config.Logger = slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelInfo}))
	s := newService(tb, config)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, listener) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Logf("log of the service:\n%s", logs)
		}
	})
	return &served{s, "http://" + listener.Addr().String(), stop, logs}
}

// logBuffer keeps what was logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// httpClient keeps no connection after a test.
func httpClient(tb testing.TB) *http.Client {
	tb.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// send posts the wine and gives status, headers and answer.
func send(client *http.Client, address string) (int, http.Header, string, error) {
	response, err := client.Post(address+"/predict", "application/json", strings.NewReader(wine)) //nolint:noctx // The client has a time-out.
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}

// healthOf reads /health.
func healthOf(tb testing.TB, client *http.Client, address string) (int, healthReport) {
	tb.Helper()
	response, err := client.Get(address + "/health") //nolint:noctx // The client has a time-out.
	must(tb, err)
	defer response.Body.Close()
	var report healthReport
	must(tb, json.NewDecoder(response.Body).Decode(&report))
	return response.StatusCode, report
}

// eventually waits for something that other goroutines or servers do; the bound is for a machine that has something else to do.
func eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("still not: %s", what)
		}
	}
}

// newDatabase makes an empty database for one test.
func newDatabase(tb testing.TB) *url.URL {
	tb.Helper()
	address, err := url.Parse(stack.Database(tb))
	must(tb, err)
	return address
}

// kept reads every prediction of sk-rfc-model.
func kept(tb testing.TB, database *url.URL) []predictionlog.Prediction {
	tb.Helper()
	store, err := predictionlog.Open(tb.Context(), database.String())
	must(tb, err)
	defer store.Close()
	var all []predictionlog.Prediction
	for p, err := range store.Between(tb.Context(), "sk-rfc-model", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)) {
		must(tb, err)
		all = append(all, p)
	}
	return all
}

// sortedIDs are the request ids of predictions, those of rows of one request once each.
func sortedIDs(all []predictionlog.Prediction) []string {
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.RequestID
	}
	slices.Sort(ids)
	return ids
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
