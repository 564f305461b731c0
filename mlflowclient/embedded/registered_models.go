package embedded

import (
	"context"
	"database/sql"
	"strings"
)

const (
	maxModelTagValue = 100_000
	promptTag        = "mlflow.prompt.is_prompt"
)

type modelAlias struct {
	Alias   string `json:"alias"`
	Version string `json:"version"`
}

type registeredModel struct {
	Name           string          `json:"name"`
	Created        int64           `json:"creation_timestamp"`
	Updated        int64           `json:"last_updated_timestamp,omitempty"`
	Description    string          `json:"description,omitempty"`
	LatestVersions []*modelVersion `json:"latest_versions,omitempty"`
	Tags           []keyValue      `json:"tags,omitempty"`
	Aliases        []modelAlias    `json:"aliases,omitempty"`
}

// checkModelName checks the name of a registered model; param is what the request calls it.
func checkModelName(param, name string) error {
	if strings.TrimSpace(name) == "" {
		return invalidf("Missing value for required parameter '%s'.", param)
	}
	if strings.ContainsAny(name, "/:") {
		return invalidf("Invalid model name '%s'. Names cannot contain '/' or ':'.", name)
	}
	if norm := normalPath(name); norm != name || norm == "." || strings.HasPrefix(norm, "..") {
		return invalidValue("name", name, "Names may be treated as files in certain cases, and must not resolve to other names"+
			" when treated as such. This name would resolve to "+pythonRepr(norm))
	}
	return nil
}

func checkModelTag(t keyValue) error {
	if err := checkKey("key", t.Key); err != nil {
		return err
	}
	if err := checkLength("key", maxKeyLength, t.Key); err != nil {
		return err
	}
	return checkLength("value", maxModelTagValue, t.Value)
}

// lastByKey keeps the last of the pairs with the same key, at the place of the first.
func lastByKey(pairs []keyValue) []keyValue {
	places := map[string]int{}
	var kept []keyValue
	for _, p := range pairs {
		if at, ok := places[p.Key]; ok {
			kept[at].Value = p.Value
			continue
		}
		places[p.Key] = len(kept)
		kept = append(kept, p)
	}
	return kept
}

var createModelRequest = &descriptor{fields: []field{
	{name: "name"}, {name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage}, {name: "description"}, {name: "deployment_job_id"},
}}

func (s *Store) createRegisteredModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(createModelRequest, rules(
		param("name", isString, mandatory), param("tags", isArray), param("description", isString))); err != nil {
		return nil, err
	}
	name, tags := r.msg.str("name"), keyValues(r.msg.list("tags"))
	if err := checkModelName("name", name); err != nil {
		return nil, err
	}
	for _, t := range tags {
		if err := checkModelTag(t); err != nil {
			return nil, err
		}
	}
	return s.changeModel(ctx, name, func(tx *session) error {
		now := nowMillis()
		_, err := tx.exec(`INSERT INTO registered_models (name, creation_time, last_updated_time, description) VALUES (?, ?, ?, ?)`, name, now, now, r.msg.str("description"))
		if isConstraint(err) {
			return failf(codeAlreadyExists, "Registered Model (name=%s) already exists.", name)
		}
		if err != nil {
			return err
		}
		for _, t := range lastByKey(tags) {
			if err := putModelTag(tx, name, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeModel makes a change and answers with the registered model after it.
func (s *Store) changeModel(ctx context.Context, name string, change func(*session) error) (any, error) {
	var found *registeredModel
	err := s.write(ctx, func(tx *session) (err error) {
		if err := change(tx); err != nil {
			return err
		}
		found, err = findModel(tx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]*registeredModel{"registered_model": found}, nil
}

// findModel gives a registered model with all that belongs to it.
func findModel(tx *session, name string) (*registeredModel, error) {
	if err := checkModelName("name", name); err != nil {
		return nil, err
	}
	rm := &registeredModel{Name: name}
	var created, updated sql.NullInt64
	var description sql.NullString
	found, err := tx.first(`SELECT creation_time, last_updated_time, description FROM registered_models WHERE name = ?`, []any{name}, &created, &updated, &description)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, failf(codeNotFound, "Registered Model with name=%s not found", name)
	}
	rm.Created, rm.Updated, rm.Description = created.Int64, updated.Int64, description.String
	if err := tx.each(`SELECT key, value FROM registered_model_tags WHERE name = ?`, []any{name}, func(rows *sql.Rows) error {
		t, err := scanKeyValue(rows)
		rm.Tags = append(rm.Tags, t)
		return err
	}); err != nil {
		return nil, err
	}
	if err := tx.each(`SELECT alias, version FROM registered_model_aliases WHERE name = ?`, []any{name}, func(rows *sql.Rows) error {
		var a modelAlias
		err := rows.Scan(&a.Alias, &a.Version)
		rm.Aliases = append(rm.Aliases, a)
		return err
	}); err != nil {
		return nil, err
	}
	rm.LatestVersions, err = versionsWhere(tx, `SELECT `+versionColumns+` FROM model_versions WHERE name = ? AND (current_stage, version) IN
		(SELECT current_stage, max(version) FROM model_versions WHERE name = ? AND current_stage != '`+stageDeletedInternal+`' GROUP BY current_stage) ORDER BY version`, name, name)
	return rm, err
}

var modelNameRequest = &descriptor{fields: []field{{name: "name"}, {name: "stages", repeated: true}}}

func (s *Store) getRegisteredModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(modelNameRequest, rules(param("name", isString, mandatory))); err != nil {
		return nil, err
	}
	var found *registeredModel
	err := s.read(ctx, func(tx *session) (err error) {
		found, err = findModel(tx, r.msg.str("name"))
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]*registeredModel{"registered_model": found}, nil
}

var updateModelRequest = &descriptor{fields: []field{{name: "name"}, {name: "description"}, {name: "new_name"}, {name: "key"}, {name: "value"}}}

func (s *Store) updateRegisteredModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(updateModelRequest, rules(param("name", isString, mandatory), param("description", isString))); err != nil {
		return nil, err
	}
	name := r.msg.str("name")
	return s.changeModel(ctx, name, func(tx *session) error {
		_, err := tx.exec(`UPDATE registered_models SET description = ?, last_updated_time = ? WHERE name = ?`, r.msg.str("description"), nowMillis(), name)
		return err
	})
}

func (s *Store) renameRegisteredModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(updateModelRequest, rules(param("name", isString, mandatory), param("new_name", isString, mandatory))); err != nil {
		return nil, err
	}
	name, target := r.msg.str("name"), r.msg.str("new_name")
	if err := checkModelName("new_name", target); err != nil {
		return nil, err
	}
	return s.changeModel(ctx, target, func(tx *session) error {
		if _, err := findModel(tx, name); err != nil {
			return err
		}
		now := nowMillis()
		_, err := tx.exec(`UPDATE registered_models SET name = ?, last_updated_time = ? WHERE name = ?`, target, now, name)
		if isConstraint(err) {
			return failf(codeAlreadyExists, "Registered Model (name=%s) already exists. Error: %v", target, err)
		}
		if err == nil { // the foreign keys have carried the new name to the versions
			_, err = tx.exec(`UPDATE model_versions SET last_updated_time = ? WHERE name = ?`, now, target)
		}
		return err
	})
}

func (s *Store) deleteRegisteredModel(ctx context.Context, r *request) (any, error) {
	if err := r.decode(modelNameRequest, rules(param("name", isString, mandatory))); err != nil {
		return nil, err
	}
	name := r.msg.str("name")
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := findModel(tx, name); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM model_version_tags WHERE name = ?`, `DELETE FROM model_versions WHERE name = ?`,
			`DELETE FROM registered_model_aliases WHERE name = ?`, `DELETE FROM registered_model_tags WHERE name = ?`,
			`DELETE FROM registered_models WHERE name = ?`,
		} {
			if _, err := tx.exec(text, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func putModelTag(tx *session, name string, t keyValue) error {
	_, err := tx.exec(`INSERT OR REPLACE INTO registered_model_tags (name, key, value) VALUES (?, ?, ?)`, name, t.Key, t.Value)
	return err
}

func (s *Store) setModelTag(ctx context.Context, r *request) (any, error) {
	return s.tagModel(ctx, r, putModelTag)
}

func (s *Store) deleteModelTag(ctx context.Context, r *request) (any, error) {
	return s.tagModel(ctx, r, func(tx *session, name string, t keyValue) error {
		_, err := tx.exec(`DELETE FROM registered_model_tags WHERE name = ? AND key = ?`, name, t.Key)
		return err
	})
}

func (s *Store) tagModel(ctx context.Context, r *request, change func(*session, string, keyValue) error) (any, error) {
	if err := r.decode(updateModelRequest, rules(
		param("name", isString, mandatory), param("key", isString, mandatory), param("value", isString))); err != nil {
		return nil, err
	}
	name, t := r.msg.str("name"), keyValue{r.msg.str("key"), r.msg.str("value")}
	if err := checkModelName("name", name); err != nil {
		return nil, err
	}
	if err := checkModelTag(t); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		if _, err := findModel(tx, name); err != nil {
			return err
		}
		return change(tx, name, t)
	})
}
