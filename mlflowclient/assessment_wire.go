package mlflowclient

import (
	"encoding/json"
)

// checkKind insists on one of the three values.
func (a *Assessment) checkKind() error {
	set := 0
	for _, is := range []bool{a.Feedback != nil, a.Expectation != nil, a.Issue != ""} {
		if is {
			set++
		}
	}
	if set != 1 || a.Name == "" {
		return invalid("assessment %q: a name and one of feedback, expectation and issue are needed", a.Name)
	}
	return nil
}

func assessmentToJSON(a *Assessment) (*assessmentJSON, error) {
	if err := a.checkKind(); err != nil {
		return nil, err
	}
	out := &assessmentJSON{
		ID: a.ID, TraceID: a.TraceID, SpanID: a.SpanID, Name: a.Name, Created: timestamp(a.Created), Updated: timestamp(a.Updated),
		Source: &assessmentSourceJSON{a.Source.Type, a.Source.ID}, Rationale: a.Rationale, Metadata: a.Metadata,
		Overrides: a.Overrides, Valid: &a.Valid,
	}
	if out.Source.ID == "" {
		out.Source.ID = "default"
	}
	if out.Source.Type == "" {
		out.Source.Type = SourceCode
		if a.Expectation != nil {
			out.Source.Type = SourceHuman
		}
	}
	if a.Issue != "" {
		out.Issue = &issueJSON{a.Issue}
	}
	if err := out.setValue(a.Feedback, a.Expectation); err != nil {
		return nil, err
	}
	return out, nil
}

func (a *assessmentJSON) setValue(f *Feedback, e *Expectation) error {
	if f != nil {
		value, err := marshal(f.Value)
		if err != nil {
			return invalid("feedback %q: the value cannot be written as JSON: %v", a.Name, err)
		}
		a.Feedback = &feedbackJSON{value, f.Error}
	}
	if e == nil {
		return nil
	}
	value, err := marshal(e.Value)
	if err != nil {
		return invalid("expectation %q: the value cannot be written as JSON: %v", a.Name, err)
	}
	a.Expectation = &expectationJSON{}
	switch text := string(value); {
	case text == "null":
		return invalid("expectation %q: the value is nil", a.Name)
	case text[0] == '{' || text[0] == '[': // which the server keeps as text, as Python's client does
		a.Expectation.Serialized = &serializedJSON{jsonFormat, text}
	default:
		a.Expectation.Value = value
	}
	return nil
}

func (a *assessmentJSON) value() (*Assessment, error) {
	out := &Assessment{
		ID: a.ID, TraceID: a.TraceID, SpanID: a.SpanID, Name: a.Name, Rationale: a.Rationale, Metadata: a.Metadata,
		Overrides: a.Overrides, Valid: a.Valid == nil || *a.Valid,
	}
	if a.Source != nil {
		out.Source = AssessmentSource{a.Source.Type, a.Source.ID}
	}
	if a.Issue != nil {
		out.Issue = a.Issue.Name
	}
	var err error
	if out.Created, err = fromTimestamp(a.Created); err != nil {
		return nil, err
	}
	if out.Updated, err = fromTimestamp(a.Updated); err != nil {
		return nil, err
	}
	if a.Feedback != nil {
		out.Feedback = &Feedback{Error: a.Feedback.Error}
		if out.Feedback.Value, err = protoValue(a.Feedback.Value); err != nil {
			return nil, broken("assessment %s: the feedback cannot be read: %v", a.ID, err)
		}
	}
	if a.Expectation != nil {
		if out.Expectation, err = a.Expectation.value(); err != nil {
			return nil, broken("assessment %s: the expectation cannot be read: %v", a.ID, err)
		}
	}
	return out, nil
}

func (e *expectationJSON) value() (*Expectation, error) {
	var value any
	var err error
	if e.Serialized != nil {
		value, err = decodeJSON([]byte(e.Serialized.Value))
	} else {
		value, err = protoValue(e.Value)
	}
	return &Expectation{value}, err
}

// protoValue reads protobuf's Value, in which all numbers are float64.
func protoValue(data []byte) (v any, err error) {
	if len(data) == 0 {
		return nil, nil
	}
	err = json.Unmarshal(data, &v)
	return v, err
}
