package examples_test

import (
	"regexp"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

func TestTracesExample(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	out := example(t, built(t, "traces"), "MLFLOW_TRACKING_URI="+uri, "HOME="+t.TempDir())
	parts := regexp.MustCompile(`trace (tr-[0-9a-f]{32}) in experiment (\d+): OK, 3 spans, answer "A Riesling or a Chablis."`).FindStringSubmatch(out)
	if parts == nil {
		t.Fatalf("it printed %s", out)
	}
	c, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	trace, err := c.Traces.Get(t.Context(), parts[1])
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{}
	for _, span := range trace.Spans {
		kinds[span.Name] = span.Type()
	}
	if trace.ExperimentID != parts[2] || len(trace.Assessments) != 1 || trace.Assessments[0].Source.ID != "sommelier" ||
		!strings.Contains(trace.RequestPreview, "fish") || kinds["search the cellar"] != mlflowclient.SpanRetriever || kinds["write the answer"] != mlflowclient.SpanTool {
		t.Errorf("trace %+v, spans %v", trace.TraceInfo, kinds)
	}
}

// TestPromptsExample runs it twice, without a server and on the real one.
func TestPromptsExample(t *testing.T) {
	program := built(t, "prompts")
	for _, uri := range []string{"sqlite:///" + t.TempDir() + "/mlflow.db", stack.Get(t).MLflowURI} {
		for range 2 {
			out := example(t, program, "MLFLOW_TRACKING_URI="+uri, "HOME="+t.TempDir())
			parts := regexp.MustCompile(`(prompts:/example-pairing/\d+) needs \[dish manner\]`).FindStringSubmatch(out)
			if parts == nil || !strings.Contains(out, "user: Which wine goes with bacalhau?") {
				t.Fatalf("it printed %s", out)
			}
			c, err := mlflowclient.New(t.Context(), uri)
			if err != nil {
				t.Fatal(err)
			}
			prompt, err := c.Prompts.Load(t.Context(), "prompts:/example-pairing@production")
			if err != nil || prompt.URI() != parts[1] || len(prompt.Messages) != 2 {
				t.Errorf("%+v, %v, want %s", prompt, err, parts[1])
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
