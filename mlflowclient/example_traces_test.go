package mlflowclient_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mlopsgo/mlflowclient"
)

// An OpenTelemetry exporter needs an address and headers, nothing else of MLflow. Nothing is sent here.
func ExampleTraceService_OTLP() {
	ctx := context.Background()
	client, err := mlflowclient.New(ctx, "https://mlflow.example.com/prefix", mlflowclient.WithToken("secret"))
	check(err)
	defer client.Close()
	end, err := client.Traces.OTLP(mlflowclient.OTLPTarget{ExperimentID: "7"})
	check(err)
	// otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(end.URL), otlptracehttp.WithHeaders(end.Headers), …)
	fmt.Println(end.URL, end.Headers["x-mlflow-experiment-id"])
	// Output: https://mlflow.example.com/prefix/v1/traces 7
}

// SpanText writes values so that MLflow shows them as they were.
func ExampleSpanText() {
	fmt.Println(mlflowclient.SpanText(map[string]any{"question": "Which wine?"}))
	fmt.Println(mlflowclient.SpanText("plain text"))
	// Output:
	// {"question":"Which wine?"}
	// plain text
}

// A trace is written without an SDK, judged, and read back. That needs a server; a database file refuses.
func ExampleTraceService_LogSpans() {
	ctx := context.Background()
	client, done := scratch(ctx) // mlflowclient.FromEnv(ctx) in a program
	defer done()

	start := time.Now()
	ids, err := client.Traces.LogSpans(ctx, mlflowclient.DefaultExperimentID, []*mlflowclient.Span{{
		Name: "answer", Start: start, End: start.Add(time.Second), Status: mlflowclient.SpanOK,
		Attributes: map[string]any{mlflowclient.SpanInputs: map[string]any{"question": "Which wine?"}, mlflowclient.SpanOutputs: "Riesling"},
	}})
	if errors.Is(err, mlflowclient.ErrNotImplemented) {
		fmt.Println("traces need a server")
		return
	}
	check(err)
	_, err = client.Assessments.Create(ctx, mlflowclient.Assessment{TraceID: ids[0], Name: "helpful", Feedback: &mlflowclient.Feedback{Value: true}})
	check(err)
	trace, err := client.Traces.Get(ctx, ids[0])
	check(err)
	fmt.Println(trace.Root().Outputs(), trace.Assessments[0].Feedback.Value)
	// Output: traces need a server
}

// Who judged, and what was expected: the same trace takes both.
func ExampleAssessmentService_Create() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()
	_, err := client.Assessments.Create(ctx, mlflowclient.Assessment{
		TraceID: "tr-…", Name: "right grape", Expectation: &mlflowclient.Expectation{Value: map[string]any{"grape": "Riesling"}},
		Source: mlflowclient.AssessmentSource{Type: mlflowclient.SourceHuman, ID: "sommelier"},
	})
	fmt.Println(errors.Is(err, mlflowclient.ErrNotImplemented)) // by a file; a server answers with the assessment
	// Output: true
}

// The same inputs are the same record.
func ExampleEvaluationDatasetService_UpsertRecords() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()
	_, _, err := client.EvaluationDatasets.UpsertRecords(ctx, "d-…", []mlflowclient.EvaluationRecord{{
		Inputs: map[string]any{"question": "Which wine goes with fish?"}, Expectations: map[string]any{"color": "white"},
	}})
	fmt.Println(errors.Is(err, mlflowclient.ErrNotImplemented)) // by a file; a server counts what is new
	// Output: true
}

// A prompt is registered, named by an alias, loaded by it and filled in.
func ExamplePromptService_Load() {
	ctx := context.Background()
	client, done := scratch(ctx)
	defer done()

	version, err := client.Prompts.Register(ctx, mlflowclient.RegisterPrompt{Name: "pairing", Template: "Which wine goes with {{ dish }}?"})
	check(err)
	check(client.Prompts.SetAlias(ctx, "pairing", "production", version.Version))

	prompt, err := client.Prompts.Load(ctx, "prompts:/pairing@production")
	check(err)
	text, err := prompt.Format(map[string]any{"dish": "fish"})
	check(err)
	fmt.Println(prompt.URI(), prompt.Variables(), text)
	// Output: prompts:/pairing/1 [dish] Which wine goes with fish?
}
