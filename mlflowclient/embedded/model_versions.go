package embedded

import (
	"context"
	"database/sql"
	"strings"
)

// stageDeletedInternal marks deleted versions, which stay in the table so that their numbers are not used again.
const stageDeletedInternal = "Deleted_Internal"

type modelVersion struct {
	Name          string     `json:"name"`
	Version       string     `json:"version"`
	Created       int64      `json:"creation_timestamp"`
	Updated       int64      `json:"last_updated_timestamp"`
	UserID        *string    `json:"user_id,omitempty"`
	Stage         *string    `json:"current_stage,omitempty"`
	Description   *string    `json:"description,omitempty"`
	Source        *string    `json:"source,omitempty"`
	RunID         *string    `json:"run_id,omitempty"`
	Status        *string    `json:"status,omitempty"`
	StatusMessage string     `json:"status_message,omitempty"`
	Tags          []keyValue `json:"tags,omitempty"`
	RunLink       *string    `json:"run_link,omitempty"`
	Aliases       []string   `json:"aliases,omitempty"`
}

const versionColumns = `name, version, creation_time, last_updated_time, user_id, current_stage, description, source, run_id, status, status_message, run_link`

// versionsWhere runs a query for versionColumns and adds the tags.
func versionsWhere(tx *session, query string, args ...any) ([]*modelVersion, error) {
	var found []*modelVersion
	err := tx.eachOnce(query, args, func(rows *sql.Rows) error {
		v := &modelVersion{}
		var message sql.NullString
		err := rows.Scan(&v.Name, &v.Version, &v.Created, &v.Updated, &v.UserID, &v.Stage, &v.Description, &v.Source, &v.RunID, &v.Status, &message, &v.RunLink)
		v.StatusMessage = message.String
		found = append(found, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, v := range found {
		if err := tx.each(`SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?`, []any{v.Name, v.Version}, func(rows *sql.Rows) error {
			t, err := scanKeyValue(rows)
			v.Tags = append(v.Tags, t)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func parseVersion(text string) (int64, error) {
	n, ok := pythonInt(text)
	if !ok {
		return 0, invalidf("Parameter 'version' must be an integer, got '%s'.", text)
	}
	return n, nil
}

// findVersion gives a version with its tags and aliases.
func findVersion(tx *session, name, version string) (*modelVersion, error) {
	if err := checkModelName("name", name); err != nil {
		return nil, err
	}
	n, err := parseVersion(version)
	if err != nil {
		return nil, err
	}
	found, err := versionsWhere(tx, `SELECT `+versionColumns+` FROM model_versions WHERE name = ? AND version = ? AND current_stage != '`+stageDeletedInternal+`'`, name, n)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, failf(codeNotFound, "Model Version (name=%s, version=%d) not found", name, n)
	}
	v := found[0]
	return v, tx.each(`SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ?`, []any{name, n}, func(rows *sql.Rows) error {
		var alias string
		err := rows.Scan(&alias)
		v.Aliases = append(v.Aliases, alias)
		return err
	})
}

var createVersionRequest = &descriptor{fields: []field{
	{name: "name"},
	{name: "source"},
	{name: "run_id"},
	{name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
	{name: "run_link"},
	{name: "description"},
	{name: "model_id"},
}}

func (s *Store) createModelVersion(ctx context.Context, r *request) (any, error) {
	if err := r.decode(createVersionRequest, rules(param("name", isString, mandatory), param("source", isString, mandatory), param("run_id", isString),
		param("tags", isArray), param("run_link", isString), param("description", isString), param("model_id", isString))); err != nil {
		return nil, err
	}
	v := &newVersion{
		name: r.msg.str("name"), source: r.msg.str("source"), runID: r.msg.str("run_id"), modelID: r.msg.str("model_id"),
		givesRun: r.msg.has("run_id"), givesModel: r.msg.has("model_id"),
	}
	tags := lastByKey(keyValues(r.msg.list("tags")))
	isPrompt := false
	for _, t := range tags {
		isPrompt = isPrompt || t.Key == promptTag && strings.EqualFold(t.Value, "true")
	}
	var made *modelVersion
	err := s.write(ctx, func(tx *session) (err error) {
		v.location = v.source
		if !isPrompt {
			if err := v.resolve(tx); err != nil {
				return err
			}
		}
		if err := checkModelName("name", v.name); err != nil {
			return err
		}
		for _, t := range tags {
			if err := checkModelTag(t); err != nil {
				return err
			}
		}
		made, err = v.insert(tx, r.msg, tags)
		if err == nil && v.modelID != "" && !isPrompt {
			err = noteVersion(tx, v.modelID, v.name, made.Version)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]*modelVersion{"model_version": made}, nil
}

var versionRequest = &descriptor{fields: []field{{name: "name"}, {name: "version"}, {name: "description"}, {name: "key"}, {name: "value"}, {name: "alias"}}}

func versionRules(more ...rule) []rule {
	return append(rules(param("name", isString, mandatory), param("version", isString, mandatory)), more...)
}

func (s *Store) getModelVersion(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, versionRules()); err != nil {
		return nil, err
	}
	return s.answerVersion(ctx, s.read, func(tx *session) (*modelVersion, error) {
		return findVersion(tx, r.msg.str("name"), r.msg.str("version"))
	})
}

func (s *Store) answerVersion(ctx context.Context, access func(context.Context, func(*session) error) error, find func(*session) (*modelVersion, error)) (any, error) {
	var found *modelVersion
	err := access(ctx, func(tx *session) (err error) {
		found, err = find(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]*modelVersion{"model_version": found}, nil
}

func (s *Store) updateModelVersion(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, versionRules(param("description", isString))); err != nil {
		return nil, err
	}
	return s.answerVersion(ctx, s.write, func(tx *session) (*modelVersion, error) {
		v, err := findVersion(tx, r.msg.str("name"), r.msg.str("version"))
		if err != nil {
			return nil, err
		}
		v.Description, v.Updated = nil, nowMillis()
		if r.msg.has("description") {
			text := r.msg.str("description")
			v.Description = &text
		}
		_, err = tx.exec(`UPDATE model_versions SET description = ?, last_updated_time = ? WHERE name = ? AND version = ?`, v.Description, v.Updated, v.Name, v.Version)
		return v, err
	})
}

// deleteModelVersion empties the version and drops its aliases; its number stays taken.
func (s *Store) deleteModelVersion(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, versionRules()); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		v, err := findVersion(tx, r.msg.str("name"), r.msg.str("version"))
		if err != nil {
			return err
		}
		now := nowMillis()
		if _, err := tx.exec(`UPDATE registered_models SET last_updated_time = ? WHERE name = ?`, now, v.Name); err != nil {
			return err
		}
		if _, err := tx.exec(`DELETE FROM registered_model_aliases WHERE name = ? AND version = ?`, v.Name, v.Version); err != nil {
			return err
		}
		_, err = tx.exec(`UPDATE model_versions SET current_stage = '`+stageDeletedInternal+`', last_updated_time = ?, description = NULL, user_id = NULL,
			source = 'REDACTED-SOURCE-PATH', run_id = 'REDACTED-RUN-ID', run_link = 'REDACTED-RUN-LINK', status_message = NULL WHERE name = ? AND version = ?`, now, v.Name, v.Version)
		return err
	})
}

func (s *Store) modelVersionURI(ctx context.Context, r *request) (any, error) {
	if err := r.decode(versionRequest, nil); err != nil {
		return nil, err
	}
	var location string
	err := s.read(ctx, func(tx *session) error {
		v, err := findVersion(tx, r.msg.str("name"), r.msg.str("version"))
		if err == nil {
			location, err = versionLocation(tx, v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"artifact_uri": location}, nil
}

func putVersionTag(tx *session, name string, version any, t keyValue) error {
	_, err := tx.exec(`INSERT OR REPLACE INTO model_version_tags (name, version, key, value) VALUES (?, ?, ?, ?)`, name, version, t.Key, t.Value)
	return err
}

func (s *Store) setVersionTag(ctx context.Context, r *request) (any, error) {
	return s.tagVersion(ctx, r, func(tx *session, v *modelVersion, t keyValue) error { return putVersionTag(tx, v.Name, v.Version, t) })
}

func (s *Store) deleteVersionTag(ctx context.Context, r *request) (any, error) {
	return s.tagVersion(ctx, r, func(tx *session, v *modelVersion, t keyValue) error {
		_, err := tx.exec(`DELETE FROM model_version_tags WHERE name = ? AND version = ? AND key = ?`, v.Name, v.Version, t.Key)
		return err
	})
}

func (s *Store) tagVersion(ctx context.Context, r *request, change func(*session, *modelVersion, keyValue) error) (any, error) {
	if err := r.decode(versionRequest, versionRules(param("key", isString, mandatory), param("value", isString))); err != nil {
		return nil, err
	}
	t := keyValue{r.msg.str("key"), r.msg.str("value")}
	if _, err := parseVersion(r.msg.str("version")); err != nil {
		return nil, err
	}
	if err := checkModelTag(t); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		v, err := findVersion(tx, r.msg.str("name"), r.msg.str("version"))
		if err != nil {
			return err
		}
		return change(tx, v, t)
	})
}
