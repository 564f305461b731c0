package mlflowclient_test

import (
	"bytes"
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
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return canon(i)
		}
		f, _ := v.Float64()
		return canon(f)
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

// pySeen is what Python sees of several things.
type pySeen struct {
	Traces   []*pyTrace  `json:"traces"`
	Datasets []pyDataSet `json:"datasets"`
	Prompts  []pyPrompt  `json:"prompts"`
	URIs     []string    `json:"uris"`
}

type pyDataSet struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Digest      string            `json:"digest"`
	Tags        map[string]string `json:"tags"`
	Schema      string            `json:"schema"`
	Profile     string            `json:"profile"`
	Experiments []string          `json:"experiments"`
	Created     int64             `json:"created"`
	Updated     int64             `json:"updated"`
	Records     []pyRecord        `json:"records"`
}

type pyRecord struct {
	ID       string `json:"id"`
	SourceID string `json:"source_id"`
	Content  string `json:"content"`
}

type pyPrompt struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Template  string            `json:"template"`
	Message   string            `json:"message"`
	Tags      map[string]string `json:"tags"`
	Aliases   []string          `json:"aliases"`
	Variables []string          `json:"variables"`
	Format    string            `json:"format"`
	Config    string            `json:"config"`
	Created   int64             `json:"created"`
	User      string            `json:"user"`
}

func seenDataSet(t *testing.T, c *mlflowclient.Client, id string) pyDataSet {
	t.Helper()
	d, err := c.EvaluationDatasets.Get(t.Context(), id)
	must(t, err)
	homes, err := c.EvaluationDatasets.ExperimentIDs(t.Context(), id)
	must(t, err)
	slices.Sort(homes)
	out := pyDataSet{
		ID: d.ID, Name: d.Name, Digest: d.Digest, Tags: d.Tags, Schema: d.Schema, Profile: d.Profile, Experiments: homes,
		Created: d.Created.UnixMilli(), Updated: d.Updated.UnixMilli(),
	}
	for _, r := range collect(t, c.EvaluationDatasets.Records(t.Context(), id)) {
		out.Records = append(out.Records, pyRecord{r.ID, r.SourceID, content(r)})
	}
	return out
}

func seenPrompt(t *testing.T, c *mlflowclient.Client, uri string) pyPrompt {
	t.Helper()
	p, err := c.Prompts.Load(t.Context(), uri)
	must(t, err)
	out := pyPrompt{
		Name: p.Name, Version: p.Version, Template: canon(p.Template), Message: p.CommitMessage, Tags: p.Tags, Aliases: append([]string{}, p.Aliases...),
		Variables: append([]string{}, p.Variables()...), Format: canonJSON(t, p.ResponseFormat), Config: canonJSON(t, p.ModelConfig),
		Created: p.Created.UnixMilli(), User: p.UserID,
	}
	if len(p.Messages) > 0 {
		text, err := json.Marshal(p.Messages)
		must(t, err)
		out.Template = canonJSON(t, text)
	}
	return out
}

// canonJSON is canon of JSON with whole and other numbers told apart by their text.
func canonJSON(t *testing.T, data []byte) string {
	t.Helper()
	if len(data) == 0 {
		return "null"
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	must(t, dec.Decode(&v))
	return canon(v)
}

// writtenForPython writes a trace, one of OpenTelemetry's, a data set and prompts, and returns what to read of them.
func writtenForPython(t *testing.T, c *mlflowclient.Client, experiment string) (traces, datasets, prompts []string) {
	t.Helper()
	ctx := t.Context()
	id := writtenTrace(t, c, experiment)[0].TraceID
	must(t, c.Traces.SetTag(ctx, id, mlflowclient.TraceName, `named "ü"`))
	writtenAssessments(t, c, id)
	ended := instrumented(t, c, mlflowclient.OTLPTarget{ExperimentID: experiment})

	set, err := c.EvaluationDatasets.Create(ctx, mlflowclient.CreateEvaluationDataset{
		Name: unique(nasty[4] + nasty[7]), ExperimentIDs: []string{experiment}, Tags: map[string]string{"t": nasty[4] + nasty[7]},
	})
	must(t, err)
	_, _, err = c.EvaluationDatasets.UpsertRecords(ctx, set.ID, nastyRecords())
	must(t, err)

	name := promptName("python")
	must(t, second(c.Prompts.Register(ctx, mlflowclient.RegisterPrompt{
		Name: name, Template: strings.Join(nasty, "{{ a }}"), CommitMessage: nasty[4], Tags: map[string]string{"t": nasty[7]},
		ResponseFormat: map[string]any{"type": "object", "ü": 1}, ModelConfig: map[string]any{"model_name": "gpt", "temperature": 0.5},
	})))
	var messages []mlflowclient.PromptMessage
	for _, text := range nasty {
		messages = append(messages, mlflowclient.PromptMessage{Role: "user", Content: text + "{{ b.c }}"})
	}
	must(t, second(c.Prompts.Register(ctx, mlflowclient.RegisterPrompt{Name: name, Messages: messages})))
	must(t, c.Prompts.SetAlias(ctx, name, "champion", "2"))
	return []string{id, "tr-" + ended[1].SpanContext().TraceID().String()}, []string{set.ID}, []string{"prompts:/" + name + "/1", "prompts:/" + name + "@champion"}
}

// TestTracePython: what Go wrote, and what OpenTelemetry sent from Go, MLflow's own Python client reads equal, and the
// other way round: traces, assessments, data sets and prompts, by one start of Python, which takes seconds.
func TestTracePython(t *testing.T) {
	t.Parallel()
	c, uri := serverEnd(t), stack.Get(t).MLflowURI
	experiment := newExperiment(t, c)
	traces, datasets, prompts := writtenForPython(t, c, experiment)
	tasks, err := json.Marshal(map[string]any{
		"read": map[string]any{"traces": traces, "datasets": datasets, "prompts": prompts}, "experiment": experiment, "name": promptName("from-python"), "texts": nasty,
	})
	must(t, err)
	var python struct {
		Read    pySeen `json:"read"`
		Written pySeen `json:"written"`
	}
	runPython(t, &python, "traces.py", uri, string(tasks))
	for i, id := range traces {
		sameTrace(t, "Python of Go", python.Read.Traces[i], seenTrace(t, c, id))
	}
	for i, id := range datasets {
		compareEach(t, "Python of Go: data set", []pyDataSet{python.Read.Datasets[i]}, []pyDataSet{seenDataSet(t, c, id)})
	}
	for i, uri := range prompts {
		compareEach(t, "Python of Go: prompt", []pyPrompt{python.Read.Prompts[i]}, []pyPrompt{seenPrompt(t, c, uri)})
	}

	theirs := python.Written
	if len(theirs.Traces) != 1 || len(theirs.Traces[0].Spans) != 2 || len(theirs.Traces[0].Assessments) != 8 || len(theirs.Datasets) != 1 ||
		len(theirs.Datasets[0].Records) != len(nasty)+1 || len(theirs.Prompts) != 2 {
		t.Fatalf("Python wrote %+v", theirs)
	}
	sameTrace(t, "Go of Python", seenTrace(t, c, theirs.Traces[0].ID), theirs.Traces[0])
	compareEach(t, "Go of Python: data set", []pyDataSet{seenDataSet(t, c, theirs.Datasets[0].ID)}, theirs.Datasets)
	for i, uri := range theirs.URIs {
		compareEach(t, "Go of Python: prompt", []pyPrompt{seenPrompt(t, c, uri)}, theirs.Prompts[i:i+1])
	}
}
