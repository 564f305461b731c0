package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// TestTracesOfARealReceiver: the environment of OpenTelemetry sends spans to MLflow's own endpoint, and a client's trace goes on in them.
func TestTracesOfARealReceiver(t *testing.T) {
	servers := stack.Get(t)
	client, err := mlflowclient.New(t.Context(), servers.MLflowURI)
	must(t, err)
	defer client.Close()
	name := "predictor-traces-" + strings.ToLower(rand.Text()[:10])
	register(t, servers.MLflowURI, name)
	experiment, err := client.Experiments.GetOrCreate(t.Context(), name)
	must(t, err)
	s := start(t, "MLFLOW_TRACKING_URI="+servers.MLflowURI, "MODEL_URI=models:/"+name+"@champion",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+servers.MLflowURI+"/v1/traces", "OTEL_EXPORTER_OTLP_HEADERS=x-mlflow-experiment-id="+experiment.ID,
		"OTEL_SERVICE_NAME=wine", "OTEL_BSP_SCHEDULE_DELAY=100", "PREDICTOR_LOG_LEVEL=DEBUG")
	trace, parent := randomID(16), randomID(8)
	if status := predict(t, s.url, "00-"+trace+"-"+parent+"-01"); status != http.StatusOK {
		t.Fatal(status)
	}
	if status := predict(t, s.url, "00-"+randomID(16)+"-"+parent+"-00"); status != http.StatusOK { // the client does not record its trace
		t.Fatal(status)
	}
	var got *mlflowclient.Trace
	for deadline := time.Now().Add(time.Minute); got == nil && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		got, _ = client.Traces.Get(t.Context(), "tr-"+trace)
	}
	if got == nil {
		t.Fatalf("MLflow has no trace tr-%s; the log:\n%s", trace, s.stderr)
	}
	s.signal(os.Interrupt)
	if code := s.wait(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	names := map[string]*mlflowclient.Span{}
	for _, span := range got.Spans {
		names[span.Name] = span
	}
	root, evaluation := names["POST /predict"], names["evaluate"]
	if root == nil || evaluation == nil || root.ParentID != parent || evaluation.ParentID != root.ID {
		t.Errorf("spans %+v", got.Spans)
	}
	if log := s.stderr.String(); !strings.Contains(log, `"trace_id":"`+trace+`"`) || strings.Contains(log, "cannot be sent") {
		t.Errorf("the log is\n%s", log)
	}
	if n := count(t, client, experiment.ID); n != 1 {
		t.Errorf("%d traces, where one client asked for one", n)
	}
}

// count is the number of an experiment's traces.
func count(t *testing.T, client *mlflowclient.Client, experiment string) (n int) {
	t.Helper()
	for _, err := range client.Traces.Search(t.Context(), mlflowclient.SearchTraces{ExperimentIDs: []string{experiment}}) {
		must(t, err)
		n++
	}
	return n
}

func randomID(bytes int) string {
	id := make([]byte, bytes)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// predict sends a wine with a client's trace.
func predict(t *testing.T, url, traceparent string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	body := strings.NewReader(`{"volatile acidity":0.7,"citric acid":0.0,"sulphates":0.56,"alcohol":9.4}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/predict", body)
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("traceparent", traceparent)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	must(t, err)
	return response.StatusCode
}
