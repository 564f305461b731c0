package embedded

import (
	"context"
	"database/sql"
)

type dataset struct {
	Name       string  `json:"name"`
	Digest     string  `json:"digest"`
	SourceType string  `json:"source_type"`
	Source     string  `json:"source"`
	Schema     *string `json:"schema,omitempty"`
	Profile    *string `json:"profile,omitempty"`
}

type datasetInput struct {
	Tags    []keyValue `json:"tags,omitempty"`
	Dataset dataset    `json:"dataset"`
}

type modelInput struct {
	ModelID string `json:"model_id"`
}

type modelOutput struct {
	ModelID string `json:"model_id"`
	Step    int64  `json:"step"`
}

type runInputs struct {
	DatasetInputs []datasetInput `json:"dataset_inputs,omitempty"`
	ModelInputs   []modelInput   `json:"model_inputs,omitempty"`
}

type runOutput struct {
	ModelOutputs []modelOutput `json:"model_outputs,omitempty"`
}

// loadInputs reads the data sets and models that the runs used and the models that they made. args holds the JSON
// list of the runs' ids.
func loadInputs(tx *session, runs map[string]*run, args []any, withModelInputs bool) error {
	if err := loadDatasets(tx, runs, args); err != nil {
		return err
	}
	return tx.each(`SELECT source_id, source_type, destination_id, step FROM inputs
		WHERE source_id IN (SELECT value FROM json_each(?))
		AND (source_type = 'RUN_INPUT' AND destination_type = 'MODEL_INPUT' OR source_type = 'RUN_OUTPUT' AND destination_type = 'MODEL_OUTPUT')`,
		args, func(rows *sql.Rows) error {
			var id, kind, model string
			var step int64
			if err := rows.Scan(&id, &kind, &model, &step); err != nil {
				return err
			}
			r := runs[id]
			switch {
			case r == nil:
			case kind == "RUN_OUTPUT":
				r.Outputs.ModelOutputs = append(r.Outputs.ModelOutputs, modelOutput{model, step})
			case withModelInputs:
				r.Inputs.ModelInputs = append(r.Inputs.ModelInputs, modelInput{model})
			}
			return nil
		})
}

func loadDatasets(tx *session, runs map[string]*run, args []any) error {
	type place struct{ run, dataset string }
	places := map[place]int{}
	return tx.each(`SELECT i.destination_id, d.dataset_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile, t.name, t.value
		FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
		LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid
		WHERE i.destination_type = 'RUN' AND i.destination_id IN (SELECT value FROM json_each(?))`, args, func(rows *sql.Rows) error {
		var at place
		var d dataset
		var key, value sql.NullString
		if err := rows.Scan(&at.run, &at.dataset, &d.Name, &d.Digest, &d.SourceType, &d.Source, &d.Schema, &d.Profile, &key, &value); err != nil {
			return err
		}
		inputs := runs[at.run].Inputs
		i, known := places[at]
		if !known {
			i = len(inputs.DatasetInputs)
			places[at] = i
			inputs.DatasetInputs = append(inputs.DatasetInputs, datasetInput{Dataset: d})
		}
		if key.Valid {
			inputs.DatasetInputs[i].Tags = append(inputs.DatasetInputs[i].Tags, keyValue{key.String, value.String})
		}
		return nil
	})
}

var logInputsRequest = &descriptor{fields: []field{
	{name: "run_id"},
	{name: "datasets", kind: kindMessage, repeated: true, message: &descriptor{fields: []field{
		{name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
		{name: "dataset", kind: kindMessage, message: &descriptor{fields: []field{
			{name: "name"}, {name: "digest"}, {name: "source_type"}, {name: "source"}, {name: "schema"}, {name: "profile"},
		}}},
	}}},
	{name: "models", kind: kindMessage, repeated: true, message: &descriptor{fields: []field{{name: "model_id"}}}},
}}

// Limits of a data set's parts.
const (
	maxDatasetName     = 500
	maxDatasetDigest   = 36
	maxDatasetSource   = 65535
	maxDatasetSchema   = 1048575
	maxDatasetProfile  = 16777215
	maxInputTagKey     = 255
	maxInputTagValue   = 500
	datasetInputSource = "DATASET"
)

func (s *Store) logInputs(ctx context.Context, r *request) (any, error) {
	if err := r.decode(logInputsRequest, rules(
		param("run_id", mandatory, isString), param("datasets", isArray), param("models", isArray))); err != nil {
		return nil, err
	}
	id := r.msg.str("run_id")
	inputs := make([]datasetInput, 0, len(r.msg.list("datasets")))
	for _, m := range r.msg.list("datasets") {
		inputs = append(inputs, datasetInputOf(m))
	}
	if !validRunID(id) {
		return nil, invalidValue("run_id", id, "")
	}
	for _, in := range inputs {
		if err := in.check(); err != nil {
			return nil, err
		}
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		info, err := activeRun(tx, id)
		if err != nil {
			return err
		}
		for _, in := range inputs {
			if err := putDatasetInput(tx, info, in); err != nil {
				return err
			}
		}
		for _, m := range r.msg.list("models") {
			if _, err := tx.exec(`INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)
				VALUES (?, 'RUN_INPUT', ?, 'MODEL_INPUT', ?)
				ON CONFLICT (source_type, source_id, destination_type, destination_id) DO UPDATE SET input_uuid = excluded.input_uuid`,
				newID(), id, m.str("model_id")); err != nil {
				return err
			}
		}
		return nil
	})
}

func datasetInputOf(m *message) datasetInput {
	in := datasetInput{Tags: keyValues(m.list("tags"))}
	if d := m.sub("dataset"); d != nil {
		in.Dataset = dataset{
			Name: d.str("name"), Digest: d.str("digest"), SourceType: d.str("source_type"), Source: d.str("source"),
			Schema: optional(d, "schema"), Profile: optional(d, "profile"),
		}
	}
	return in
}

func optional(m *message, name string) *string {
	if text := m.str(name); text != "" {
		return &text
	}
	return nil
}

func (in datasetInput) check() error {
	d := in.Dataset
	for _, part := range []struct {
		name, value string
		limit       int
	}{
		{"name", d.Name, maxDatasetName},
		{"digest", d.Digest, maxDatasetDigest},
		{"source", d.Source, maxDatasetSource},
		{"schema", deref(d.Schema), maxDatasetSchema},
		{"profile", deref(d.Profile), maxDatasetProfile},
	} {
		if err := checkLength(part.name, part.limit, part.value); err != nil {
			return err
		}
	}
	for _, t := range in.Tags {
		if err := checkLength("key", maxInputTagKey, t.Key); err != nil {
			return err
		}
		if err := checkLength("value", maxInputTagValue, t.Value); err != nil {
			return err
		}
	}
	return nil
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// putDatasetInput ties a data set to the run. Within an experiment a data set is its name and digest; what the run
// has already stays as it is.
func putDatasetInput(tx *session, info *runInfo, in datasetInput) error {
	d, uuid := in.Dataset, ""
	found, err := tx.first(`SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?`,
		[]any{info.ExperimentID, d.Name, d.Digest}, &uuid)
	if err != nil {
		return err
	}
	if !found {
		uuid = newID()
		if _, err := tx.exec(`INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, uuid, info.ExperimentID, d.Name, d.Digest, d.SourceType, d.Source, d.Schema, d.Profile); err != nil {
			return err
		}
	}
	inputID := newID()
	added, err := tx.exec(`INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)
		VALUES (?, ?, ?, 'RUN', ?) ON CONFLICT DO NOTHING`, inputID, datasetInputSource, uuid, info.RunID)
	if err != nil || added == 0 {
		return err
	}
	for _, t := range in.Tags {
		if _, err := tx.exec(`INSERT INTO input_tags (input_uuid, name, value) VALUES (?, ?, ?)`, inputID, t.Key, t.Value); err != nil {
			return err
		}
	}
	return nil
}

var logOutputsRequest = &descriptor{fields: []field{
	{name: "run_id"},
	{name: "models", kind: kindMessage, repeated: true, message: &descriptor{fields: []field{{name: "model_id"}, {name: "step", kind: kindInt64}}}},
}}

func (s *Store) logOutputs(ctx context.Context, r *request) (any, error) {
	if err := r.decode(logOutputsRequest, rules(
		param("run_id", mandatory, isString), param("models", mandatory, isArray))); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		info, err := activeRun(tx, r.msg.str("run_id"))
		if err != nil {
			return err
		}
		for _, m := range r.msg.list("models") {
			if _, err := tx.exec(`INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step)
				VALUES (?, 'RUN_OUTPUT', ?, 'MODEL_OUTPUT', ?, ?)`, newID(), info.RunID, m.str("model_id"), m.int("step")); err != nil {
				return err
			}
		}
		return nil
	})
}
