package mlflowclient

import (
	"fmt"
	"strings"
	"time"
)

// Attributes of spans that MLflow's user interface reads. They are plain strings for any OpenTelemetry SDK:
//
//	span.SetAttributes(attribute.String(mlflowclient.SpanInputs, mlflowclient.SpanText(question)))
const (
	// SpanInputs and SpanOutputs are what went into a span and came out; those of the root are shown as the trace's request
	// and response. See [SpanText].
	SpanInputs  = "mlflow.spanInputs"
	SpanOutputs = "mlflow.spanOutputs"
	// SpanType chooses the symbol; see [SpanLLM] and its siblings.
	SpanType = "mlflow.spanType"
	// SpanDescription is a sentence for the reader.
	SpanDescription = "mlflow.spanDescription"
	// SpanFunction is the name of the traced function.
	SpanFunction = "mlflow.spanFunctionName"
	// SpanLogLevel is 10 (debug), 20 (info), 30 (warning), 40 (error) or 50 (critical), by which the view can be filtered.
	SpanLogLevel = "mlflow.spanLogLevel"
	// SpanTokenUsage is {"input_tokens":…,"output_tokens":…,"total_tokens":…}; the server sums them up for the trace.
	SpanTokenUsage = "mlflow.chat.tokenUsage"
	// SpanModel and SpanModelProvider name the language model and who runs it.
	SpanModel         = "mlflow.llm.model"
	SpanModelProvider = "mlflow.llm.provider"
	// SpanCost is {"input_cost":…,"output_cost":…,"total_cost":…} in US dollars.
	SpanCost = "mlflow.llm.cost"
	// SpanTraceID is set by the server.
	SpanTraceID = "mlflow.traceRequestId"
)

// Values of [SpanType]. Any other text is possible.
const (
	SpanLLM       = "LLM"
	SpanChatModel = "CHAT_MODEL"
	SpanChain     = "CHAIN"
	SpanAgent     = "AGENT"
	SpanTool      = "TOOL"
	SpanRetriever = "RETRIEVER"
	SpanParser    = "PARSER"
	SpanEmbedding = "EMBEDDING"
	SpanReranker  = "RERANKER"
	SpanMemory    = "MEMORY"
	SpanWorkflow  = "WORKFLOW"
	SpanTask      = "TASK"
	SpanGuardrail = "GUARDRAIL"
	SpanEvaluator = "EVALUATOR"
	SpanUnknown   = "UNKNOWN"
)

// SpanStatusCode says how a span ended, in OpenTelemetry's words.
type SpanStatusCode string

// The codes of a span's status. The zero value is [SpanUnset].
const (
	SpanUnset SpanStatusCode = "UNSET"
	SpanOK    SpanStatusCode = "OK"
	SpanError SpanStatusCode = "ERROR"
)

// Span is one step of a trace.
type Span struct {
	// TraceID is "tr-" and 32 hexadecimal digits; ID and ParentID have 16. The root has no ParentID.
	TraceID, ID, ParentID string
	Name                  string
	// Start and End have nanoseconds. End is zero while the span has not ended.
	Start, End time.Time
	Status     SpanStatusCode
	// Message explains an error.
	Message string
	// Attributes hold what JSON has: nil, bool, string, int64, float64 (with NaN and infinities), []any and map[string]any.
	// A text that OpenTelemetry sent and that is the JSON of an object, a list or a string comes back as that.
	Attributes map[string]any
	Events     []SpanEvent
	// Links point at spans of other traces.
	Links []SpanLink
}

// SpanEvent is something that happened during a span, such as an exception.
type SpanEvent struct {
	Name       string
	Time       time.Time
	Attributes map[string]any
}

// SpanLink points at a span that is not an ancestor.
type SpanLink struct {
	TraceID, SpanID string
	Attributes      map[string]any
}

// Inputs is what went into the span, or nil.
func (s *Span) Inputs() any { return s.Attributes[SpanInputs] }

// Outputs is what came out, or nil.
func (s *Span) Outputs() any { return s.Attributes[SpanOutputs] }

// Type is the span's type, such as [SpanTool]; empty when nobody set it.
func (s *Span) Type() string {
	t, _ := s.Attributes[SpanType].(string)
	return t
}

// Duration is 0 while the span has not ended.
func (s *Span) Duration() time.Duration {
	if s.End.IsZero() {
		return 0
	}
	return s.End.Sub(s.Start)
}

// SpanText writes a value as an attribute's text, from which MLflow makes the same value again: JSON, or the text itself.
// Numbers and booleans alone stay texts to MLflow; attributes of their own types are better for them. What JSON cannot
// hold is written as fmt prints it.
func SpanText(v any) string {
	if s, ok := v.(string); ok {
		return quoteJSON(strings.ToValidUTF8(s, "\uFFFD"))
	}
	data, err := marshal(v)
	if err != nil {
		return quoteJSON(fmt.Sprintf("%+v", v))
	}
	return string(data)
}

// quoteJSON quotes a text that the server may take for JSON: it unpacks what is an object, a list or a string.
func quoteJSON(s string) string {
	trimmed := strings.TrimLeft(s, " \t\r\n")
	if trimmed == "" || !strings.ContainsRune(`{["`, rune(trimmed[0])) {
		return s
	}
	quoted, err := marshal(s)
	if err != nil {
		return s
	}
	return string(quoted)
}

type spanJSON struct {
	TraceID    []byte      `json:"trace_id"`
	ID         []byte      `json:"span_id"`
	ParentID   []byte      `json:"parent_span_id"`
	Name       string      `json:"name"`
	Start      *integer    `json:"start_time_unix_nano"`
	End        *integer    `json:"end_time_unix_nano"`
	Attributes []anyEntry  `json:"attributes"`
	Events     []eventJSON `json:"events"`
	Links      []linkJSON  `json:"links"`
	Status     struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
}

type eventJSON struct {
	Name       string     `json:"name"`
	Time       *integer   `json:"time_unix_nano"`
	Attributes []anyEntry `json:"attributes"`
}

type linkJSON struct {
	TraceID    []byte     `json:"trace_id"`
	SpanID     []byte     `json:"span_id"`
	Attributes []anyEntry `json:"attributes"`
}

func (s *spanJSON) value() (*Span, error) {
	out := &Span{
		TraceID: fmt.Sprintf("tr-%x", s.TraceID), ID: fmt.Sprintf("%x", s.ID), ParentID: fmt.Sprintf("%x", s.ParentID),
		Name: s.Name, Start: fromNanos(s.Start), End: fromNanos(s.End), Message: s.Status.Message,
		Attributes: entries(s.Attributes),
	}
	switch code := strings.TrimPrefix(s.Status.Code, "STATUS_CODE_"); code {
	case "":
		out.Status = SpanUnset
	default:
		out.Status = SpanStatusCode(code)
	}
	// The server knows the trace by this name, which is not made of the bytes when an archive was read back.
	if id, ok := out.Attributes[SpanTraceID].(string); ok && id != "" {
		out.TraceID = id
	}
	for _, e := range s.Events {
		out.Events = append(out.Events, SpanEvent{e.Name, fromNanos(e.Time), entries(e.Attributes)})
	}
	for _, l := range s.Links {
		out.Links = append(out.Links, SpanLink{fmt.Sprintf("tr-%x", l.TraceID), fmt.Sprintf("%x", l.SpanID), entries(l.Attributes)})
	}
	return out, nil
}

func fromNanos(ns *integer) time.Time {
	if ns == nil || *ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(*ns))
}

// anyEntry and anyJSON are OpenTelemetry's KeyValue and AnyValue, as protobuf writes them with the fields' own names.
type anyEntry struct {
	Key   string  `json:"key"`
	Value anyJSON `json:"value"`
}

type anyJSON struct {
	String *string  `json:"string_value"`
	Bool   *bool    `json:"bool_value"`
	Int    *integer `json:"int_value"`
	Double *exact   `json:"double_value"`
	Bytes  []byte   `json:"bytes_value"`
	Array  *struct {
		Values []anyJSON `json:"values"`
	} `json:"array_value"`
	Map *struct {
		Values []anyEntry `json:"values"`
	} `json:"kvlist_value"`
}

func (a *anyJSON) value() any {
	switch {
	case a.String != nil:
		return *a.String
	case a.Bool != nil:
		return *a.Bool
	case a.Int != nil:
		return int64(*a.Int)
	case a.Double != nil:
		return float64(*a.Double)
	case a.Bytes != nil:
		return a.Bytes
	case a.Array != nil:
		list := make([]any, len(a.Array.Values))
		for i := range list {
			list[i] = a.Array.Values[i].value()
		}
		return list
	case a.Map != nil:
		return entries(a.Map.Values)
	}
	return nil
}

func entries(in []anyEntry) map[string]any {
	out := make(map[string]any, len(in))
	for i := range in {
		out[in[i].Key] = in[i].Value.value()
	}
	return out
}
