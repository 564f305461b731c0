package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"mlopsgo/internal/telemetry"
	"mlopsgo/predictsvc"
)

// lastTraces bounds the sending of the last spans at the end.
const lastTraces = 5 * time.Second

// startTraces gives the service a tracer if the environment asks for traces.
func startTraces(ctx context.Context, logger *slog.Logger) (tracer predictsvc.Tracer, end func() error, err error) {
	traces, err := telemetry.Start(ctx, os.Getenv, "predictor", logger)
	if err != nil || traces == nil {
		return nil, func() error { return nil }, err
	}
	return openTelemetry{traces}, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
		defer cancel()
		return traces.Close(ctx)
	}, nil
}

// openTelemetry makes the service's spans OpenTelemetry's.
type openTelemetry struct{ traces *telemetry.Tracing }

// Start begins the span of a request.
func (o openTelemetry) Start(ctx context.Context, name string, header http.Header) (context.Context, predictsvc.Span) {
	return o.traces.Server(ctx, name, header)
}
