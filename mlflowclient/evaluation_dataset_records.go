package mlflowclient

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// RecordSourceType tells where a record comes from.
type RecordSourceType string

// The types of sources of records.
const (
	RecordFromTrace    RecordSourceType = "TRACE"
	RecordFromHuman    RecordSourceType = "HUMAN"
	RecordFromDocument RecordSourceType = "DOCUMENT"
	RecordFromCode     RecordSourceType = "CODE"
)

// RecordSource is where a record comes from.
type RecordSource struct {
	Type RecordSourceType
	// Data is such as {"trace_id": "tr-…"}.
	Data map[string]any
}

// EvaluationRecord is a question, and what is known of its answer. Values are what JSON has: nil, bool, string, int64,
// float64 (without NaN and infinities), []any and map[string]any. A float64 that is a whole number comes back as int64.
type EvaluationRecord struct {
	// ID is the server's, "dr-…".
	ID string
	// Inputs identify the record: the same inputs are the same record.
	Inputs map[string]any
	// Outputs are an answer that was given, of any type. The server makes {} of none.
	Outputs any
	// Expectations are what is known of the right answer.
	Expectations map[string]any
	Tags         map[string]string
	// Source is nil when nobody gave one.
	Source *RecordSource
	// SourceID is Data["trace_id"] or Data["source_id"] of the source.
	SourceID             string
	Created, Updated     time.Time
	CreatedBy, UpdatedBy string
}

type recordSourceJSON struct {
	Type RecordSourceType `json:"source_type"`
	Data map[string]any   `json:"source_data"`
}

type evaluationRecordJSON struct {
	ID           string            `json:"dataset_record_id"`
	Inputs       json.RawMessage   `json:"inputs"`
	Outputs      json.RawMessage   `json:"outputs"`
	Expectations json.RawMessage   `json:"expectations"`
	Tags         map[string]string `json:"tags"`
	Source       *struct {
		Type RecordSourceType `json:"source_type"`
		Data json.RawMessage  `json:"source_data"`
	} `json:"source"`
	SourceID  string   `json:"source_id"`
	Created   *integer `json:"created_time"`
	Updated   *integer `json:"last_update_time"`
	CreatedBy string   `json:"created_by"`
	UpdatedBy string   `json:"last_updated_by"`
}

func (r *evaluationRecordJSON) value() (*EvaluationRecord, error) {
	out := &EvaluationRecord{
		ID: r.ID, Tags: r.Tags, SourceID: r.SourceID, Created: fromMillis(r.Created), Updated: fromMillis(r.Updated),
		CreatedBy: r.CreatedBy, UpdatedBy: r.UpdatedBy,
	}
	var err error
	read := func(data json.RawMessage) (v any) {
		if len(data) > 0 && err == nil {
			v, err = decodeJSON(data)
		}
		return v
	}
	out.Inputs, _ = read(r.Inputs).(map[string]any)
	out.Outputs = read(r.Outputs)
	out.Expectations, _ = read(r.Expectations).(map[string]any)
	if r.Source != nil {
		out.Source = &RecordSource{Type: r.Source.Type}
		out.Source.Data, _ = read(r.Source.Data).(map[string]any)
	}
	if err != nil {
		return nil, broken("record %s cannot be read: %v", r.ID, err)
	}
	return out, nil
}

// UpsertRecords adds records, or changes those that have the same inputs: what a record says of outputs and source replaces
// what was there, its expectations and tags are added. It tells how many were new and how many were not; after a lost
// answer and a repetition, all count as changed. Sources default to [RecordFromHuman] with expectations, else to
// [RecordFromCode], as in Python's client.
func (s *EvaluationDatasetService) UpsertRecords(ctx context.Context, id string, records []EvaluationRecord) (inserted, updated int, err error) {
	at, err := joinPath(datasetPrefix, id, "records")
	if err != nil || len(records) == 0 {
		return 0, 0, err
	}
	type recordJSON struct {
		Inputs       map[string]any    `json:"inputs"`
		Outputs      any               `json:"outputs,omitempty"`
		Expectations map[string]any    `json:"expectations,omitempty"`
		Tags         map[string]string `json:"tags,omitempty"`
		Source       recordSourceJSON  `json:"source"`
	}
	list := make([]recordJSON, len(records))
	for i, r := range records {
		if r.Inputs == nil {
			return 0, 0, invalid("record %d has no inputs", i)
		}
		list[i] = recordJSON{r.Inputs, r.Outputs, r.Expectations, r.Tags, recordSourceJSON{RecordFromCode, map[string]any{}}}
		switch {
		case r.Source != nil:
			list[i].Source.Type = r.Source.Type
			if r.Source.Data != nil {
				list[i].Source.Data = r.Source.Data
			}
		case len(r.Expectations) > 0:
			list[i].Source.Type = RecordFromHuman
		}
	}
	text, err := jsonText(list)
	if err != nil {
		return 0, 0, err
	}
	var out struct {
		Inserted int `json:"inserted_count"`
		Updated  int `json:"updated_count"`
	}
	err = s.api.call(ctx, writes(at), map[string]string{"records": text}, &out)
	return out.Inserted, out.Updated, err
}

// Records walks over the records of a data set, the first made first, a thousand a request. A data set that does not exist
// has none.
func (s *EvaluationDatasetService) Records(ctx context.Context, id string) iter.Seq2[*EvaluationRecord, error] {
	return iterate(func(token string) (*Page[EvaluationRecord], error) { return s.RecordsPage(ctx, id, 1000, token) })
}

// RecordsPage returns at most size records; an empty token gives the first.
func (s *EvaluationDatasetService) RecordsPage(ctx context.Context, id string, size int, token string) (*Page[EvaluationRecord], error) {
	at, err := joinPath(datasetPrefix, id, "records")
	if err != nil {
		return nil, err
	}
	if size <= 0 {
		return nil, invalid("a page of %d records", size)
	}
	in := url.Values{"max_results": {strconv.Itoa(size)}}
	if token != "" {
		in.Set("page_token", token)
	}
	var out struct {
		Records   string `json:"records"`
		NextToken string `json:"next_page_token"`
	}
	if err := s.api.call(ctx, reads(at), in, &out); err != nil {
		return nil, err
	}
	page := &Page[EvaluationRecord]{NextToken: out.NextToken}
	if out.Records == "" {
		return page, nil
	}
	var list []evaluationRecordJSON
	if err := json.Unmarshal([]byte(out.Records), &list); err != nil {
		return nil, broken("data set %s: the records cannot be read: %v", id, err)
	}
	page.Items, err = values(list, (*evaluationRecordJSON).value)
	return page, err
}

// DeleteRecords removes records and tells how many were there.
func (s *EvaluationDatasetService) DeleteRecords(ctx context.Context, id string, records ...string) (int, error) {
	at, err := joinPath(datasetPrefix, id, "records")
	if err != nil || len(records) == 0 {
		return 0, err
	}
	var out struct {
		Deleted int `json:"deleted_count"`
	}
	err = s.api.call(ctx, deletes(at), map[string]any{"dataset_record_ids": records}, &out)
	return out.Deleted, err
}
