package mlflowclient_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"mlopsgo/mlflowclient"
)

// exporterTo is what a user writes.
func exporterTo(t *testing.T, end *mlflowclient.OTLPEndpoint) sdktrace.SpanExporter {
	t.Helper()
	opts := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(end.URL), otlptracehttp.WithHeaders(end.Headers)}
	if end.TLS != nil {
		opts = append(opts, otlptracehttp.WithTLSClientConfig(end.TLS))
	} else { // whose own connections would outlive the test; those to an httptest.Server end with it
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		opts = append(opts, otlptracehttp.WithHTTPClient(&http.Client{Transport: transport}))
	}
	exporter, err := otlptracehttp.New(t.Context(), opts...)
	must(t, err)
	return exporter
}

// instrumented runs a program that OpenTelemetry's own SDK instruments, and returns the spans as the SDK ended them.
func instrumented(t *testing.T, c *mlflowclient.Client, to mlflowclient.OTLPTarget) []sdktrace.ReadOnlySpan {
	t.Helper()
	end, err := c.Traces.OTLP(to)
	must(t, err)
	ended := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporterTo(t, end)), sdktrace.WithSpanProcessor(ended))
	tracer := provider.Tracer("test")
	before, linked := tracer.Start(t.Context(), "linked")
	linked.End()

	ctx, root := tracer.Start(t.Context(), `answer "ü"`, trace.WithLinks(trace.LinkFromContext(before, attribute.Int("n", 1))))
	root.SetAttributes(
		attribute.String(mlflowclient.SpanInputs, mlflowclient.SpanText(map[string]any{"question": nasty[7], "n": 1})),
		attribute.String(mlflowclient.SpanOutputs, mlflowclient.SpanText("{not json")), attribute.String(mlflowclient.SpanType, mlflowclient.SpanAgent),
		attribute.Bool("bool", true), attribute.Int64("int", math.MaxInt64), attribute.Float64("float", 1), attribute.Float64("nan", math.NaN()),
		attribute.StringSlice("strings", nasty), attribute.Int64Slice("ints", []int64{1, -1}), attribute.Float64Slice("floats", []float64{0.1, math.Inf(-1)}),
		attribute.BoolSlice("bools", []bool{true, false}), attribute.String("text", nasty[4]), attribute.String("empty", ""),
	)
	_, child := tracer.Start(ctx, "tool")
	child.RecordError(errors.New("it broke"))
	child.SetStatus(codes.Error, "it broke: ü")
	child.End()
	_, sibling := tracer.Start(ctx, "sibling")
	sibling.AddEvent("event", trace.WithAttributes(attribute.String("k", nasty[7]), attribute.Float64("f", 2)))
	sibling.End()
	root.SetStatus(codes.Ok, "")
	root.End()
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	must(t, provider.Shutdown(shutdown))
	return ended.Ended()
}

// asValue is an attribute of OpenTelemetry's as our client reads it from MLflow.
func asValue(kv attribute.KeyValue) any {
	switch v := kv.Value.AsInterface().(type) {
	case []string:
		return list(v)
	case []int64:
		return list(v)
	case []float64:
		return list(v)
	case []bool:
		return list(v)
	default:
		return v
	}
}

func list[T any](in []T) []any {
	out := make([]any, len(in))
	for i := range in {
		out[i] = in[i]
	}
	return out
}

func asValues(in []attribute.KeyValue) map[string]any {
	out := map[string]any{}
	for _, kv := range in {
		out[string(kv.Key)] = asValue(kv)
	}
	return out
}

// TestTraceOfOpenTelemetry: what OpenTelemetry's own SDK and exporter send, our client reads from MLflow, equal. Python
// reads it in TestTracePython.
func TestTraceOfOpenTelemetry(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	experiment := newExperiment(t, c)
	run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment})
	ended := instrumented(t, c, mlflowclient.OTLPTarget{ExperimentID: experiment, RunID: run.ID})
	id := "tr-" + ended[len(ended)-1].SpanContext().TraceID().String()
	got, err := c.Traces.Get(ctx, id)
	must(t, err)
	if len(got.Spans) != 3 || got.State != mlflowclient.TraceOK || got.ExperimentID != experiment || got.Root() == nil || got.Root().Type() != mlflowclient.SpanAgent ||
		canon(got.Root().Inputs()) != canon(map[string]any{"question": nasty[7], "n": int64(1)}) || got.Root().Outputs() != "{not json" {
		t.Errorf("trace %+v, root %+v", got.TraceInfo, got.Root())
	}
	for _, want := range ended[1:] {
		at := slices.IndexFunc(got.Spans, func(s *mlflowclient.Span) bool { return s.ID == want.SpanContext().SpanID().String() })
		if at < 0 {
			t.Fatalf("span %s is not there", want.Name())
		}
		sameAsOpenTelemetry(t, got.Spans[at], want)
	}
	linked := collect(t, c.Traces.Search(ctx, mlflowclient.SearchTraces{ExperimentIDs: []string{experiment}, Filter: "trace.run_id = '" + run.ID + "'"}))
	if len(linked) != 2 {
		t.Errorf("%d traces are linked to the run", len(linked))
	}
}

func sameAsOpenTelemetry(t *testing.T, got *mlflowclient.Span, want sdktrace.ReadOnlySpan) {
	t.Helper()
	parent := ""
	if want.Parent().HasSpanID() {
		parent = want.Parent().SpanID().String()
	}
	if got.Name != want.Name() || got.ParentID != parent || !got.Start.Equal(want.StartTime()) || !got.End.Equal(want.EndTime()) ||
		string(got.Status) != strings.ToUpper(want.Status().Code.String()) || got.Message != want.Status().Description {
		t.Errorf("span %+v, want %+v", got, want)
	}
	attributes := asValues(want.Attributes())
	attributes[mlflowclient.SpanTraceID] = got.TraceID
	for _, key := range []string{mlflowclient.SpanInputs, mlflowclient.SpanOutputs} {
		if attributes[key] != nil {
			attributes[key] = got.Attributes[key] // compared above, without their quotes
		}
	}
	sameAttributes(t, got.Attributes, attributes)
	if len(got.Events) != len(want.Events()) || len(got.Links) != len(want.Links()) {
		t.Fatalf("%d events, %d links, want %d and %d", len(got.Events), len(got.Links), len(want.Events()), len(want.Links()))
	}
	for i, event := range want.Events() {
		if g := got.Events[i]; g.Name != event.Name || !g.Time.Equal(event.Time) {
			t.Errorf("event %+v, want %+v", g, event)
		}
		sameAttributes(t, got.Events[i].Attributes, asValues(event.Attributes))
	}
	for i, link := range want.Links() {
		if g := got.Links[i]; g.TraceID != "tr-"+link.SpanContext.TraceID().String() || g.SpanID != link.SpanContext.SpanID().String() {
			t.Errorf("link %+v, want %+v", g, link)
		}
		sameAttributes(t, got.Links[i].Attributes, asValues(link.Attributes))
	}
}

// TestOTLPCarriesTheClientsSettings: an exporter made of the endpoint trusts, and is known to, the server that the client
// talks to, below a prefix and with the client's own headers.
func TestOTLPCarriesTheClientsSettings(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r }))
	defer server.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))

	for name, auth := range map[string]struct {
		opt  mlflowclient.Option
		want string
	}{
		"basic": {mlflowclient.WithBasicAuth("me", "secret:ü"), "Basic bWU6c2VjcmV0OsO8"}, "token": {mlflowclient.WithToken("secret"), "Bearer secret"},
		"header": {mlflowclient.WithHeader("X-Own", "secret"), ""},
	} {
		c := open(t, server.URL+"/prefix/", mlflowclient.WithCertificateAuthority(authority), mlflowclient.WithWorkspace("ws"), auth.opt)
		end, err := c.Traces.OTLP(mlflowclient.OTLPTarget{RunID: "r1"})
		must(t, err)
		if text := fmt.Sprintf("%v %+v %#v %s", end, end, end, end); strings.Contains(text, "secret") {
			t.Errorf("%s: the endpoint prints its credentials: %s", name, text)
		}
		exporter := exporterTo(t, end)
		must(t, exporter.ExportSpans(t.Context(), tracetest.SpanStubs{{Name: "s"}}.Snapshots()))
		must(t, exporter.Shutdown(t.Context()))
		got := <-seen
		if got.URL.Path != "/prefix/v1/traces" || got.Header.Get("Authorization") != auth.want || got.Header.Get("X-Mlflow-Experiment-Id") != "0" ||
			got.Header.Get("X-Mlflow-Run-Id") != "r1" || got.Header.Get("X-Mlflow-Workspace") != "ws" || name == "header" && got.Header.Get("X-Own") != "secret" {
			t.Errorf("%s: %s %v", name, got.URL, got.Header)
		}
	}
}
