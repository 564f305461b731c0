package mlflowclient

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// AssessmentSourceType tells who assessed.
type AssessmentSourceType string

// The types of sources.
const (
	SourceHuman    AssessmentSourceType = "HUMAN"
	SourceLLMJudge AssessmentSourceType = "LLM_JUDGE"
	SourceCode     AssessmentSourceType = "CODE"
)

// AssessmentSource is who or what assessed.
type AssessmentSource struct {
	Type AssessmentSourceType
	// ID is a person's name, a model's, a program's; "default" when empty.
	ID string
}

// Assessment is what somebody thinks of a trace, or of one of its spans: exactly one of Feedback, Expectation and Issue
// is set.
type Assessment struct {
	// ID is the server's, "a-…".
	ID      string
	TraceID string
	// SpanID, unless empty, is the span that is meant.
	SpanID string
	// Name is what was judged, such as "correctness".
	Name   string
	Source AssessmentSource
	// Feedback is a judgement of what came out.
	Feedback *Feedback
	// Expectation is what should have come out.
	Expectation *Expectation
	// Issue is the name of an issue that the trace is an instance of; Name is its id then.
	Issue string
	// Rationale says why. The server keeps it of feedback only.
	Rationale string
	Metadata  map[string]string
	// Overrides is the id of the assessment that this one replaces.
	Overrides string
	// Valid is false for an assessment that another one overrides.
	Valid            bool
	Created, Updated time.Time
}

// Feedback is a judgement.
type Feedback struct {
	// Value is what JSON has: nil, bool, string, a number (read back as float64), []any or map[string]any.
	Value any
	// Error says why there is no judgement.
	Error *AssessmentError
}

// AssessmentError is why a judge failed.
type AssessmentError struct {
	Code       string `json:"error_code,omitempty"`
	Message    string `json:"error_message,omitempty"`
	StackTrace string `json:"stack_trace,omitempty"`
}

// Expectation is a wanted value.
type Expectation struct {
	// Value is what JSON has, but not nil and no NaN. A number alone is read back as float64; in a list or an object, whole
	// numbers are read back as int64.
	Value any
}

// AssessmentService is [Client.Assessments].
type AssessmentService struct{ api *api }

// Create adds an assessment to the trace a.TraceID, or ErrNotFound. Without a source, feedback is by [SourceCode] and an
// expectation by [SourceHuman]. With Overrides, the assessment of that id becomes invalid. It is not sent again when its
// end is unknown, because that could make two.
func (s *AssessmentService) Create(ctx context.Context, a Assessment) (*Assessment, error) {
	at, err := tracePath(a.TraceID, "assessments")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if a.Created.IsZero() {
		a.Created = now
	}
	if a.Updated.IsZero() {
		a.Updated = a.Created
	}
	made, err := assessmentToJSON(&a)
	if err != nil {
		return nil, err
	}
	made.Valid = nil // the server knows
	return s.change(ctx, creates(at), map[string]any{"assessment": made})
}

// change sends what is answered with the assessment as it is then.
func (s *AssessmentService) change(ctx context.Context, op operation, in any) (*Assessment, error) {
	var out struct {
		Assessment assessmentJSON `json:"assessment"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Assessment.value()
}

// Get returns an assessment, or ErrNotFound. [TraceService.GetInfo] has all of a trace.
func (s *AssessmentService) Get(ctx context.Context, traceID, id string) (*Assessment, error) {
	at, err := assessmentPath(traceID, id)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, reads(at), nil)
}

// UpdateAssessment changes what is set in it. Feedback stays feedback, and an expectation an expectation.
type UpdateAssessment struct {
	TraceID, ID string
	Name        string
	Feedback    *Feedback
	Expectation *Expectation
	Rationale   string
	// Metadata is added to what is there.
	Metadata map[string]string
}

// Update changes an assessment and returns it as it is then. Its source, span and overriding stay as they are.
func (s *AssessmentService) Update(ctx context.Context, in UpdateAssessment) (*Assessment, error) {
	at, err := assessmentPath(in.TraceID, in.ID)
	if err != nil {
		return nil, err
	}
	made := &assessmentJSON{Name: in.Name, TraceID: in.TraceID, ID: in.ID, Rationale: in.Rationale, Metadata: in.Metadata}
	if err := made.setValue(in.Feedback, in.Expectation); err != nil {
		return nil, err
	}
	var mask []string // in camel case, as protobuf writes it
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"assessmentName", in.Name != ""},
		{"feedback", in.Feedback != nil},
		{"expectation", in.Expectation != nil},
		{"rationale", in.Rationale != ""},
		{"metadata", len(in.Metadata) > 0},
	} {
		if field.set {
			mask = append(mask, field.name)
		}
	}
	if len(mask) == 0 {
		return nil, invalid("the update of assessment %s changes nothing", in.ID)
	}
	return s.change(ctx, patches(at), map[string]any{"assessment": made, "update_mask": strings.Join(mask, ",")})
}

// Delete removes an assessment; one that it overrode becomes valid again. That it was not there is no error.
func (s *AssessmentService) Delete(ctx context.Context, traceID, id string) error {
	at, err := assessmentPath(traceID, id)
	if err != nil {
		return err
	}
	return s.api.call(ctx, deletes(at), nil, nil)
}

func assessmentPath(traceID, id string) (string, error) {
	return tracePath(traceID, "assessments", id)
}

// jsonFormat is the one form in which the server keeps expectations that are lists or objects.
const jsonFormat = "JSON_FORMAT"

type assessmentJSON struct {
	ID          string                `json:"assessment_id,omitempty"`
	TraceID     string                `json:"trace_id,omitempty"`
	SpanID      string                `json:"span_id,omitempty"`
	Name        string                `json:"assessment_name,omitempty"`
	Source      *assessmentSourceJSON `json:"source,omitempty"`
	Created     string                `json:"create_time,omitempty"`
	Updated     string                `json:"last_update_time,omitempty"`
	Feedback    *feedbackJSON         `json:"feedback,omitempty"`
	Expectation *expectationJSON      `json:"expectation,omitempty"`
	Issue       *issueJSON            `json:"issue,omitempty"`
	Rationale   string                `json:"rationale,omitempty"`
	Metadata    map[string]string     `json:"metadata,omitempty"`
	Overrides   string                `json:"overrides,omitempty"`
	Valid       *bool                 `json:"valid,omitempty"`
}

type assessmentSourceJSON struct {
	Type AssessmentSourceType `json:"source_type"`
	ID   string               `json:"source_id"`
}

type feedbackJSON struct {
	Value json.RawMessage  `json:"value"`
	Error *AssessmentError `json:"error,omitempty"`
}

type expectationJSON struct {
	Value      json.RawMessage `json:"value,omitempty"`
	Serialized *serializedJSON `json:"serialized_value,omitempty"`
}

type serializedJSON struct {
	Format string `json:"serialization_format"`
	Value  string `json:"value"`
}

type issueJSON struct {
	Name string `json:"issue_name"`
}
