package mlflowclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// LoggedModelStatus is how far a logged model is.
type LoggedModelStatus string

// The states of a logged model.
const (
	// LoggedModelPending: its files are being uploaded, or whoever did that died.
	LoggedModelPending LoggedModelStatus = "LOGGED_MODEL_PENDING"
	// LoggedModelReady: it is complete.
	LoggedModelReady LoggedModelStatus = "LOGGED_MODEL_READY"
	// LoggedModelFailed: it is not complete and will not be.
	LoggedModelFailed LoggedModelStatus = "LOGGED_MODEL_UPLOAD_FAILED"
)

// LoggedModel is a model that a run made, with its own params, tags, metrics and files.
type LoggedModel struct {
	// ID is "m-" and 32 hexadecimal digits.
	ID string
	// Name need not be unique.
	Name         string
	ExperimentID string
	SourceRunID  string
	// ArtifactURI is where its files are, for [ArtifactService.At].
	ArtifactURI string
	// Type is free, such as "classifier" or "RandomForestClassifier".
	Type    string
	Status  LoggedModelStatus
	Created time.Time
	Updated time.Time
	Params  map[string]string
	Tags    map[string]string
	// Metrics are all points that were logged with the model's id, with the runs that logged them. MLflow keeps NaN here
	// as 0; the run's own metric is right.
	Metrics []Metric
}

// LoggedModelService is [Client.LoggedModels].
type LoggedModelService struct{ api *api }

// CreateLoggedModel is what a logged model starts with. [ActiveRun.LogModel] does all that belongs to one.
type CreateLoggedModel struct {
	// ExperimentID is where it goes; empty means "0".
	ExperimentID string
	// Name is without / : . % and quotes; empty lets the server invent one.
	Name        string
	SourceRunID string
	Type        string
	// Params are written once.
	Params map[string]string
	Tags   map[string]string
}

type loggedModelJSON struct {
	Info struct {
		ID           string            `json:"model_id"`
		Name         string            `json:"name"`
		ExperimentID text              `json:"experiment_id"`
		SourceRunID  string            `json:"source_run_id"`
		ArtifactURI  string            `json:"artifact_uri"`
		Type         string            `json:"model_type"`
		Status       LoggedModelStatus `json:"status"`
		Created      *integer          `json:"creation_timestamp_ms"`
		Updated      *integer          `json:"last_updated_timestamp_ms"`
		Tags         []tagJSON         `json:"tags"`
	} `json:"info"`
	Data struct {
		Params  []tagJSON    `json:"params"`
		Metrics []metricJSON `json:"metrics"`
	} `json:"data"`
}

func (m *loggedModelJSON) value() *LoggedModel {
	model := &LoggedModel{
		ID: m.Info.ID, Name: m.Info.Name, ExperimentID: string(m.Info.ExperimentID), SourceRunID: m.Info.SourceRunID,
		ArtifactURI: m.Info.ArtifactURI, Type: m.Info.Type, Status: m.Info.Status,
		Created: fromMillis(m.Info.Created), Updated: fromMillis(m.Info.Updated),
		Params: fromTags(m.Data.Params), Tags: fromTags(m.Info.Tags), Metrics: make([]Metric, len(m.Data.Metrics)),
	}
	for i := range m.Data.Metrics {
		model.Metrics[i] = m.Data.Metrics[i].value()
	}
	return model
}

// loggedModelPath is the path of a model, or of something that belongs to it.
func loggedModelPath(id string, parts ...string) (string, error) {
	if id == "" {
		return "", invalid("the id of the logged model is empty")
	}
	escaped := []string{"logged-models", url.PathEscape(id)}
	for _, part := range parts {
		escaped = append(escaped, url.PathEscape(part))
	}
	return strings.Join(escaped, "/"), nil
}

// Create makes a logged model without files, LOGGED_MODEL_PENDING. It is not sent again when its end is unknown, because
// that could make two.
func (s *LoggedModelService) Create(ctx context.Context, in CreateLoggedModel) (*LoggedModel, error) {
	if in.ExperimentID == "" {
		in.ExperimentID = DefaultExperimentID
	}
	body := struct {
		ExperimentID string    `json:"experiment_id"`
		Name         string    `json:"name,omitempty"`
		Type         string    `json:"model_type,omitempty"`
		SourceRunID  string    `json:"source_run_id,omitempty"`
		Params       []tagJSON `json:"params,omitempty"`
		Tags         []tagJSON `json:"tags,omitempty"`
	}{in.ExperimentID, in.Name, in.Type, in.SourceRunID, toTags(in.Params), toTags(in.Tags)}
	return s.change(ctx, creates("logged-models"), body)
}

// change sends what is answered with the model as it is then.
func (s *LoggedModelService) change(ctx context.Context, op operation, in any) (*LoggedModel, error) {
	var out struct {
		Model loggedModelJSON `json:"model"`
	}
	if err := s.api.call(ctx, op, in, &out); err != nil {
		return nil, err
	}
	return out.Model.value(), nil
}

// Get returns a logged model. One that does not exist, or was deleted, is ErrNotFound.
func (s *LoggedModelService) Get(ctx context.Context, id string) (*LoggedModel, error) {
	return s.get(ctx, id, nil)
}

func (s *LoggedModelService) get(ctx context.Context, id string, query url.Values) (*LoggedModel, error) {
	path, err := loggedModelPath(id)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, reads(path), query)
}

// Finalize sets the end of the uploading: LoggedModelReady or LoggedModelFailed.
func (s *LoggedModelService) Finalize(ctx context.Context, id string, status LoggedModelStatus) (*LoggedModel, error) {
	if status != LoggedModelReady && status != LoggedModelFailed {
		// The server would store a word that it does not know as no status at all.
		return nil, invalid("a logged model ends as %s or %s, not as %q", LoggedModelReady, LoggedModelFailed, status)
	}
	path, err := loggedModelPath(id)
	if err != nil {
		return nil, err
	}
	body := struct {
		ID     string            `json:"model_id"` // which the server reads here, and not in the path
		Status LoggedModelStatus `json:"status"`
	}{id, status}
	return s.change(ctx, patches(path), body)
}

// Delete marks a logged model as deleted: it is found no more. Its files stay, and versions made of it go on working.
func (s *LoggedModelService) Delete(ctx context.Context, id string) error {
	path, err := loggedModelPath(id)
	if err != nil {
		return err
	}
	return s.api.call(ctx, deletes(path), nil, nil)
}

// SetTags sets tags, or overwrites them.
func (s *LoggedModelService) SetTags(ctx context.Context, id string, tags map[string]string) error {
	path, err := loggedModelPath(id, "tags")
	if err != nil {
		return err
	}
	body := struct {
		Tags []tagJSON `json:"tags"`
	}{toTags(tags)}
	return s.api.call(ctx, patches(path), body, nil)
}

// DeleteTag takes a tag away; a tag that is not there is ErrNotFound.
func (s *LoggedModelService) DeleteTag(ctx context.Context, id, key string) error {
	if key == "" || strings.Contains(key, "/") {
		return invalid("the tag %q of a logged model cannot be deleted: MLflow takes the key from the path, where it is empty or several parts; set it to \"\" instead", key)
	}
	path, err := loggedModelPath(id, "tags", key)
	if err != nil {
		return err
	}
	return doneBefore(s.api.call(ctx, deletes(path), nil, nil), ErrNotFound)
}

// LogParams adds params. They are written once: the same value again is fine, another is ErrInvalidParameter, and
// nothing of such a call is stored.
func (s *LoggedModelService) LogParams(ctx context.Context, id string, params map[string]string) error {
	err := s.logParams(ctx, id, params)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusBadRequest {
		return err
	}
	// The server refuses the whole call for one param that it has, whatever its value, with a text of its database.
	model, getErr := s.Get(ctx, id)
	if getErr != nil {
		return err
	}
	missing := map[string]string{}
	for key, value := range params {
		had, ok := model.Params[key]
		switch {
		case !ok:
			missing[key] = value
		case had != value:
			return invalid("the param %s of model %s is %s and cannot become %s", quote(key), id, quote(had), quote(value))
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case len(params):
		return err
	}
	return s.logParams(ctx, id, missing)
}

func (s *LoggedModelService) logParams(ctx context.Context, id string, params map[string]string) error {
	path, err := loggedModelPath(id, "params")
	if err != nil {
		return err
	}
	body := struct {
		ID     string    `json:"model_id"`
		Params []tagJSON `json:"params"`
	}{id, toTags(params)}
	return s.api.call(ctx, writes(path), body, nil)
}
