package mlflowclient

import (
	"context"
	"encoding/hex"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"mlopsgo/internal/rest"
)

// Headers of the server's OpenTelemetry end.
const (
	otlpExperimentHeader = "x-mlflow-experiment-id"
	otlpRunHeader        = "x-mlflow-run-id"
)

// otlpTraces is where the server takes spans: OpenTelemetry's protocol over HTTP, in protobuf. The server also takes that
// protocol's JSON, but mixes up the ids of links in it.
var otlpTraces = writes("/v1/traces")

// LogSpans writes spans into an experiment, of one trace or several; a trace that does not exist yet is made of them, and
// ends as its root does. A span without a TraceID joins those without one in a new trace, one without an ID gets one; the
// spans are not changed. Writing a span again replaces it. All spans are written or none. A span must have ended: the
// server takes one that has not for one that ended in 1970.
//
// It returns the traces' ids, in the order of their first spans. Programs that are instrumented with OpenTelemetry need
// no LogSpans, but [TraceService.OTLP].
func (s *TraceService) LogSpans(ctx context.Context, experimentID string, spans []*Span) ([]string, error) {
	if len(spans) == 0 {
		return nil, nil
	}
	if experimentID == "" {
		experimentID = DefaultExperimentID
	}
	var w spanWriter
	for _, span := range spans {
		w.span(span)
	}
	if w.err != nil {
		return nil, w.err
	}
	// ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans
	body := protowire.AppendTag(nil, 1, protowire.BytesType)
	body = protowire.AppendBytes(body, appendField(nil, 2, w.spans))
	header := s.api.header(otlpTraces.path)
	if header == nil {
		header = http.Header{}
	}
	header.Set(otlpExperimentHeader, experimentID)
	const protobuf = "application/x-protobuf"
	err := s.api.store(ctx, &rest.Request{
		Method: otlpTraces.method, Path: otlpTraces.path, Repeat: otlpTraces.repeat, Header: header, Body: body, ContentType: protobuf,
	}, protobuf)
	return w.traces, err
}

// spanWriter appends opentelemetry.proto.trace.v1 messages. The first error stays.
type spanWriter struct {
	spans  []byte
	traces []string
	known  map[string]bool // the same
	newID  string
	err    error
}

func (w *spanWriter) fail(s *Span, format string, args ...any) {
	if w.err == nil {
		w.err = invalid("span %q: "+format, append([]any{s.Name}, args...)...)
	}
}

func (w *spanWriter) span(s *Span) {
	if s.Start.IsZero() || s.End.IsZero() || s.End.Before(s.Start) {
		w.fail(s, "it starts at %v and ends at %v; both times are needed, in this order", s.Start, s.End)
		return
	}
	id := s.ID
	if id == "" {
		id = NewSpanID()
	}
	var b []byte
	b = appendField(b, 1, w.id(s, w.trace(s), 16))
	b = appendField(b, 2, w.id(s, id, 8))
	if s.ParentID != "" {
		b = appendField(b, 4, w.id(s, s.ParentID, 8))
	}
	b = appendText(b, 5, s.Name)
	b = appendNanos(b, 7, s.Start)
	b = appendNanos(b, 8, s.End)
	b = w.attributes(b, 9, s, s.Attributes, true)
	for _, e := range s.Events {
		event := appendText(appendNanos(nil, 1, e.Time), 2, e.Name)
		b = appendField(b, 11, w.attributes(event, 3, s, e.Attributes, false))
	}
	for _, l := range s.Links {
		link := appendField(appendField(nil, 1, w.id(s, strings.TrimPrefix(l.TraceID, "tr-"), 16)), 2, w.id(s, l.SpanID, 8))
		b = appendField(b, 13, w.attributes(link, 4, s, l.Attributes, false))
	}
	status := appendText(nil, 2, s.Message)
	switch s.Status {
	case "", SpanUnset:
	case SpanOK:
		status = protowire.AppendVarint(protowire.AppendTag(status, 3, protowire.VarintType), 1)
	case SpanError:
		status = protowire.AppendVarint(protowire.AppendTag(status, 3, protowire.VarintType), 2)
	default:
		w.fail(s, "the status %q is not UNSET, OK or ERROR", s.Status)
	}
	b = appendField(b, 15, status)
	w.spans = appendField(w.spans, 2, b) // ScopeSpans.spans
}

// trace gives the id of the span's trace without "tr-", and keeps it.
func (w *spanWriter) trace(s *Span) string {
	id := s.TraceID
	if id == "" {
		if w.newID == "" {
			w.newID = NewTraceID()
		}
		id = w.newID
	}
	digits, ok := strings.CutPrefix(id, "tr-")
	if !ok {
		w.fail(s, "the trace id %q does not begin with tr-", id)
	}
	if w.known[id] {
		return digits
	}
	if w.known == nil {
		w.known = map[string]bool{}
	}
	w.known[id] = true
	w.traces = append(w.traces, id)
	return digits
}

func (w *spanWriter) id(s *Span, id string, size int) []byte {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != size || strings.Trim(id, "0") == "" {
		w.fail(s, "the id %q has not %d hexadecimal digits, at least one of them other than 0", id, 2*size)
	}
	return b
}

// attributes appends KeyValue messages. Texts of the span itself that the server would unpack are quoted for it.
func (w *spanWriter) attributes(b []byte, num protowire.Number, s *Span, attributes map[string]any, quote bool) []byte {
	for _, key := range sortedKeys(attributes) {
		value := attributes[key]
		if text, ok := value.(string); ok && quote {
			value = quoteJSON(text)
		}
		b = appendField(b, num, w.entry(s, key, value))
	}
	return b
}

func (w *spanWriter) entry(s *Span, key string, value any) []byte {
	return appendField(appendText(nil, 1, key), 2, w.any(s, key, value, 0))
}

// maxAttributeDepth bounds the nesting of an attribute; deeper than this it is most likely a cycle.
const maxAttributeDepth = 50

// any is an AnyValue.
func (w *spanWriter) any(s *Span, key string, value any, depth int) []byte {
	if depth > maxAttributeDepth {
		w.fail(s, "attribute %s is nested more than %d levels deep", key, maxAttributeDepth)
		return nil
	}
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return appendField(nil, 1, validText(v))
	case bool:
		return protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), protowire.EncodeBool(v))
	case int:
		return appendInt(int64(v))
	case int64:
		return appendInt(v)
	case float32:
		return w.any(s, key, float64(v), depth)
	case float64:
		return protowire.AppendFixed64(protowire.AppendTag(nil, 4, protowire.Fixed64Type), math.Float64bits(v))
	case []any:
		var list []byte
		for _, item := range v {
			list = appendField(list, 1, w.any(s, key, item, depth+1))
		}
		return appendField(nil, 5, list)
	case map[string]any:
		var list []byte
		for _, k := range sortedKeys(v) {
			list = appendField(list, 1, appendField(appendText(nil, 1, k), 2, w.any(s, key, v[k], depth+1)))
		}
		return appendField(nil, 6, list)
	}
	plain, err := plainJSON(value)
	if err != nil {
		w.fail(s, "attribute %s: %v", key, err)
		return nil
	}
	return w.any(s, key, plain, depth+1)
}

func appendField(b []byte, num protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), value)
}

func appendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return appendField(b, num, validText(s))
}

// validText replaces what is not UTF-8, for which the server would refuse all spans.
func validText(s string) []byte {
	if utf8.ValidString(s) {
		return []byte(s)
	}
	return []byte(strings.ToValidUTF8(s, "\uFFFD"))
}

func appendInt(i int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), uint64(i))
}

func appendNanos(b []byte, num protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), uint64(t.UnixNano()))
}
