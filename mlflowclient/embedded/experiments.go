package embedded

import (
	"context"
	"database/sql"
	"net/url"
	"strconv"
	"strings"
)

const (
	stageActive  = "active"
	stageDeleted = "deleted"
)

// experiment is an experiment as the REST API shows it.
type experiment struct {
	ExperimentID     string     `json:"experiment_id"`
	Name             string     `json:"name"`
	ArtifactLocation string     `json:"artifact_location"`
	LifecycleStage   string     `json:"lifecycle_stage"`
	LastUpdateTime   int64      `json:"last_update_time,omitempty"`
	CreationTime     int64      `json:"creation_time,omitempty"`
	Tags             []keyValue `json:"tags,omitempty"`
	Workspace        string     `json:"workspace,omitempty"`
}

// ensureDefaultExperiment inserts experiment 0 into a file that lacks it, as every start of MLflow's server does.
func (s *Store) ensureDefaultExperiment(tx *session) error {
	location, err := appendToURI(s.artifactRoot, "0")
	if err != nil {
		return err
	}
	now := nowMillis()
	_, err = tx.exec(`INSERT OR IGNORE INTO experiments
		(experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)
		VALUES (0, 'Default', ?, 'active', ?, ?)`, location, now, now)
	return err
}

var createExperimentRequest = &descriptor{fields: []field{
	{name: "name"}, {name: "artifact_location"}, {name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
}}

var keyValueMessage = &descriptor{fields: []field{{name: "key"}, {name: "value"}}}

func keyValues(messages []*message) []keyValue {
	pairs := make([]keyValue, len(messages))
	for i, m := range messages {
		pairs[i] = keyValue{m.str("key"), m.str("value")}
	}
	return pairs
}

func (s *Store) createExperiment(ctx context.Context, r *request) (any, error) {
	if err := r.decode(createExperimentRequest, rules(
		param("name", mandatory, isString), param("artifact_location", isString), param("tags", isArray))); err != nil {
		return nil, err
	}
	name, location, tags := r.msg.str("name"), r.msg.str("artifact_location"), keyValues(r.msg.list("tags"))
	if err := checkArtifactLocation(location); err != nil {
		return nil, err
	}
	if err := checkExperimentName(name); err != nil {
		return nil, err
	}
	if location != "" {
		var err error
		if location, err = resolveLocalURI(location); err != nil {
			return nil, failf(codeInternal, "artifact_location: %v", err)
		}
	}
	for _, t := range tags {
		if err := checkExperimentTag(t); err != nil {
			return nil, err
		}
	}
	var id int64
	err := s.write(ctx, func(tx *session) (err error) {
		id, err = s.insertExperiment(tx, name, location, tags)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"experiment_id": strconv.FormatInt(id, 10)}, nil
}

func (s *Store) insertExperiment(tx *session, name, location string, tags []keyValue) (int64, error) {
	now := nowMillis()
	result, err := tx.insert(`INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)
		VALUES (?, ?, 'active', ?, ?)`, name, location, now, now)
	if isConstraint(err) {
		return 0, failf(codeAlreadyExists, "Experiment(name=%s) already exists. Error: %v", name, err)
	}
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, err
	}
	for _, t := range tags {
		if _, err := tx.exec(`INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)`, t.Key, t.Value, id); err != nil {
			if isConstraint(err) {
				return 0, failf(codeAlreadyExists, "Experiment(name=%s) already exists. Error: %v", name, err)
			}
			return 0, err
		}
	}
	if location != "" {
		return id, nil
	}
	if location, err = appendToURI(s.artifactRoot, strconv.FormatInt(id, 10)); err != nil {
		return 0, err
	}
	_, err = tx.exec(`UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?`, location, id)
	return id, err
}

// checkArtifactLocation refuses what the server refuses of a location that the caller chose.
func checkArtifactLocation(location string) error {
	u, err := url.Parse(location)
	if err != nil {
		return invalidf("Invalid artifact location: %s", location)
	}
	if u.Fragment != "" || strings.Contains(location[strings.LastIndex(location, "/")+1:], ";") && u.Scheme != "" {
		return invalidf("'artifact_location' URL can't include fragments or params.")
	}
	if strings.Contains(u.RawQuery, "..") {
		return invalidf("Invalid query string")
	}
	if strings.HasPrefix(location, "runs:") {
		return invalidf("Artifact location cannot be a runs:/ URI. Given: '%s'", location)
	}
	return checkArtifactLocationLength(location)
}

func checkArtifactLocationLength(location string) error {
	if n := pythonLen(location); n > maxArtifactLocation {
		return invalidf("Invalid artifact path length. The length of the artifact path cannot be greater than %d characters. To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable.", maxArtifactLocation)
	}
	return nil
}

var experimentIDRequest = &descriptor{fields: []field{{name: "experiment_id"}}}

func (s *Store) getExperiment(ctx context.Context, r *request) (any, error) {
	if err := r.decode(experimentIDRequest, rules(param("experiment_id", mandatory, isString))); err != nil {
		return nil, err
	}
	return s.readExperiment(ctx, func(tx *session) (*experiment, error) {
		return findExperiment(tx, r.msg.str("experiment_id"))
	})
}

var experimentNameRequest = &descriptor{fields: []field{{name: "experiment_name"}}}

func (s *Store) getExperimentByName(ctx context.Context, r *request) (any, error) {
	if err := r.decode(experimentNameRequest, rules(param("experiment_name", mandatory, isString))); err != nil {
		return nil, err
	}
	name := r.msg.str("experiment_name")
	return s.readExperiment(ctx, func(tx *session) (*experiment, error) {
		e, err := oneExperiment(tx, `SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time
			FROM experiments WHERE name = ?`, name)
		if e == nil && err == nil {
			err = failf(codeNotFound, "Could not find experiment with name '%s'", name)
		}
		return e, err
	})
}

func (s *Store) readExperiment(ctx context.Context, find func(*session) (*experiment, error)) (any, error) {
	var found *experiment
	err := s.read(ctx, func(tx *session) (err error) {
		if found, err = find(tx); err != nil {
			return err
		}
		return loadExperimentTags(tx, found)
	})
	if err != nil {
		return nil, err
	}
	return map[string]*experiment{"experiment": found}, nil
}

// findExperiment gives the experiment of that id without its tags; "" is experiment 0, as in the server.
func findExperiment(tx *session, id string) (*experiment, error) {
	if id == "" {
		id = "0"
	}
	n, err := parseExperimentID(id)
	if err != nil {
		return nil, err
	}
	e, err := oneExperiment(tx, `SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time
		FROM experiments WHERE experiment_id = ?`, n)
	if e == nil && err == nil {
		err = failf(codeNotFound, "No Experiment with id=%d exists", n)
	}
	return e, err
}

// inStage is findExperiment for an experiment in one stage: another stage is as good as no experiment.
func inStage(tx *session, id, stage string) (*experiment, error) {
	e, err := findExperiment(tx, id)
	if err == nil && e.LifecycleStage != stage {
		return nil, failf(codeNotFound, "No Experiment with id=%s exists", e.ExperimentID)
	}
	return e, err
}

func oneExperiment(tx *session, query string, arg any) (*experiment, error) {
	var found *experiment
	err := tx.each(query, []any{arg}, func(rows *sql.Rows) (err error) {
		found, err = scanExperiment(rows)
		return err
	})
	return found, err
}

func scanExperiment(rows *sql.Rows) (*experiment, error) {
	e := &experiment{Workspace: "default"}
	var location, stage sql.NullString
	var created, updated sql.NullInt64
	if err := rows.Scan(&e.ExperimentID, &e.Name, &location, &stage, &created, &updated); err != nil {
		return nil, err
	}
	e.ArtifactLocation, e.LifecycleStage = location.String, stage.String
	e.CreationTime, e.LastUpdateTime = created.Int64, updated.Int64
	return e, nil
}

func loadExperimentTags(tx *session, e *experiment) error {
	return tx.each(`SELECT key, value FROM experiment_tags WHERE experiment_id = ?`, []any{e.ExperimentID}, func(rows *sql.Rows) error {
		t, err := scanKeyValue(rows)
		e.Tags = append(e.Tags, t)
		return err
	})
}

// scanKeyValue reads a key and a value, and what more the query has.
func scanKeyValue(rows *sql.Rows, more ...any) (keyValue, error) {
	var t keyValue
	var value sql.NullString
	err := rows.Scan(append([]any{&t.Key, &value}, more...)...)
	t.Value = value.String
	return t, err
}

func (s *Store) deleteExperiment(ctx context.Context, r *request) (any, error) {
	return s.moveExperiment(ctx, r, stageActive, stageDeleted)
}

func (s *Store) restoreExperiment(ctx context.Context, r *request) (any, error) {
	return s.moveExperiment(ctx, r, stageDeleted, stageActive)
}

// moveExperiment deletes or restores an experiment with all of its runs.
func (s *Store) moveExperiment(ctx context.Context, r *request, from, to string) (any, error) {
	if err := r.decode(experimentIDRequest, rules(param("experiment_id", mandatory, isString))); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		e, err := inStage(tx, r.msg.str("experiment_id"), from)
		if err != nil {
			return err
		}
		now := nowMillis()
		if _, err := tx.exec(`UPDATE experiments SET lifecycle_stage = ?, last_update_time = ? WHERE experiment_id = ?`, to, now, e.ExperimentID); err != nil {
			return err
		}
		return moveRuns(tx, `experiment_id = ?`, e.ExperimentID, to)
	})
}

var updateExperimentRequest = &descriptor{fields: []field{{name: "experiment_id"}, {name: "new_name"}}}

func (s *Store) updateExperiment(ctx context.Context, r *request) (any, error) {
	if err := r.decode(updateExperimentRequest, rules(
		param("experiment_id", mandatory, isString), param("new_name", isString, mandatory))); err != nil {
		return nil, err
	}
	name := r.msg.str("new_name")
	if name == "" {
		return empty{}, nil
	}
	if err := checkExperimentName(name); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		e, err := findExperiment(tx, r.msg.str("experiment_id"))
		if err != nil {
			return err
		}
		if e.LifecycleStage != stageActive {
			return failf(codeInvalidState, "Cannot rename a non-active experiment.")
		}
		_, err = tx.exec(`UPDATE experiments SET name = ?, last_update_time = ? WHERE experiment_id = ?`, name, nowMillis(), e.ExperimentID)
		return err
	})
}
