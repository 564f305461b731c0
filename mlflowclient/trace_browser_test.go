package mlflowclient_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// TestUserInterfaceShowsTraces opens the real user interface on an experiment with a trace, and on the trace itself.
func TestUserInterfaceShowsTraces(t *testing.T) {
	c, ctx := serverEnd(t), t.Context()
	experiment := newExperiment(t, c)
	start := time.Now().Add(-time.Minute)
	root := &mlflowclient.Span{
		TraceID: mlflowclient.NewTraceID(), ID: mlflowclient.NewSpanID(), Name: "answer the guest", Start: start, End: start.Add(1500 * time.Millisecond), Status: mlflowclient.SpanOK,
		Attributes: map[string]any{
			mlflowclient.SpanType: mlflowclient.SpanAgent, mlflowclient.SpanInputs: map[string]any{"question": "Which wine goes with fish?"}, mlflowclient.SpanOutputs: "A Riesling, obviously.",
		},
	}
	child := &mlflowclient.Span{
		TraceID: root.TraceID, ParentID: root.ID, Name: "search the cellar", Start: start.Add(100 * time.Millisecond), End: start.Add(time.Second), Status: mlflowclient.SpanError,
		Message: "the cellar is dark", Attributes: map[string]any{mlflowclient.SpanType: mlflowclient.SpanRetriever},
	}
	must(t, second(c.Traces.LogSpans(ctx, experiment, []*mlflowclient.Span{root, child})))
	must(t, second(c.Assessments.Create(ctx, mlflowclient.Assessment{
		TraceID: root.TraceID, Name: "helpfulness", Feedback: &mlflowclient.Feedback{Value: true}, Rationale: "a classic",
		Source: mlflowclient.AssessmentSource{Type: mlflowclient.SourceHuman, ID: "sommelier"},
	})))
	browser := stack.Browser(t)
	must(t, chromedp.Do(browser, chromedp.EmulateViewport(1500, 1100)))
	page := fmt.Sprintf("%s/#/experiments/%s/traces", c.TrackingURI(), experiment)
	for _, see := range []struct{ name, address, shows string }{
		{"traces", page, hasText("Which wine goes with fish?", "A Riesling, obviously.", "helpfulness", "OK")},
		{"trace", page + "?selectedEvaluationId=" + root.TraceID, hasText("answer the guest", "search the cellar", "Which wine goes with fish?", "0.90s", "Success", "helpfulness")},
	} {
		must(t, chromedp.Do(browser, chromedp.Navigate("about:blank"), chromedp.Navigate(see.address)))
		pageShows(t, browser, see.name, see.shows)
	}
}
