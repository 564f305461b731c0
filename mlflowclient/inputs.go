package mlflowclient

import "context"

// contextTag marks what a data set was used for.
const contextTag = "mlflow.data.context"

// DatasetInput is a data set that a run read. It holds a description of the data, not the data.
type DatasetInput struct {
	// Name and Digest identify the data set within an experiment; the digest has at most 36 characters.
	Name   string
	Digest string
	// SourceType and Source say where the data is, for example "http" and `{"url": "…"}`.
	SourceType string
	Source     string
	// Schema and Profile are JSON texts, such as `{"mlflow_colspec":[{"type":"double","name":"alcohol","required":true}]}`
	// and `{"num_rows":1599,"num_elements":19188}`; both may be empty.
	Schema  string
	Profile string
	// Context is what the data was for, such as "training" or "testing" (the tag mlflow.data.context).
	Context string
	// Tags are further tags of this use of the data set.
	Tags map[string]string
}

// ModelOutput is a logged model that a run made.
type ModelOutput struct {
	ModelID string
	Step    int64
}

// Inputs is what a run read.
type Inputs struct {
	Datasets []DatasetInput
	// Models are ids of logged models.
	Models []string
}

type datasetInputJSON struct {
	Tags    []tagJSON `json:"tags,omitempty"`
	Dataset struct {
		Name       string `json:"name"`
		Digest     string `json:"digest"`
		SourceType string `json:"source_type"`
		Source     string `json:"source"`
		Schema     string `json:"schema,omitempty"`
		Profile    string `json:"profile,omitempty"`
	} `json:"dataset"`
}

type modelInputJSON struct {
	ID string `json:"model_id"`
}

type modelOutputJSON struct {
	ID   string  `json:"model_id"`
	Step integer `json:"step"`
}

func (d *DatasetInput) wire() datasetInputJSON {
	var out datasetInputJSON
	if d.Context != "" {
		out.Tags = append(out.Tags, tagJSON{contextTag, d.Context})
	}
	for _, tag := range toTags(d.Tags) {
		if tag.Key != contextTag || d.Context == "" {
			out.Tags = append(out.Tags, tag)
		}
	}
	out.Dataset.Name, out.Dataset.Digest = d.Name, d.Digest
	out.Dataset.SourceType, out.Dataset.Source = d.SourceType, d.Source
	out.Dataset.Schema, out.Dataset.Profile = d.Schema, d.Profile
	return out
}

func (d *datasetInputJSON) value() DatasetInput {
	out := DatasetInput{
		Name: d.Dataset.Name, Digest: d.Dataset.Digest, SourceType: d.Dataset.SourceType, Source: d.Dataset.Source,
		Schema: d.Dataset.Schema, Profile: d.Dataset.Profile,
	}
	for _, tag := range d.Tags {
		if tag.Key == contextTag {
			out.Context = tag.Value
			continue
		}
		if out.Tags == nil {
			out.Tags = make(map[string]string)
		}
		out.Tags[tag.Key] = tag.Value
	}
	return out
}

// LogInputs says what the run read. The same data set twice is stored once.
func (s *RunService) LogInputs(ctx context.Context, runID string, in Inputs) error {
	body := struct {
		RunID    string             `json:"run_id"`
		Datasets []datasetInputJSON `json:"datasets,omitempty"`
		Models   []modelInputJSON   `json:"models,omitempty"`
	}{RunID: runID}
	for i := range in.Datasets {
		body.Datasets = append(body.Datasets, in.Datasets[i].wire())
	}
	for _, id := range in.Models {
		body.Models = append(body.Models, modelInputJSON{id})
	}
	return s.api.call(ctx, writes("runs/log-inputs"), body, nil)
}
