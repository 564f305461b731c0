package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// Tracing makes spans and sends them. It is safe for concurrent use.
type Tracing struct {
	provider *trace.TracerProvider
	tracer   api.Tracer
	from     propagation.TextMapPropagator
}

// Start sets tracing up as the environment says, which getenv reads and the SDK reads for itself; nil, without an error, when it says
// nothing or no. The service's name is what OTEL_SERVICE_NAME may change. Nothing is contacted.
func Start(ctx context.Context, getenv func(string) string, service string, logger *slog.Logger) (*Tracing, error) {
	if on, err := wanted(getenv); !on {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	// The environment comes last, and so wins over the name.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", service)), resource.WithTelemetrySDK(),
		resource.WithHost(), resource.WithFromEnv())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("traces: OTEL_RESOURCE_ATTRIBUTES: %w", err), exporter.Shutdown(ctx))
	}
	provider := trace.NewTracerProvider(trace.WithResource(about), trace.WithBatcher(&quietExporter{SpanExporter: exporter, logger: logger}))
	return &Tracing{provider: provider, tracer: provider.Tracer("mlopsgo/" + service), from: propagation.TraceContext{}}, nil
}

// wanted tells whether the environment turns tracing on, and refuses what would not work.
func wanted(getenv func(string) string) (bool, error) {
	endpoint := getenv("OTEL_EXPORTER_OTLP_ENDPOINT") + getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "", "otlp":
	case "none":
		return false, nil
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q; otlp and none are what there is", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if protocol := getenv(name); protocol != "" && protocol != "http/protobuf" {
			return false, fmt.Errorf("%s is %q; http/protobuf is the one protocol there is (a collector's port 4318)", name, protocol)
		}
	}
	return true, nil
}

// Close sends what is left, until the context ends.
func (t *Tracing) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("traces: the last ones were not sent: %w", err)
	}
	return nil
}

// quietExporter logs the beginning and the end of an outage, where the SDK would print each batch that is lost to standard error.
type quietExporter struct {
	trace.SpanExporter
	logger  *slog.Logger
	failing atomic.Bool
}

// ExportSpans is called by the SDK, one batch at a time.
func (q *quietExporter) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !q.failing.Swap(true):
		q.logger.WarnContext(ctx, "traces cannot be sent and are lost", "error", err)
	case err == nil && q.failing.Swap(false):
		q.logger.InfoContext(ctx, "traces are sent again")
	}
	return nil
}

// Server begins the span of a request that came in, as a child of the client's span if the headers name one (W3C Trace Context).
func (t *Tracing) Server(ctx context.Context, name string, header http.Header) (context.Context, *Span) {
	ctx = t.from.Extract(ctx, propagation.HeaderCarrier(header))
	ctx, span := t.tracer.Start(ctx, name, api.WithSpanKind(api.SpanKindServer))
	return ctx, &Span{span: span, tracer: t.tracer}
}

// Span is something that takes time.
type Span struct {
	span   api.Span
	tracer api.Tracer
}

// TraceID is the trace's id in hexadecimal, or "" for a trace that is not recorded.
func (s *Span) TraceID() string {
	about := s.span.SpanContext() // a span that has ended records no more, and still has a trace
	if !about.IsSampled() {
		return ""
	}
	return about.TraceID().String()
}

// Set adds an attribute; what is not a string, an int, a float64 or a bool becomes text.
func (s *Span) Set(key string, value any) {
	if !s.span.IsRecording() {
		return
	}
	switch v := value.(type) {
	case string:
		s.span.SetAttributes(attribute.String(key, v))
	case int:
		s.span.SetAttributes(attribute.Int(key, v))
	case float64:
		s.span.SetAttributes(attribute.Float64(key, v))
	case bool:
		s.span.SetAttributes(attribute.Bool(key, v))
	default:
		s.span.SetAttributes(attribute.String(key, fmt.Sprint(v)))
	}
}

// Child begins a span within this one, whose context is the one that Server returned; the function returned ends it.
func (s *Span) Child(ctx context.Context, name string) (end func()) {
	if !s.span.IsRecording() {
		return func() {}
	}
	_, child := s.tracer.Start(ctx, name)
	return func() { child.End() }
}

// End ends the span of a request with the status of its answer. An answer of the 400s is the client's error, not this span's, as
// OpenTelemetry's conventions for HTTP have it.
func (s *Span) End(status int, reason string) {
	s.span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		s.span.SetStatus(codes.Error, reason)
	} else if reason != "" {
		s.span.SetAttributes(attribute.String("error.message", reason))
	}
	s.span.End()
}
