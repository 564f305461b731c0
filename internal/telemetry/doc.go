// Package telemetry sends the spans of a command to an OpenTelemetry collector, or to MLflow's own endpoint for them, when the environment
// says where. Nothing of OpenTelemetry shows outside of this package, and nothing of it runs when it is not configured.
//
// The variables are the specification's (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/):
//
//	OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT   where to; one of them turns tracing on
//	OTEL_EXPORTER_OTLP_HEADERS, …_TIMEOUT, …_CERTIFICATE, …           how
//	OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES                       who
//	OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG                      which of them
//	OTEL_BSP_SCHEDULE_DELAY, OTEL_BSP_MAX_QUEUE_SIZE, …               in which batches
//	OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER=none                      not at all
//
// For MLflow: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:5000/v1/traces and
// OTEL_EXPORTER_OTLP_HEADERS=x-mlflow-experiment-id=0.
package telemetry
