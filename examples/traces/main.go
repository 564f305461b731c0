// Command traces answers a question in three steps that OpenTelemetry records, so that the request becomes a trace of MLflow, and
// judges the answer.
//
//	MLFLOW_TRACKING_URI=http://127.0.0.1:5000 go run ./examples/traces
//
// Traces need a server; a database file does not take them.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mlopsgo/mlflowclient"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	client, err := mlflowclient.FromEnv(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	experiment, err := client.Experiments.GetOrCreate(ctx, "example: traces")
	if errors.Is(err, mlflowclient.ErrUnreachable) {
		return fmt.Errorf("is the server up? %w", err)
	} else if err != nil {
		return err
	}
	end, err := client.Traces.OTLP(mlflowclient.OTLPTarget{ExperimentID: experiment.ID})
	if errors.Is(err, mlflowclient.ErrNotImplemented) {
		return errors.New("traces need a server: set MLFLOW_TRACKING_URI")
	} else if err != nil {
		return err
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(end.URL), otlptracehttp.WithHeaders(end.Headers)}
	if end.TLS != nil {
		options = append(options, otlptracehttp.WithTLSClientConfig(end.TLS))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	id := answer(ctx, provider.Tracer("example"), "Which wine goes with fish?")
	if err := provider.Shutdown(ctx); err != nil { // sends what waits
		return err
	}
	if _, err := client.Assessments.Create(ctx, mlflowclient.Assessment{
		TraceID: id, Name: "helpful", Feedback: &mlflowclient.Feedback{Value: true}, Rationale: "white wine is the classic choice",
		Source: mlflowclient.AssessmentSource{Type: mlflowclient.SourceHuman, ID: "sommelier"},
	}); err != nil {
		return err
	}
	seen, err := client.Traces.Get(ctx, id)
	if err != nil {
		return err
	}
	fmt.Printf("trace %s in experiment %s: %s, %d spans, answer %q\n", id, experiment.ID, seen.State, len(seen.Spans), seen.Root().Outputs())
	fmt.Printf("see it at %s/#/experiments/%s/traces\n", client.UIURL(), experiment.ID)
	return nil
}

// answer is the instrumented program. It returns the trace's id in MLflow.
func answer(ctx context.Context, tracer trace.Tracer, question string) string {
	step := func(ctx context.Context, name, kind string, in, out any) (context.Context, trace.Span) {
		return tracer.Start(ctx, name, trace.WithAttributes(attribute.String(mlflowclient.SpanType, kind),
			attribute.String(mlflowclient.SpanInputs, mlflowclient.SpanText(in)), attribute.String(mlflowclient.SpanOutputs, mlflowclient.SpanText(out))))
	}
	wines, reply := []string{"Riesling", "Chablis"}, "A Riesling or a Chablis."
	ctx, root := step(ctx, "answer", mlflowclient.SpanAgent, map[string]string{"question": question}, reply)
	_, search := step(ctx, "search the cellar", mlflowclient.SpanRetriever, question, wines)
	search.AddEvent("found", trace.WithAttributes(attribute.Int("wines", len(wines))))
	search.End()
	_, write := step(ctx, "write the answer", mlflowclient.SpanTool, wines, reply)
	write.End()
	root.SetStatus(codes.Ok, "")
	root.End()
	return "tr-" + root.SpanContext().TraceID().String()
}
