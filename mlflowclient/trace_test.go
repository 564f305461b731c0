package mlflowclient_test

import (
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// TestTraceSpansAreKept reads back what was written, to the nanosecond and with every type.
func TestTraceSpansAreKept(t *testing.T) {
	t.Parallel()
	c := serverEnd(t)
	spans := writtenTrace(t, c, newExperiment(t, c))
	trace, err := c.Traces.Get(t.Context(), spans[0].TraceID)
	must(t, err)
	if len(trace.Spans) != len(spans) || trace.Root().ID != spans[0].ID || trace.State != mlflowclient.TraceError {
		t.Fatalf("trace %+v", trace.TraceInfo)
	}
	for i, want := range spans {
		got := trace.Spans[i]
		if got.TraceID != want.TraceID || got.ID != want.ID || got.ParentID != want.ParentID || got.Name != want.Name ||
			!got.Start.Equal(want.Start) || !got.End.Equal(want.End) || got.Status != want.Status || got.Message != want.Message {
			t.Errorf("span %d is %+v, want %+v", i, got, want)
		}
		attributes := map[string]any{}
		maps.Copy(attributes, want.Attributes)
		attributes[mlflowclient.SpanTraceID] = want.TraceID
		sameAttributes(t, got.Attributes, attributes)
		if len(got.Events) != len(want.Events) || len(got.Links) != len(want.Links) {
			t.Fatalf("span %d: %d events, %d links", i, len(got.Events), len(got.Links))
		}
		for k, event := range want.Events {
			if g := got.Events[k]; g.Name != event.Name || !g.Time.Equal(event.Time) {
				t.Errorf("event %+v, want %+v", g, event)
			}
			sameAttributes(t, got.Events[k].Attributes, event.Attributes)
		}
		for k, link := range want.Links {
			if g := got.Links[k]; g.TraceID != link.TraceID || g.SpanID != link.SpanID {
				t.Errorf("link %+v, want %+v", g, link)
			}
			sameAttributes(t, got.Links[k].Attributes, link.Attributes)
		}
	}
}

func sameAttributes(t *testing.T, got, want map[string]any) {
	t.Helper()
	for key := range want {
		if g, w := canon(got[key]), canon(want[key]); g != w {
			t.Errorf("%q is %.200v (%.200s), want %.200v (%.200s)", key, got[key], g, want[key], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("attributes %v, want %v", sortedKeys(got), sortedKeys(want))
	}
}

func TestTraceLife(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	experiment := newExperiment(t, c)
	in := mlflowclient.TraceInfo{
		ClientRequestID: "c " + nasty[7], ExperimentID: experiment, RequestTime: time.UnixMilli(1_700_000_000_123), Duration: 1500 * time.Millisecond,
		State: mlflowclient.TraceOK, RequestPreview: `{"q": "ü"}`, ResponsePreview: `"42"`,
		Metadata: map[string]string{"nasty": nasty[4], mlflowclient.TraceSession: "s1"}, Tags: map[string]string{"t": nasty[5], mlflowclient.TraceName: "named"},
		Assessments: []*mlflowclient.Assessment{{Name: "q", Feedback: &mlflowclient.Feedback{Value: true}, Created: time.UnixMilli(5), Updated: time.UnixMilli(6), Valid: true}},
	}
	made, err := c.Traces.Start(ctx, in)
	must(t, err)
	got, err := c.Traces.GetInfo(ctx, made.ID)
	must(t, err)
	if !reflect.DeepEqual(got, made) {
		t.Errorf("got %+v, made %+v", got, made)
	}
	for key, value := range in.Metadata {
		if got.Metadata[key] != value {
			t.Errorf("metadata %v", got.Metadata)
		}
	}
	if got.ClientRequestID != in.ClientRequestID || got.ExperimentID != experiment || !got.RequestTime.Equal(in.RequestTime) || got.Duration != in.Duration ||
		got.State != in.State || got.RequestPreview != in.RequestPreview || got.ResponsePreview != in.ResponsePreview || got.Tags["t"] != nasty[5] ||
		got.Tags[mlflowclient.TraceName] != "named" || len(got.Assessments) != 1 || canon(got.Assessments[0].Feedback.Value) != "true" {
		t.Errorf("got %+v", got)
	}
	again := mlflowclient.TraceInfo{ID: made.ID, ExperimentID: experiment, RequestTime: in.RequestTime, State: mlflowclient.TraceOK, Tags: map[string]string{"new": "1"}}
	must(t, second(c.Traces.Start(ctx, again)))
	merged, err := c.Traces.GetInfo(ctx, made.ID)
	must(t, err)
	if merged.Tags["t"] != nasty[5] || merged.Tags["new"] != "1" || len(merged.Assessments) != 1 {
		t.Errorf("merged %+v", merged)
	}

	for _, key := range []string{"k/ :-_.", "empty"} {
		value := map[bool]string{true: "", false: nasty[7]}[key == "empty"]
		must(t, c.Traces.SetTag(ctx, made.ID, key, "first"))
		must(t, c.Traces.SetTag(ctx, made.ID, key, value))
		got, err = c.Traces.GetInfo(ctx, made.ID)
		must(t, err)
		if v, ok := got.Tags[key]; !ok || v != value {
			t.Errorf("tag %q is %q", key, v)
		}
		must(t, c.Traces.DeleteTag(ctx, made.ID, key))
		wantError(t, c.Traces.DeleteTag(ctx, made.ID, key), mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	}
	n, err := c.Traces.Delete(ctx, mlflowclient.DeleteTraces{ExperimentID: experiment, IDs: []string{made.ID, "tr-none"}})
	if err != nil || n != 1 {
		t.Errorf("%d deleted, %v", n, err)
	}
	_, err = c.Traces.GetInfo(ctx, made.ID)
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	_, err = c.Traces.Get(ctx, made.ID)
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	wantError(t, c.Traces.SetTag(ctx, made.ID, "k", "v"), mlflowclient.ErrNotFound, 400, mlflowclient.CodeDoesNotExist)
	_, err = c.Traces.Start(ctx, mlflowclient.TraceInfo{ExperimentID: "999999999"})
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
}

// tenTraces makes traces of one second each, one second apart; every second one fails.
func tenTraces(t *testing.T, c *mlflowclient.Client, experiment string) []string {
	t.Helper()
	var spans []*mlflowclient.Span
	for i := range 10 {
		start := time.Unix(1_700_000_000+int64(i), 0)
		status := mlflowclient.SpanOK
		if i%2 == 1 {
			status = mlflowclient.SpanError
		}
		spans = append(spans, &mlflowclient.Span{
			TraceID: mlflowclient.NewTraceID(), Name: "predict", Start: start, End: start.Add(time.Second), Status: status,
			Attributes: map[string]any{mlflowclient.SpanType: mlflowclient.SpanTool},
		})
	}
	ids, err := c.Traces.LogSpans(t.Context(), experiment, spans)
	must(t, err)
	if len(ids) != len(spans) {
		t.Fatalf("%d traces", len(ids))
	}
	return ids
}

func TestTraceSearch(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	experiment, other := newExperiment(t, c), newExperiment(t, c)
	ids := tenTraces(t, c, experiment)
	must(t, c.Traces.SetTag(ctx, ids[3], "team", "o'hara"))
	_, err := c.Assessments.Create(ctx, mlflowclient.Assessment{TraceID: ids[4], Name: "helpful", Feedback: &mlflowclient.Feedback{Value: true}})
	must(t, err)
	run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment})
	must(t, c.Traces.LinkToRun(ctx, run.ID, ids[5], ids[6]))
	must(t, c.Traces.LinkToRun(ctx, run.ID, ids[5]))
	newModel(t, c, strings.ReplaceAll(unique("linked"), " ", "-"), map[string]string{"mlflow.prompt.is_prompt": "true"})
	must(t, c.Traces.LinkPrompts(ctx, ids[7], mlflowclient.PromptRef{Name: "linked-ü", Version: "3"}))
	must(t, c.Traces.LinkPrompts(ctx, ids[7], mlflowclient.PromptRef{Name: "linked-ü", Version: "3"}))
	value, err := mlflowclient.Quote("o'hara")
	must(t, err)

	for _, tt := range []struct {
		q    mlflowclient.SearchTraces
		want string
	}{
		{mlflowclient.SearchTraces{}, "9876543210"},
		{mlflowclient.SearchTraces{PageSize: 3}, "9876543210"},
		{mlflowclient.SearchTraces{PageSize: 4, OrderBy: []string{"timestamp_ms ASC"}}, "0123456789"},
		{mlflowclient.SearchTraces{Filter: "trace.status = 'ERROR'"}, "97531"},
		{mlflowclient.SearchTraces{Filter: "trace.status = 'OK' AND trace.timestamp_ms > 1700000004000"}, "86"},
		{mlflowclient.SearchTraces{Filter: "tags.team = " + value}, "3"},
		{mlflowclient.SearchTraces{Filter: "feedback.helpful = 'true'"}, "4"},
		{mlflowclient.SearchTraces{Filter: "trace.run_id = '" + run.ID + "'"}, "65"},
		{mlflowclient.SearchTraces{Filter: "prompt = 'linked-ü/3'"}, "7"},
		{mlflowclient.SearchTraces{Filter: "span.type = 'TOOL'", PageSize: 5}, "9876543210"},
		{mlflowclient.SearchTraces{Filter: "span.type = 'LLM'"}, ""},
	} {
		tt.q.ExperimentIDs = []string{other, experiment}
		var got strings.Builder
		for _, info := range collect(t, c.Traces.Search(ctx, tt.q)) {
			got.WriteString(strconv.Itoa(slices.Index(ids, info.ID)))
		}
		if got.String() != tt.want {
			t.Errorf("%+v finds %q, want %q", tt.q, got.String(), tt.want)
		}
	}
	if found := collect(t, c.Traces.Search(ctx, mlflowclient.SearchTraces{})); len(found) != 0 {
		t.Errorf("%d traces without an experiment", len(found))
	}
	_, err = c.Traces.SearchPage(ctx, mlflowclient.SearchTraces{PageSize: 501}, "")
	wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	_, err = c.Traces.SearchPage(ctx, mlflowclient.SearchTraces{ExperimentIDs: []string{experiment}, Filter: "nonsense"}, "")
	wantError(t, err, mlflowclient.ErrInvalidParameter, 400, mlflowclient.CodeInvalidParameterValue)

	wanted := []string{ids[2], "tr-none", ids[1]}
	traces, err := c.Traces.BatchGet(ctx, wanted)
	must(t, err)
	infos, err := c.Traces.BatchGetInfos(ctx, wanted, experiment)
	must(t, err)
	if len(traces) != 2 || len(infos) != 2 || traces[0].ID != ids[2] || infos[1].ID != ids[1] || len(traces[1].Spans) != 1 || infos[0].State != mlflowclient.TraceOK {
		t.Errorf("traces %v, infos %v", traces, infos)
	}
	if traces, err = c.Traces.BatchGet(ctx, wanted, other); err != nil || len(traces) != 0 {
		t.Errorf("%d traces of another experiment, %v", len(traces), err)
	}
}

func TestTraceMetrics(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	experiment := newExperiment(t, c)
	ids := tenTraces(t, c, experiment)
	points, err := c.Traces.Metrics(ctx, mlflowclient.TraceMetrics{
		ExperimentIDs: []string{experiment}, View: mlflowclient.ViewTraces, Metric: "latency",
		Aggregations: []mlflowclient.TraceAggregation{{Type: "AVG"}, {Type: "PERCENTILE", Percentile: 50}},
	})
	must(t, err)
	if len(points) != 1 || points[0].Metric != "latency" || points[0].Values["AVG"] != 1000 || points[0].Values["P50.0"] != 1000 || len(points[0].Values) != 2 {
		t.Errorf("latency %+v", points)
	}
	points, err = c.Traces.Metrics(ctx, mlflowclient.TraceMetrics{
		ExperimentIDs: []string{experiment}, View: mlflowclient.ViewTraces, Metric: "trace_count", Aggregations: []mlflowclient.TraceAggregation{{Type: "COUNT"}},
		Dimensions: []string{"trace_status"}, Filters: []string{"trace.status = 'ERROR'"},
		From: time.Unix(1_700_000_000, 0), To: time.Unix(1_700_000_005, 0), Interval: time.Hour,
	})
	must(t, err)
	if len(points) != 1 || points[0].Values["COUNT"] != 3 || points[0].Dimensions["trace_status"] != "ERROR" || points[0].Dimensions["time_bucket"] == "" {
		t.Errorf("count %+v", points)
	}
	_, err = c.Traces.Metrics(ctx, mlflowclient.TraceMetrics{Interval: time.Millisecond})
	wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)

	failed := "trace.status = 'ERROR'"
	together, err := c.Traces.Correlate(ctx, []string{experiment}, failed, failed, "trace.timestamp_ms < 1700000008000")
	must(t, err)
	if math.Abs(together.NPMI-1) > 1e-12 || together.First != 4 || together.Second != 4 || together.Both != 4 || together.Total != 8 {
		t.Errorf("correlation %+v", together)
	}
	never, err := c.Traces.Correlate(ctx, []string{experiment}, failed, "trace.status = 'OK'", "")
	must(t, err)
	if never.NPMI != -1 || never.Smoothed >= 0 || never.Both != 0 || never.Total != 10 {
		t.Errorf("correlation %+v", never)
	}
	nowhere, err := c.Traces.Correlate(ctx, []string{experiment}, failed, "trace.name = 'nowhere'", "")
	must(t, err)
	if !math.IsNaN(nowhere.NPMI) || nowhere.Second != 0 {
		t.Errorf("correlation %+v", nowhere)
	}

	n, err := c.Traces.Delete(ctx, mlflowclient.DeleteTraces{ExperimentID: experiment, Until: time.Unix(1_700_000_008, 0), Max: 2})
	if err != nil || n != 2 {
		t.Errorf("%d deleted, %v", n, err)
	}
	if n, err = c.Traces.Delete(ctx, mlflowclient.DeleteTraces{ExperimentID: experiment, Until: time.Unix(1_700_000_008, 0)}); err != nil || n != 7 {
		t.Errorf("%d deleted, %v", n, err)
	}
	left := collect(t, c.Traces.Search(ctx, mlflowclient.SearchTraces{ExperimentIDs: []string{experiment}}))
	if len(left) != 1 || left[0].ID != ids[9] {
		t.Errorf("left %v", left)
	}
}

func TestTraceRefusals(t *testing.T) {
	c, ctx := embeddedEnd(t), t.Context()
	now := time.Now()
	cycle := map[string]any{}
	cycle["a"] = []any{cycle}
	for _, span := range []mlflowclient.Span{
		{Name: "no times"},
		{Start: now},
		{Start: now, End: now.Add(-1)},
		{Start: now, End: now, TraceID: "abc"},
		{Start: now, End: now, TraceID: "tr-abc"},
		{Start: now, End: now, TraceID: "tr-" + strings.Repeat("0", 32)},
		{Start: now, End: now, ID: "1"},
		{Start: now, End: now, ParentID: "xx"},
		{Start: now, End: now, Status: "FINE"},
		{Start: now, End: now, Attributes: map[string]any{"f": func() {}}},
		{Start: now, End: now, Attributes: cycle},
		{Start: now, End: now, Links: []mlflowclient.SpanLink{{}}},
	} {
		_, err := c.Traces.LogSpans(ctx, "1", []*mlflowclient.Span{{Start: now, End: now}, &span})
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
	if ids, err := c.Traces.LogSpans(ctx, "1", nil); err != nil || ids != nil {
		t.Errorf("%v %v", ids, err)
	}
	for _, in := range []mlflowclient.DeleteTraces{{}, {IDs: []string{"a"}, Until: now}, {Until: now, Max: -1}, {IDs: []string{"a"}, Max: 1}} {
		_, err := c.Traces.Delete(ctx, in)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
	for _, id := range []string{"", ".", "..", "a/b"} {
		_, err := c.Traces.GetInfo(ctx, id)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
	feedback := mlflowclient.Feedback{Value: func() {}}
	for _, a := range []mlflowclient.Assessment{
		{Name: "q"},
		{Name: "q", Feedback: &feedback},
		{Feedback: &mlflowclient.Feedback{}},
		{Name: "q", Expectation: &mlflowclient.Expectation{}},
		{Name: "q", Feedback: &mlflowclient.Feedback{}, Issue: "i"},
		{Name: "q", Expectation: &mlflowclient.Expectation{Value: math.NaN()}},
	} {
		a.TraceID = "tr-1"
		_, err := c.Assessments.Create(ctx, a)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
	_, err := c.Assessments.Update(ctx, mlflowclient.UpdateAssessment{TraceID: "tr-1", ID: "a-1"})
	wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
}

// TestTracesNeedServer: a database file answers none of this, and says so in the way that decisions are made by.
func TestTracesNeedServer(t *testing.T) {
	c, ctx, now := embeddedEnd(t), t.Context(), time.Now()
	spans := []*mlflowclient.Span{{Name: "s", Start: now, End: now}}
	_, otlp := c.Traces.OTLP(mlflowclient.OTLPTarget{})
	for name, err := range map[string]error{
		"start": second(c.Traces.Start(ctx, mlflowclient.TraceInfo{})), "get": second(c.Traces.Get(ctx, "tr-1")), "info": second(c.Traces.GetInfo(ctx, "tr-1")),
		"spans":  second(c.Traces.LogSpans(ctx, "0", spans)),
		"search": second(c.Traces.SearchPage(ctx, mlflowclient.SearchTraces{ExperimentIDs: []string{"0"}}, "")), "otlp": otlp,
		"tag": c.Traces.SetTag(ctx, "tr-1", "k", "v"), "link": c.Traces.LinkToRun(ctx, "r", "tr-1"),
		"assess": second(c.Assessments.Create(ctx, mlflowclient.Assessment{TraceID: "tr-1", Name: "q", Feedback: &mlflowclient.Feedback{}})),
	} {
		if !errors.Is(err, mlflowclient.ErrNotImplemented) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
