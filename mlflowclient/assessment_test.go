package mlflowclient_test

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// writtenAssessments adds assessments of every kind to a trace.
func writtenAssessments(t *testing.T, c *mlflowclient.Client, trace string) {
	t.Helper()
	add := func(a mlflowclient.Assessment) string {
		t.Helper()
		a.TraceID = trace
		made, err := c.Assessments.Create(t.Context(), a)
		must(t, err)
		return made.ID
	}
	first := add(mlflowclient.Assessment{
		Name: "q", Source: mlflowclient.AssessmentSource{Type: mlflowclient.SourceHuman, ID: `me "ü"`},
		Feedback: &mlflowclient.Feedback{Value: false}, Rationale: nasty[7], Metadata: map[string]string{"k ü": nasty[7], "empty": ""},
	})
	add(mlflowclient.Assessment{Name: "q", Feedback: &mlflowclient.Feedback{Value: 1.0 / 3}, Overrides: first})
	add(mlflowclient.Assessment{Name: "none", Feedback: &mlflowclient.Feedback{}})
	add(mlflowclient.Assessment{Name: "list", Feedback: &mlflowclient.Feedback{Value: []any{"a", 1.5, nil, map[string]any{"ü": true}}}})
	add(mlflowclient.Assessment{
		Name: "failed", Source: mlflowclient.AssessmentSource{Type: mlflowclient.SourceLLMJudge, ID: "gpt"},
		Feedback: &mlflowclient.Feedback{Error: &mlflowclient.AssessmentError{Code: "CODE", Message: `it "broke"`, StackTrace: "at\nline"}},
	})
	for _, value := range []any{nasty[7], int64(42), 0.1, false, map[string]any{"n": 12345678901234567, "l": []any{nil, 2.5}}, []string{}, ""} {
		add(mlflowclient.Assessment{Name: "wanted ü", Expectation: &mlflowclient.Expectation{Value: value}})
	}
	add(mlflowclient.Assessment{Name: "iss-1", Issue: "slow answers"})
}

func TestAssessmentLife(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	trace := tenTraces(t, c, newExperiment(t, c))[0]
	before := time.Now().Add(-time.Minute)
	first, err := c.Assessments.Create(ctx, mlflowclient.Assessment{
		TraceID: trace, Name: "q", Feedback: &mlflowclient.Feedback{Value: "good"}, Rationale: "why", Metadata: map[string]string{"a": "1", "b": "2"},
	})
	must(t, err)
	if first.Source.Type != mlflowclient.SourceCode || first.Source.ID == "" || !first.Valid || first.Created.Before(before) || first.TraceID != trace {
		t.Errorf("made %+v", first)
	}
	updated, err := c.Assessments.Update(ctx, mlflowclient.UpdateAssessment{
		TraceID: trace, ID: first.ID, Name: "quality", Feedback: &mlflowclient.Feedback{Value: []any{1.0, "ü"}}, Metadata: map[string]string{"b": "3"},
	})
	must(t, err)
	got, err := c.Assessments.Get(ctx, trace, first.ID)
	must(t, err)
	if !reflect.DeepEqual(got, updated) || got.Name != "quality" || canon(got.Feedback.Value) != canon([]any{1.0, "ü"}) || got.Rationale != "why" ||
		!maps.Equal(got.Metadata, map[string]string{"a": "1", "b": "3"}) || !got.Created.Equal(first.Created) {
		t.Errorf("got %+v, updated %+v", got, updated)
	}
	second, err := c.Assessments.Create(ctx, mlflowclient.Assessment{TraceID: trace, Name: "q", Feedback: &mlflowclient.Feedback{Value: "bad"}, Overrides: first.ID})
	must(t, err)
	valid := func() bool {
		t.Helper()
		got, err := c.Assessments.Get(ctx, trace, first.ID)
		must(t, err)
		return got.Valid
	}
	if second.Overrides != first.ID || valid() {
		t.Errorf("the overridden assessment is still valid: %+v", second)
	}
	must(t, c.Assessments.Delete(ctx, trace, second.ID))
	must(t, c.Assessments.Delete(ctx, trace, second.ID))
	if !valid() {
		t.Error("the assessment is not valid again")
	}
	wanted, err := c.Assessments.Create(ctx, mlflowclient.Assessment{TraceID: trace, Name: "w", Expectation: &mlflowclient.Expectation{Value: map[string]any{"a": int64(1)}}})
	must(t, err)
	wanted, err = c.Assessments.Update(ctx, mlflowclient.UpdateAssessment{TraceID: trace, ID: wanted.ID, Expectation: &mlflowclient.Expectation{Value: []any{int64(2)}}})
	must(t, err)
	if wanted.Source.Type != mlflowclient.SourceHuman || canon(wanted.Expectation.Value) != canon([]any{int64(2)}) {
		t.Errorf("expectation %+v", wanted)
	}
	_, err = c.Assessments.Update(ctx, mlflowclient.UpdateAssessment{TraceID: trace, ID: wanted.ID, Feedback: &mlflowclient.Feedback{Value: 1}})
	wantError(t, err, mlflowclient.ErrInvalidParameter, 400, mlflowclient.CodeInvalidParameterValue)
	_, err = c.Assessments.Get(ctx, trace, "a-none")
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	_, err = c.Assessments.Create(ctx, mlflowclient.Assessment{TraceID: "tr-none", Name: "q", Feedback: &mlflowclient.Feedback{Value: 1}})
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
}
