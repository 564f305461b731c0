package mlflowclient

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// tracePrefix is in front of every path of the third version of the traces' operations.
	tracePrefix = "/api/3.0/mlflow/traces"
	// maxTraces is the server's limit on one page of traces.
	maxTraces = 500
	// maxTraceLinks is the server's limit on traces that are linked to a run by one request.
	maxTraceLinks = 100
)

// TraceState tells how a trace ended.
type TraceState string

// The states of a trace.
const (
	TraceUnspecified TraceState = "STATE_UNSPECIFIED"
	TraceOK          TraceState = "OK"
	TraceError       TraceState = "ERROR"
	TraceInProgress  TraceState = "IN_PROGRESS"
)

// Metadata and tags of traces that MLflow itself reads.
const (
	// TraceSession is the metadata that groups traces, such as those of one conversation, under an id.
	TraceSession = "mlflow.trace.session"
	// TraceUser is the metadata that says who used the traced application.
	TraceUser = "mlflow.trace.user"
	// TraceSourceRun is the metadata that names the run in which the trace was made.
	TraceSourceRun = "mlflow.sourceRun"
	// TraceModelID is the metadata that names the logged model that was at work.
	TraceModelID = "mlflow.modelId"
	// TraceTokenUsage is the metadata {"input_tokens":…,"output_tokens":…,"total_tokens":…} as JSON.
	TraceTokenUsage = "mlflow.trace.tokenUsage"
	// TraceName is the tag by which the user interface calls a trace.
	TraceName = "mlflow.traceName"
)

// TraceInfo is a trace without its spans.
type TraceInfo struct {
	// ID is "tr-" and, for a trace that has spans, the 32 hexadecimal digits of OpenTelemetry's trace id.
	ID string
	// ClientRequestID is the caller's own id of the request; may be empty.
	ClientRequestID string
	// ExperimentID is where the trace is kept: an experiment is the only location that MLflow's server knows.
	ExperimentID string
	// RequestTime is when the trace began, in milliseconds.
	RequestTime time.Time
	// Duration has milliseconds; 0 when it is not known.
	Duration time.Duration
	State    TraceState
	// RequestPreview and ResponsePreview are the beginnings of what went in and came out, as JSON.
	RequestPreview, ResponsePreview string
	// Metadata is written once, Tags may change.
	Metadata, Tags map[string]string
	// Assessments are what people and programs thought of the trace, also those that others have replaced.
	Assessments []*Assessment
}

// Trace is a trace with its spans.
type Trace struct {
	TraceInfo

	// Spans come in the order in which they began.
	Spans []*Span
}

// Root returns the span without a parent, or nil.
func (t *Trace) Root() *Span {
	for _, span := range t.Spans {
		if span.ParentID == "" {
			return span
		}
	}
	return nil
}

// TraceService is [Client.Traces].
type TraceService struct{ api *api }

// NewTraceID makes an id for [TraceInfo] and [Span].
func NewTraceID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return "tr-" + hex.EncodeToString(id[:])
}

// NewSpanID makes an id for a [Span]: 16 hexadecimal digits.
func NewSpanID() string {
	var id [8]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Start records a trace without spans, whole as it is: what it began, how long it took, how it ended. ID defaults to a
// new one, RequestTime to now. Repeating it adds what is new to the same trace, though the answer may not show new tags yet.
// [TraceService.LogSpans] makes traces, too.
func (s *TraceService) Start(ctx context.Context, in TraceInfo) (*TraceInfo, error) {
	if in.ExperimentID == "" {
		in.ExperimentID = DefaultExperimentID
	}
	if in.ID == "" {
		in.ID = NewTraceID()
	}
	if in.RequestTime.IsZero() {
		in.RequestTime = time.Now()
	}
	info, err := traceInfoToJSON(&in)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"trace": map[string]any{"trace_info": info}}
	return s.info(ctx, writes(tracePrefix), body)
}

// info sends what is answered with a trace's info.
func (s *TraceService) info(ctx context.Context, op operation, in any) (*TraceInfo, error) {
	var out struct {
		Trace struct {
			Info traceInfoJSON `json:"trace_info"`
		} `json:"trace"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Trace.Info.value()
}

// GetInfo returns a trace without its spans, or ErrNotFound.
func (s *TraceService) GetInfo(ctx context.Context, id string) (*TraceInfo, error) {
	at, err := tracePath(id)
	if err != nil {
		return nil, err
	}
	return s.info(ctx, reads(at), nil)
}

// Get returns a trace with its spans as far as they have arrived, or ErrNotFound. Spans of a trace that was made without
// any, or whose spans are kept as an artifact by an old client, are an error of the server's.
func (s *TraceService) Get(ctx context.Context, id string) (*Trace, error) {
	if err := checkTraceID(id); err != nil {
		return nil, err
	}
	var out struct {
		Trace traceJSON `json:"trace"`
	}
	// Without allow_partial the server holds back a trace whose root is not there yet, and waits three seconds for it.
	in := url.Values{"trace_id": {id}, "allow_partial": {"true"}}
	if err := s.api.call(ctx, reads(tracePrefix+"/get"), in, &out); err != nil {
		return nil, err
	}
	return out.Trace.value()
}

// BatchGet returns the traces that exist and are complete, with their spans, in the order of the ids. Experiments, when
// given, are the only ones to look in.
func (s *TraceService) BatchGet(ctx context.Context, ids []string, experiments ...string) ([]*Trace, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in := url.Values{"trace_ids": ids}
	if len(experiments) > 0 {
		in["experiment_ids"] = experiments
	}
	var out struct {
		Traces []traceJSON `json:"traces"`
	}
	if err := s.api.call(ctx, reads(tracePrefix+"/batchGet"), in, &out); err != nil {
		return nil, err
	}
	return values(out.Traces, (*traceJSON).value)
}

// BatchGetInfos returns the traces that exist, without their spans, in the order of the ids. Experiments, when given, are
// the only ones to look in.
func (s *TraceService) BatchGetInfos(ctx context.Context, ids []string, experiments ...string) ([]*TraceInfo, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	body := struct {
		IDs         []string `json:"trace_ids"`
		Experiments []string `json:"experiment_ids,omitempty"`
	}{ids, experiments}
	var out struct {
		Infos []traceInfoJSON `json:"trace_infos"`
	}
	if err := s.api.call(ctx, queries(tracePrefix+"/batchGetInfos"), body, &out); err != nil {
		return nil, err
	}
	return values(out.Infos, (*traceInfoJSON).value)
}

// SetTag sets a tag, or overwrites it; [TraceName] names the trace. A key consists of letters and digits of ASCII, "_", "-",
// ".", ":", "/" and spaces.
func (s *TraceService) SetTag(ctx context.Context, id, key, value string) error {
	at, err := tracePath(id, "tags")
	if err != nil {
		return err
	}
	err = s.api.call(ctx, patches(at), map[string]string{"key": key, "value": value}, nil)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == CodeBadRequest && strings.Contains(strings.ToLower(e.Message), "foreign key") {
		e.Code, e.Message = CodeDoesNotExist, "Trace with ID '"+id+"' not found." // for which the server shows its SQL
	}
	return err
}

// DeleteTag takes a tag away. One that is not there is ErrNotFound.
func (s *TraceService) DeleteTag(ctx context.Context, id, key string) error {
	at, err := tracePath(id, "tags")
	if err != nil {
		return err
	}
	return doneBefore(s.api.call(ctx, deletes(at), map[string]string{"key": key}, nil), ErrNotFound)
}

// LinkToRun shows traces among those of a run. Linking again changes nothing, ids of traces that do not exist are passed
// over, and more than 100 ids go in several requests.
func (s *TraceService) LinkToRun(ctx context.Context, runID string, ids ...string) error {
	for len(ids) > 0 {
		n := min(len(ids), maxTraceLinks)
		body := map[string]any{"trace_ids": ids[:n], "run_id": runID}
		if err := s.api.call(ctx, writes("traces/link-to-run"), body, nil); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// PromptRef names a version of a prompt.
type PromptRef struct {
	Name string `json:"name"`
	// Version is a number as text.
	Version string `json:"version"`
}

// LinkPrompts says which versions of prompts a trace used. Linking again changes nothing.
func (s *TraceService) LinkPrompts(ctx context.Context, id string, prompts ...PromptRef) error {
	if len(prompts) == 0 {
		return nil
	}
	body := map[string]any{"trace_id": id, "prompt_versions": prompts}
	return s.api.call(ctx, writes("traces/link-prompts"), body, nil)
}

// DeleteTraces selects the traces of one experiment to delete: either IDs, or the oldest by Until and Max.
type DeleteTraces struct {
	ExperimentID string
	IDs          []string
	// Until takes what began at or before it.
	Until time.Time
	// Max bounds how many of those are deleted, the oldest first; 0 is no bound.
	Max int
}

// Delete removes traces with their spans and assessments and says how many there were.
func (s *TraceService) Delete(ctx context.Context, in DeleteTraces) (int, error) {
	if (len(in.IDs) > 0) == !in.Until.IsZero() || in.Max < 0 || len(in.IDs) > 0 && in.Max > 0 {
		return 0, invalid("deleting traces needs either ids, or a time with or without a positive limit: %+v", in)
	}
	if in.ExperimentID == "" {
		in.ExperimentID = DefaultExperimentID
	}
	body := map[string]any{"experiment_id": in.ExperimentID}
	if len(in.IDs) == 0 {
		body["max_timestamp_millis"] = in.Until.UnixMilli()
		if in.Max > 0 {
			body["max_traces"] = in.Max
		}
		return s.delete(ctx, body)
	}
	deleted := 0
	for ids := in.IDs; len(ids) > 0; {
		n := min(len(ids), maxTraceLinks)
		body["request_ids"] = ids[:n]
		ids = ids[n:]
		m, err := s.delete(ctx, body)
		deleted += m
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

func (s *TraceService) delete(ctx context.Context, body map[string]any) (int, error) {
	op := writes(tracePrefix + "/delete-traces")
	if body["max_traces"] != nil {
		op = creates(tracePrefix + "/delete-traces") // twice would delete twice as many
	}
	var out struct {
		Deleted int `json:"traces_deleted"`
	}
	err := s.api.call(ctx, op, body, &out)
	return out.Deleted, err
}

func checkTraceID(id string) error {
	if id == "" {
		return invalid("the id of the trace is empty")
	}
	return nil
}

func tracePath(id string, parts ...string) (string, error) {
	if err := checkTraceID(id); err != nil {
		return "", err
	}
	return joinPath(tracePrefix, append([]string{id}, parts...)...)
}

// joinPath adds segments to a path. A segment that cannot be one is refused: it would lead to another operation.
func joinPath(path string, segments ...string) (string, error) {
	var b strings.Builder
	b.WriteString(path)
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." || strings.Contains(segment, "/") {
			return "", invalid("%q cannot be part of the path of a request (%s/…)", segment, path)
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	return b.String(), nil
}

// values converts what a list answers with.
func values[J, T any](in []J, value func(*J) (*T, error)) ([]*T, error) {
	out := make([]*T, len(in))
	for i := range in {
		var err error
		if out[i], err = value(&in[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// broken is the error of an answer whose text is not what it should be.
func broken(format string, args ...any) *Error {
	e := invalid(format, args...)
	e.Status, e.Code = http.StatusOK, CodeInternalError
	return e
}
