package telemetry

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWanted(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"
	for _, test := range []struct {
		env  string
		on   bool
		says string
	}{
		{"", false, ""},
		{"OTEL_SERVICE_NAME=x", false, ""},
		{endpoint, true, ""},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:5000/v1/traces", true, ""},
		{endpoint + " OTEL_SDK_DISABLED=TRUE", false, ""},
		{endpoint + " OTEL_TRACES_EXPORTER=none", false, ""},
		{endpoint + " OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", true, ""},
		{endpoint + " OTEL_TRACES_EXPORTER=zipkin", false, "zipkin"},
		{endpoint + " OTEL_EXPORTER_OTLP_PROTOCOL=grpc", false, "http/protobuf is the one"},
		{endpoint + " OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json", false, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"},
	} {
		on, err := wanted(environment(test.env))
		if on != test.on || (err == nil) != (test.says == "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, %v", test.env, on, err)
		}
	}
}

func environment(text string) func(string) string {
	return func(name string) string {
		for field := range strings.FieldsSeq(text) {
			if value, ok := strings.CutPrefix(field, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func TestOff(t *testing.T) {
	traces, err := Start(t.Context(), environment(""), "x", nil)
	if traces != nil || err != nil {
		t.Errorf("%v, %v", traces, err)
	}
}

// TestOutage: an outage of the receiver is two lines in the log, and the spans that come after it arrive.
func TestOutage(t *testing.T) {
	var down atomic.Bool
	var received atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusForbidden) // which the exporter does not repeat
			return
		}
		body, err := io.ReadAll(r.Body)
		var in tracepb.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &in) != nil {
			t.Error("not a request of OTLP")
			return
		}
		for _, one := range in.ResourceSpans {
			for _, scope := range one.ScopeSpans {
				received.Add(int64(len(scope.Spans)))
			}
		}
	}))
	defer receiver.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	var log bytes.Buffer
	traces, err := Start(t.Context(), environment("OTEL_EXPORTER_OTLP_ENDPOINT="+receiver.URL), "test", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	one := func() {
		ctx, span := traces.Server(t.Context(), "GET /x", http.Header{})
		span.Set("text", "a")
		span.Set("number", 1)
		span.Child(ctx, "part")()
		span.End(http.StatusInternalServerError, "broken")
		if err := traces.provider.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for _, state := range []bool{true, true, false, false} {
		down.Store(state)
		one()
	}
	if err := traces.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Count(text, "cannot be sent") != 1 || strings.Count(text, "sent again") != 1 || strings.Count(text, "\n") != 2 {
		t.Error(text)
	}
	if n := received.Load(); n != 4 {
		t.Errorf("%d spans arrived, want 4", n)
	}
}
