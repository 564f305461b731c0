package mlflowclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

type traceLocationJSON struct {
	Type       string               `json:"type"`
	Experiment *traceExperimentJSON `json:"mlflow_experiment,omitempty"`
}

type traceExperimentJSON struct {
	ID text `json:"experiment_id"`
}

func experimentLocation(id string) traceLocationJSON {
	return traceLocationJSON{"MLFLOW_EXPERIMENT", &traceExperimentJSON{text(id)}}
}

type traceInfoJSON struct {
	ID              string            `json:"trace_id"`
	ClientRequestID string            `json:"client_request_id,omitempty"`
	Location        traceLocationJSON `json:"trace_location"`
	RequestPreview  string            `json:"request_preview,omitempty"`
	ResponsePreview string            `json:"response_preview,omitempty"`
	RequestTime     string            `json:"request_time"`
	Duration        string            `json:"execution_duration,omitempty"`
	State           TraceState        `json:"state"`
	Metadata        map[string]string `json:"trace_metadata,omitempty"`
	Tags            map[string]string `json:"tags,omitempty"`
	Assessments     []assessmentJSON  `json:"assessments,omitempty"`
}

func traceInfoToJSON(in *TraceInfo) (*traceInfoJSON, error) {
	out := &traceInfoJSON{
		ID: in.ID, ClientRequestID: in.ClientRequestID, Location: experimentLocation(in.ExperimentID),
		RequestPreview: in.RequestPreview, ResponsePreview: in.ResponsePreview, RequestTime: timestamp(in.RequestTime),
		State: in.State, Metadata: in.Metadata, Tags: in.Tags,
	}
	if out.State == "" {
		out.State = TraceUnspecified
	}
	if in.Duration != 0 {
		out.Duration = strconv.FormatFloat(in.Duration.Seconds(), 'f', 3, 64) + "s"
	}
	for _, a := range in.Assessments {
		made, err := assessmentToJSON(a)
		if err != nil {
			return nil, err
		}
		out.Assessments = append(out.Assessments, *made)
	}
	return out, nil
}

func (t *traceInfoJSON) value() (*TraceInfo, error) {
	out := &TraceInfo{
		ID: t.ID, ClientRequestID: t.ClientRequestID, State: t.State, RequestPreview: t.RequestPreview,
		ResponsePreview: t.ResponsePreview, Metadata: t.Metadata, Tags: t.Tags,
	}
	if t.Location.Experiment != nil {
		out.ExperimentID = string(t.Location.Experiment.ID)
	}
	var err error
	if out.RequestTime, err = fromTimestamp(t.RequestTime); err != nil {
		return nil, err
	}
	if t.Duration != "" {
		if out.Duration, err = time.ParseDuration(t.Duration); err != nil {
			return nil, broken("trace %s: the duration %q cannot be read", t.ID, t.Duration)
		}
	}
	out.Assessments, err = values(t.Assessments, (*assessmentJSON).value)
	if len(out.Assessments) == 0 {
		out.Assessments = nil
	}
	return out, err
}

type traceJSON struct {
	Info  traceInfoJSON `json:"trace_info"`
	Spans []spanJSON    `json:"spans"`
}

func (t *traceJSON) value() (*Trace, error) {
	info, err := t.Info.value()
	if err != nil {
		return nil, err
	}
	spans, err := values(t.Spans, (*spanJSON).value)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(spans, func(a, b *Span) int { return a.Start.Compare(b.Start) })
	return &Trace{*info, spans}, nil
}

// timestamp is protobuf's JSON of a time. MLflow keeps milliseconds.
func timestamp(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
}

func fromTimestamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, broken("the time %q cannot be read", s)
	}
	return t.Local(), nil
}

// plainJSON makes of any value what JSON has: nil, bool, string, int64, float64, []any and map[string]any. Whole numbers
// without a fraction stay whole, so that none loses digits.
func plainJSON(v any) (any, error) {
	data, err := marshal(v)
	if err != nil {
		return nil, err
	}
	return decodeJSON(data)
}

// decodeJSON reads what Python wrote: also NaN, Infinity and -Infinity, which JSON does not have.
func decodeJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(namedNumbers(data)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return plainNumbers(v)
}

// Numbers that no encoder writes stand for those that have a name in Python's JSON.
const (
	namedNaN      = "9e99999"
	namedInfinity = "1e99999"
)

// namedNumbers replaces the names of numbers, which are not in strings.
func namedNumbers(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data))
	inString := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\' && i+1 < len(data):
			out = append(out, c)
			i++
		case !inString && bytes.HasPrefix(data[i:], []byte("NaN")):
			out = append(out, namedNaN...)
			i += len("NaN") - 1
			continue
		case !inString && bytes.HasPrefix(data[i:], []byte("Infinity")):
			out = append(out, namedInfinity...)
			i += len("Infinity") - 1
			continue
		}
		out = append(out, data[i])
	}
	return out
}

func plainNumber(n json.Number) (any, error) {
	switch text := n.String(); text {
	case namedNaN:
		return math.NaN(), nil
	case namedInfinity:
		return math.Inf(1), nil
	case "-" + namedInfinity:
		return math.Inf(-1), nil
	default:
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, nil
		}
		return strconv.ParseFloat(text, 64)
	}
}

func plainNumbers(v any) (_ any, err error) {
	switch v := v.(type) {
	case json.Number:
		return plainNumber(v)
	case []any:
		for i := range v {
			if v[i], err = plainNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = plainNumbers(v[key]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
