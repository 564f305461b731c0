package embedded

import (
	"context"
	"database/sql"
	"net/http"
	"strings"
)

// modelStatus are the statuses of a logged model by their names in the protocol; the numbers are stored.
var modelStatus = map[string]int{"LOGGED_MODEL_STATUS_UNSPECIFIED": 0, "LOGGED_MODEL_PENDING": 1, "LOGGED_MODEL_READY": 2, "LOGGED_MODEL_UPLOAD_FAILED": 3}

type loggedModelInfo struct {
	ModelID       string     `json:"model_id"`
	ExperimentID  string     `json:"experiment_id"`
	Name          string     `json:"name"`
	Created       int64      `json:"creation_timestamp_ms"`
	Updated       int64      `json:"last_updated_timestamp_ms"`
	ArtifactURI   string     `json:"artifact_uri"`
	Status        string     `json:"status"`
	ModelType     string     `json:"model_type"`
	SourceRunID   string     `json:"source_run_id"`
	StatusMessage string     `json:"status_message,omitempty"`
	Tags          []keyValue `json:"tags,omitempty"`
}

type modelMetric struct {
	metric
	ModelID string `json:"model_id"`
	Dataset string `json:"dataset_name,omitempty"`
	Digest  string `json:"dataset_digest,omitempty"`
}

type loggedModelData struct {
	Params  []keyValue    `json:"params,omitempty"`
	Metrics []modelMetric `json:"metrics,omitempty"`
}

type loggedModel struct {
	Info *loggedModelInfo `json:"info"`
	Data *loggedModelData `json:"data"`

	stage string
}

// findLoggedModel gives a logged model, deleted or not, with all that belongs to it.
func findLoggedModel(tx *session, id string) (*loggedModel, error) {
	lm := &loggedModel{Info: &loggedModelInfo{ModelID: id}, Data: &loggedModelData{}}
	var status int
	var stage, kind, run, message sql.NullString
	found, err := tx.first(`SELECT experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id, status_message
		FROM logged_models WHERE model_id = ?`, []any{id}, &lm.Info.ExperimentID, &lm.Info.Name, &lm.Info.ArtifactURI, &lm.Info.Created, &lm.Info.Updated, &status, &stage, &kind, &run, &message)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, noLoggedModel(id)
	}
	lm.stage, lm.Info.ModelType, lm.Info.SourceRunID, lm.Info.StatusMessage = stage.String, kind.String, run.String, message.String
	for name, value := range modelStatus {
		if value == status {
			lm.Info.Status = name
		}
	}
	return lm, loadLoggedModel(tx, lm)
}

func loadLoggedModel(tx *session, lm *loggedModel) error {
	args := []any{lm.Info.ModelID}
	if err := tx.each(`SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?`, args, func(rows *sql.Rows) error {
		t, err := scanKeyValue(rows)
		lm.Info.Tags = append(lm.Info.Tags, t)
		return err
	}); err != nil {
		return err
	}
	if err := tx.each(`SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?`, args, func(rows *sql.Rows) error {
		p, err := scanKeyValue(rows)
		lm.Data.Params = append(lm.Data.Params, p)
		return err
	}); err != nil {
		return err
	}
	return tx.each(`SELECT metric_name, metric_value, metric_timestamp_ms, metric_step, 0, run_id, dataset_name, dataset_digest FROM logged_model_metrics WHERE model_id = ?`, args, func(rows *sql.Rows) error {
		var name, digest sql.NullString
		var run string
		m, err := scanMetric(rows, &run, &name, &digest)
		m.RunID = run
		lm.Data.Metrics = append(lm.Data.Metrics, modelMetric{m, lm.Info.ModelID, name.String, digest.String})
		return err
	})
}

var createLoggedModelRequest = &descriptor{fields: []field{
	{name: "experiment_id"},
	{name: "name"},
	{name: "model_type"},
	{name: "source_run_id"},
	{name: "params", kind: kindMessage, repeated: true, message: keyValueMessage},
	{name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
}}

func (s *Store) createLoggedModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(createLoggedModelRequest, rules(param("experiment_id", isString, mandatory), param("name", isString),
		param("model_type", isString), param("source_run_id", isString), param("params", isArray), param("tags", isArray))); err != nil {
		return nil, err
	}
	name := r.msg.str("name")
	if strings.ContainsAny(name, `/:.%"'`) {
		return nil, invalidf(`Invalid model name (%s) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%%', '"', "'")`, pythonRepr(name))
	}
	if name == "" {
		name = randomRunName()
	}
	id := "m-" + newID()
	return s.changeLoggedModel(ctx, id, func(tx *session) error {
		e, err := activeExperiment(tx, r.msg.str("experiment_id"))
		if err != nil {
			return err
		}
		location, err := appendToURI(e.ArtifactLocation, "models", id, "artifacts")
		if err != nil {
			return err
		}
		now := nowMillis()
		if _, err := tx.exec(`INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id)
			VALUES (?, ?, ?, ?, ?, ?, 1, 'active', ?, ?)`, id, e.ExperimentID, name, location, now, now, r.msg.str("model_type"), r.msg.str("source_run_id")); err != nil {
			return err
		}
		if err := putLoggedModelParams(tx, id, e.ExperimentID, keyValues(r.msg.list("params"))); err != nil {
			return err
		}
		for _, t := range keyValues(r.msg.list("tags")) {
			if _, err := tx.exec(`INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES (?, ?, ?, ?)`, id, e.ExperimentID, t.Key, t.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeLoggedModel makes a change and answers with the model after it.
func (s *Store) changeLoggedModel(ctx context.Context, id string, change func(*session) error) (any, error) {
	var found *loggedModel
	err := s.write(ctx, func(tx *session) (err error) {
		if err := change(tx); err != nil {
			return err
		}
		found, err = findLoggedModel(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]*loggedModel{"model": found}, nil
}

func putLoggedModelParams(tx *session, id, experiment string, params []keyValue) error {
	for _, p := range params {
		if _, err := tx.exec(`INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES (?, ?, ?, ?)`, id, experiment, p.Key, p.Value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) getLoggedModel(ctx context.Context, r *request) (any, error) {
	id := r.path["model_id"]
	withDeleted := strings.EqualFold(r.query.Get("allow_deleted"), "true")
	var found *loggedModel
	err := s.read(ctx, func(tx *session) (err error) {
		found, err = findLoggedModel(tx, id)
		if err == nil && found.stage == stageDeleted && !withDeleted {
			err = noLoggedModel(id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]*loggedModel{"model": found}, nil
}

func noLoggedModel(id string) error {
	return failf(codeNotFound, "Logged model with ID '%s' not found.", id)
}

var loggedModelRequest = &descriptor{fields: []field{
	{name: "model_id"},
	{name: "status", kind: kindEnum, enum: modelStatus},
	{name: "params", kind: kindMessage, repeated: true, message: keyValueMessage},
	{name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
}}

// finalizeLoggedModel sets the status. The server takes the id from the body, not from the path.
func (s *Store) finalizeLoggedModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(loggedModelRequest, rules(param("model_id", isString, mandatory), param("status", isIntLike, mandatory))); err != nil {
		return nil, err
	}
	id := r.msg.str("model_id")
	return s.changeLoggedModel(ctx, id, func(tx *session) error {
		if _, err := findLoggedModel(tx, id); err != nil {
			return err
		}
		status, _ := r.msg.enum("status")
		_, err := tx.exec(`UPDATE logged_models SET status = ?, last_updated_timestamp_ms = ? WHERE model_id = ?`, status, nowMillis(), id)
		return err
	})
}

func (s *Store) deleteLoggedModel(ctx context.Context, r *request) (any, error) {
	return s.onLoggedModel(ctx, r, func(tx *session, lm *loggedModel) error {
		_, err := tx.exec(`UPDATE logged_models SET lifecycle_stage = 'deleted', last_updated_timestamp_ms = ? WHERE model_id = ?`, nowMillis(), lm.Info.ModelID)
		return err
	})
}

func (s *Store) onLoggedModel(ctx context.Context, r *request, change func(*session, *loggedModel) error) (any, error) {
	return empty{}, s.write(ctx, func(tx *session) error {
		lm, err := findLoggedModel(tx, r.path["model_id"])
		if err != nil {
			return err
		}
		return change(tx, lm)
	})
}

func putLoggedModelTag(tx *session, lm *loggedModel, t keyValue) error {
	_, err := tx.exec(`INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES (?, ?, ?, ?)
		ON CONFLICT (model_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value`, lm.Info.ModelID, lm.Info.ExperimentID, t.Key, t.Value)
	return err
}

func (s *Store) setLoggedModelTags(ctx context.Context, r *request) (any, error) {
	if err := r.decode(loggedModelRequest, rules(param("tags", isArray))); err != nil {
		return nil, err
	}
	return s.onLoggedModel(ctx, r, func(tx *session, lm *loggedModel) error {
		for _, t := range keyValues(r.msg.list("tags")) {
			if err := putLoggedModelTag(tx, lm, t); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) deleteLoggedModelTag(ctx context.Context, r *request) (any, error) {
	return s.onLoggedModel(ctx, r, func(tx *session, lm *loggedModel) error {
		key := r.path["tag_key"]
		n, err := tx.exec(`DELETE FROM logged_model_tags WHERE model_id = ? AND tag_key = ?`, lm.Info.ModelID, key)
		if err == nil && n == 0 {
			err = failf(codeNotFound, "No tag with key %s found for model with ID %s.", pythonRepr(key), pythonRepr(lm.Info.ModelID))
		}
		return err
	})
}

func (s *Store) logLoggedModelParams(ctx context.Context, r *request) (any, error) {
	if err := r.decode(loggedModelRequest, rules(param("model_id", isString, mandatory), param("params", isArray))); err != nil {
		return nil, err
	}
	return s.onLoggedModel(ctx, r, func(tx *session, lm *loggedModel) error {
		return putLoggedModelParams(tx, lm.Info.ModelID, lm.Info.ExperimentID, keyValues(r.msg.list("params")))
	})
}

// loggedModelRoutes are the operations on logged-models/<id>…, by what follows the id.
var loggedModelRoutes = map[string]map[string]operation{
	"":       {http.MethodGet: (*Store).getLoggedModel, http.MethodPatch: (*Store).finalizeLoggedModel, http.MethodDelete: (*Store).deleteLoggedModel},
	"tags":   {http.MethodPatch: (*Store).setLoggedModelTags},
	"tags/*": {http.MethodDelete: (*Store).deleteLoggedModelTag},
	"params": {http.MethodPost: (*Store).logLoggedModelParams},

	"artifacts/directories": {http.MethodGet: (*Store).listLoggedModelArtifacts},
	"artifacts/files":       {http.MethodGet: (*Store).loggedModelFile},
}

// loggedModelRoute splits <id>/<rest> and finds its operations.
func loggedModelRoute(tail string) (map[string]operation, map[string]string) {
	id, rest, _ := strings.Cut(tail, "/")
	vars := map[string]string{"model_id": id}
	if key, ok := strings.CutPrefix(rest, "tags/"); ok && key != "" && !strings.Contains(key, "/") {
		vars["tag_key"], rest = key, "tags/*"
	}
	return loggedModelRoutes[rest], vars
}
