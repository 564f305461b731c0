package mlflowclient

import (
	"crypto/tls"
	"fmt"
)

// OTLPTarget is where the spans of an OpenTelemetry SDK go.
type OTLPTarget struct {
	// ExperimentID defaults to MLflow's default experiment.
	ExperimentID string
	// RunID, unless empty, links the traces to a run.
	RunID string
}

// OTLPEndpoint is what an OpenTelemetry exporter needs to know, of protocol http/protobuf:
//
//	exporter, err := otlptracehttp.New(ctx,
//		otlptracehttp.WithEndpointURL(end.URL),
//		otlptracehttp.WithHeaders(end.Headers),
//		otlptracehttp.WithTLSClientConfig(end.TLS)) // if it is not nil
type OTLPEndpoint struct {
	// URL is the whole address, with the path /v1/traces at its end.
	URL string
	// Headers name the experiment, the run and the workspace, and hold the client's credentials and own headers.
	Headers map[string]string
	// TLS is whom to trust and which certificate to show; nil for a plain connection and for a client with a transport of
	// its own.
	TLS *tls.Config
}

// String leaves out the headers, which hold credentials.
func (e *OTLPEndpoint) String() string { return fmt.Sprintf("OpenTelemetry endpoint %s", e.URL) }

// GoString is String.
func (e *OTLPEndpoint) GoString() string { return e.String() }

// OTLP tells where an OpenTelemetry SDK sends its spans so that they become traces of MLflow. Nothing is sent by it. A
// database file takes no spans: ErrNotImplemented.
//
// MLflow makes a trace "tr-" + OpenTelemetry's trace id of the spans as they come, named by [TraceName] or else by its
// root; see [SpanInputs] and its siblings for what to set on spans.
func (s *TraceService) OTLP(to OTLPTarget) (*OTLPEndpoint, error) {
	if s.api.rest.InProcess() {
		return nil, &Error{Code: CodeNotImplemented, Message: "spans of OpenTelemetry need an MLflow server; this client's MLflow is a file"}
	}
	if to.ExperimentID == "" {
		to.ExperimentID = DefaultExperimentID
	}
	end := &OTLPEndpoint{URL: s.api.rest.BaseURL() + otlpTraces.path, Headers: map[string]string{}, TLS: s.api.rest.TLSConfig()}
	for name, list := range s.api.rest.Header() {
		if len(list) > 0 {
			end.Headers[name] = list[0]
		}
	}
	if s.api.workspace != "" {
		end.Headers[workspaceHeader] = s.api.workspace
	}
	end.Headers[otlpExperimentHeader] = to.ExperimentID
	if to.RunID != "" {
		end.Headers[otlpRunHeader] = to.RunID
	}
	return end, nil
}
