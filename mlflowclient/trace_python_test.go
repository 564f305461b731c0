package mlflowclient_test

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// pyTrace is what testdata/traces.py prints.
type pyTrace struct {
	ID          string            `json:"id"`
	Experiment  string            `json:"experiment"`
	Client      string            `json:"client"`
	Time        int64             `json:"time"`
	Duration    int64             `json:"duration"`
	State       string            `json:"state"`
	Request     string            `json:"request"`
	Response    string            `json:"response"`
	Metadata    map[string]string `json:"metadata"`
	Tags        map[string]string `json:"tags"`
	Assessments []pyAssessment    `json:"assessments"`
	Spans       []pySpan          `json:"spans"`
}

type pyAssessment struct {
	ID        string            `json:"id"`
	TraceID   string            `json:"trace_id"`
	SpanID    string            `json:"span_id"`
	Name      string            `json:"name"`
	Source    []string          `json:"source"`
	Rationale string            `json:"rationale"`
	Metadata  map[string]string `json:"metadata"`
	Overrides string            `json:"overrides"`
	Valid     bool              `json:"valid"`
	Created   int64             `json:"created"`
	Updated   int64             `json:"updated"`
	Kind      string            `json:"kind"`
	Value     string            `json:"value"`
	Error     []string          `json:"error"`
}

type pySpan struct {
	ID         string            `json:"id"`
	TraceID    string            `json:"trace_id"`
	Parent     string            `json:"parent"`
	Name       string            `json:"name"`
	Start      int64             `json:"start"`
	End        int64             `json:"end"`
	Status     string            `json:"status"`
	Message    string            `json:"message"`
	Attributes map[string]string `json:"attributes"`
	Events     [][]any           `json:"events"`
	Links      [][]any           `json:"links"`
}

// canon writes a value so that only equal values of equal type are equal texts; testdata/traces.py does the same.
func canon(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case int64:
		return fmt.Sprintf("i%d", v)
	case float64:
		if math.IsNaN(v) {
			return "fnan"
		}
		return fmt.Sprintf("f%016x", math.Float64bits(v))
	case string:
		return "s" + hex.EncodeToString([]byte(v))
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = canon(v[i])
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range sortedKeys(v) {
			parts = append(parts, canon(key)+":"+canon(v[key]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprintf("%T(%v)", v, v)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// seenTrace is what our client sees of a trace, in the form of Python's.
func seenTrace(t *testing.T, c *mlflowclient.Client, id string) *pyTrace {
	t.Helper()
	trace, err := c.Traces.Get(t.Context(), id)
	must(t, err)
	out := &pyTrace{
		ID: trace.ID, Experiment: trace.ExperimentID, Client: trace.ClientRequestID, Time: trace.RequestTime.UnixMilli(),
		Duration: trace.Duration.Milliseconds(), State: string(trace.State), Request: trace.RequestPreview,
		Response: trace.ResponsePreview, Metadata: trace.Metadata, Tags: trace.Tags, Assessments: []pyAssessment{},
	}
	if out.Metadata == nil {
		out.Metadata = map[string]string{}
	}
	for _, a := range trace.Assessments {
		out.Assessments = append(out.Assessments, seenAssessment(a))
	}
	slices.SortFunc(out.Assessments, func(a, b pyAssessment) int { return strings.Compare(a.ID, b.ID) })
	for _, s := range trace.Spans {
		span := pySpan{
			ID: s.ID, TraceID: s.TraceID, Parent: s.ParentID, Name: s.Name, Start: s.Start.UnixNano(), End: s.End.UnixNano(),
			Status: string(s.Status), Message: s.Message, Attributes: map[string]string{}, Events: [][]any{}, Links: [][]any{},
		}
		for key, value := range s.Attributes {
			span.Attributes[key] = canon(value)
		}
		for _, e := range s.Events {
			span.Events = append(span.Events, []any{e.Name, float64(e.Time.UnixNano()), canon(e.Attributes)})
		}
		for _, l := range s.Links {
			span.Links = append(span.Links, []any{l.TraceID, l.SpanID, canon(l.Attributes)})
		}
		out.Spans = append(out.Spans, span)
	}
	slices.SortFunc(out.Spans, func(a, b pySpan) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), strings.Compare(a.ID, b.ID))
	})
	return out
}

func seenAssessment(a *mlflowclient.Assessment) pyAssessment {
	out := pyAssessment{
		ID: a.ID, TraceID: a.TraceID, SpanID: a.SpanID, Name: a.Name, Source: []string{string(a.Source.Type), a.Source.ID},
		Rationale: a.Rationale, Metadata: a.Metadata, Overrides: a.Overrides, Valid: a.Valid,
		Created: a.Created.UnixMilli(), Updated: a.Updated.UnixMilli(), Error: []string{},
	}
	if out.Metadata == nil {
		out.Metadata = map[string]string{}
	}
	switch {
	case a.Feedback != nil:
		out.Kind, out.Value = "Feedback", canon(a.Feedback.Value)
		if e := a.Feedback.Error; e != nil {
			out.Error = []string{e.Code, e.Message, e.StackTrace}
		}
	case a.Expectation != nil:
		out.Kind, out.Value = "Expectation", canon(a.Expectation.Value)
	default:
		out.Kind, out.Value = "IssueReference", canon(nil)
	}
	return out
}

func pythonTrace(t *testing.T, args ...string) *pyTrace {
	t.Helper()
	var out pyTrace
	runPython(t, &out, "traces.py", args...)
	return &out
}

func sameTrace(t *testing.T, what string, got, want *pyTrace) {
	t.Helper()
	compareEach(t, what+": assessment", got.Assessments, want.Assessments)
	for i := range min(len(got.Spans), len(want.Spans)) {
		for key, value := range want.Spans[i].Attributes {
			if got.Spans[i].Attributes[key] != value {
				t.Errorf("%s: span %d: %q is %.200s, want %.200s", what, i, key, got.Spans[i].Attributes[key], value)
			}
		}
	}
	compareEach(t, what+": span", got.Spans, want.Spans)
	a, b := *got, *want
	a.Assessments, b.Assessments, a.Spans, b.Spans = nil, nil, nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s:\n%+v, want\n%+v", what, a, b)
	}
}

func compareEach[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d, want %d:\n%+v, want\n%+v", what, len(got), len(want), got, want)
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s %d:\n%.3000v, want\n%.3000v", what, i, fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", want[i]))
		}
	}
}

// nastyAttributes are values of every kind, as Go writes and reads them.
func nastyAttributes() map[string]any {
	m := map[string]any{
		"nan": math.NaN(), "+inf": math.Inf(1), "-inf": math.Inf(-1), "tiny": 5e-324, "max": math.MaxFloat64, "one": 1.0,
		"big": int64(math.MaxInt64), "small": int64(math.MinInt64), "zero": int64(0), "yes": true, "no": false, "nil": nil,
		"":       "empty key",
		"nested": map[string]any{"a": []any{nil, int64(1), 1.0, "x", map[string]any{"": "}"}}, "ü": "{\"a\":1}", "nan": math.NaN()},
		"none":   map[string]any{}, "list": []any{}, "long": strings.Repeat("ü", 5_000),
	}
	jsonLike := []string{`{"a":1}`, ` [1]`, `"q"`, `"\"q\""`, "\n{}", "{bad", "[NaN]", "null", "true", "12", "NaN", "\u00a0[1]", "\f[1]", "{'a': 1}"}
	for i, text := range append(slices.Clone(nasty), jsonLike...) {
		m[fmt.Sprintf("text %d", i)] = text
	}
	return m
}

// writtenTrace makes a trace with what hurts.
func writtenTrace(t *testing.T, c *mlflowclient.Client, experiment string) []*mlflowclient.Span {
	t.Helper()
	start := time.Unix(1_700_000_000, 123_456_789)
	trace := mlflowclient.NewTraceID()
	root := &mlflowclient.Span{
		TraceID: trace, ID: mlflowclient.NewSpanID(), Name: `root "ü" '/%`, Start: start, End: start.Add(1_500_000_001),
		Status: mlflowclient.SpanError, Message: `it "broke": ü`, Attributes: nastyAttributes(),
		Links: []mlflowclient.SpanLink{{TraceID: mlflowclient.NewTraceID(), SpanID: mlflowclient.NewSpanID(), Attributes: map[string]any{"why": "[1]", "n": int64(2)}}},
	}
	root.Attributes[mlflowclient.SpanInputs] = map[string]any{"question": nasty[7], "n": int64(1)}
	root.Attributes[mlflowclient.SpanOutputs] = "42"
	root.Attributes[mlflowclient.SpanType] = mlflowclient.SpanChain
	child := &mlflowclient.Span{
		TraceID: trace, ID: mlflowclient.NewSpanID(), ParentID: root.ID, Name: "child", Start: start.Add(1), End: start.Add(2), Status: mlflowclient.SpanOK,
		Attributes: map[string]any{mlflowclient.SpanType: mlflowclient.SpanTool},
		Events: []mlflowclient.SpanEvent{
			{Name: "exception ü", Time: start.Add(1), Attributes: map[string]any{"text": `{"a":1}`, "n": int64(3), "f": 2.0, "nan": math.NaN(), "list": []any{"x", "y"}}},
			{Name: "second", Time: start.Add(2), Attributes: map[string]any{}},
		},
	}
	empty := &mlflowclient.Span{TraceID: trace, ID: mlflowclient.NewSpanID(), ParentID: child.ID, Start: start.Add(3), End: start.Add(3), Status: mlflowclient.SpanUnset}
	spans := []*mlflowclient.Span{root, child, empty}
	ids, err := c.Traces.LogSpans(t.Context(), experiment, spans)
	must(t, err)
	if !slices.Equal(ids, []string{trace}) {
		t.Fatalf("traces %v, want %s", ids, trace)
	}
	return spans
}

// TestTracePython: traces that Go wrote, MLflow's own Python client reads equal, and the other way round.
func TestTracePython(t *testing.T) {
	t.Parallel()
	c, uri := serverEnd(t), stack.Get(t).MLflowURI
	experiment := newExperiment(t, c)
	id := writtenTrace(t, c, experiment)[0].TraceID
	must(t, c.Traces.SetTag(t.Context(), id, mlflowclient.TraceName, `named "ü"`))
	writtenAssessments(t, c, id)
	ours := seenTrace(t, c, id)
	sameTrace(t, "Python of Go", pythonTrace(t, "read", uri, id), ours)

	texts, err := json.Marshal(nasty)
	must(t, err)
	theirs := pythonTrace(t, "write", uri, experiment, string(texts))
	if len(theirs.Spans) != 2 || len(theirs.Assessments) != 8 {
		t.Fatalf("Python wrote %d spans, %d assessments", len(theirs.Spans), len(theirs.Assessments))
	}
	sameTrace(t, "Go of Python", seenTrace(t, c, theirs.ID), theirs)
}
