package embedded

import (
	"context"
	"time"
)

const runNameTag = "mlflow.runName"

// runStatus are the statuses of a run by their names in the protocol.
var runStatus = map[string]int{"RUNNING": 1, "SCHEDULED": 2, "FINISHED": 3, "FAILED": 4, "KILLED": 5}

func statusName(n int) string {
	for name, value := range runStatus {
		if value == n {
			return name
		}
	}
	return ""
}

type runInfo struct {
	RunUUID        string `json:"run_uuid"`
	ExperimentID   string `json:"experiment_id"`
	RunName        string `json:"run_name"`
	UserID         string `json:"user_id"`
	Status         string `json:"status"`
	StartTime      int64  `json:"start_time"`
	EndTime        int64  `json:"end_time,omitempty"`
	ArtifactURI    string `json:"artifact_uri,omitempty"`
	LifecycleStage string `json:"lifecycle_stage"`
	RunID          string `json:"run_id"`
}

type runData struct {
	Metrics []metric   `json:"metrics,omitempty"`
	Params  []keyValue `json:"params,omitempty"`
	Tags    []keyValue `json:"tags,omitempty"`
}

type run struct {
	Info    *runInfo   `json:"info"`
	Data    *runData   `json:"data"`
	Inputs  *runInputs `json:"inputs,omitempty"`
	Outputs *runOutput `json:"outputs,omitempty"`
}

var createRunRequest = &descriptor{fields: []field{
	{name: "experiment_id"},
	{name: "user_id"},
	{name: "run_name"},
	{name: "start_time", kind: kindInt64},
	{name: "tags", kind: kindMessage, repeated: true, message: keyValueMessage},
}}

func (s *Store) createRun(ctx context.Context, r *request) (any, error) {
	if err := r.decode(createRunRequest, rules(
		param("experiment_id", isString), param("start_time", isIntLike), param("run_name", isString))); err != nil {
		return nil, err
	}
	created := &run{Data: &runData{}, Inputs: &runInputs{}, Info: &runInfo{
		RunUUID: newID(), UserID: r.msg.str("user_id"), Status: "RUNNING",
		StartTime: r.msg.int("start_time"), LifecycleStage: stageActive,
	}}
	info := created.Info
	info.RunID = info.RunUUID
	tags := keyValues(r.msg.list("tags"))
	err := s.write(ctx, func(tx *session) (err error) {
		e, err := activeExperiment(tx, r.msg.str("experiment_id"))
		if err != nil {
			return err
		}
		if info.RunName, tags, err = nameRun(r.msg.str("run_name"), tags); err != nil {
			return err
		}
		if r.msg.str("experiment_id") != "" {
			info.ExperimentID = e.ExperimentID
		}
		if info.ArtifactURI, err = appendToURI(e.ArtifactLocation, info.RunID, "artifacts"); err != nil {
			return err
		}
		return insertRun(tx, info, tags)
	})
	created.Data.Tags = tags
	if err != nil {
		return nil, err
	}
	return map[string]*run{"run": created}, nil
}

// nameRun settles the name of a new run between the argument, the tag mlflow.runName and chance, and sees to the tag.
func nameRun(name string, tags []keyValue) (string, []keyValue, error) {
	tagged := ""
	for _, t := range tags {
		if t.Key == runNameTag {
			tagged = t.Value
			break
		}
	}
	if name != "" && tagged != "" && name != tagged {
		return "", nil, invalidf("Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='%s', mlflow.runName='%s').", name, tagged)
	}
	if name == "" {
		name = tagged
	}
	if name == "" {
		name = randomRunName()
	}
	if tagged == "" {
		tags = append(tags, keyValue{runNameTag, name})
	}
	return name, tags, nil
}

func insertRun(tx *session, info *runInfo, tags []keyValue) error {
	// The server looks experiment 0 up for a missing id, and then breaks the foreign key with the empty one.
	if info.ExperimentID == "" {
		return failf(codeBadRequest, "runs/create needs an experiment_id: FOREIGN KEY constraint failed")
	}
	if _, err := tx.exec(`INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status,
		start_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
		VALUES (?, ?, 'UNKNOWN', '', '', ?, ?, ?, '', 'active', ?, ?)`,
		info.RunID, info.RunName, info.UserID, info.Status, info.StartTime, info.ArtifactURI, info.ExperimentID); err != nil {
		return err
	}
	for _, t := range tags {
		if _, err := tx.exec(`INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)`, t.Key, t.Value, info.RunID); err != nil {
			return err
		}
	}
	return nil
}

var updateRunRequest = &descriptor{fields: []field{
	{name: "run_id"},
	{name: "run_uuid"},
	{name: "status", kind: kindEnum, enum: runStatus},
	{name: "end_time", kind: kindInt64},
	{name: "run_name"},
}}

func (s *Store) updateRun(ctx context.Context, r *request) (any, error) {
	if err := r.decode(updateRunRequest, rules(param("run_id", mandatory, isString), param("end_time", isIntLike),
		param("status", isString), param("run_name", isString))); err != nil {
		return nil, err
	}
	var info *runInfo
	err := s.write(ctx, func(tx *session) (err error) {
		if info, err = activeRun(tx, runIDOf(r.msg)); err != nil {
			return err
		}
		if status, ok := r.msg.enum("status"); ok {
			info.Status = statusName(status)
		}
		if r.msg.has("end_time") {
			info.EndTime = r.msg.int("end_time")
			if _, err := tx.exec(`UPDATE runs SET end_time = ? WHERE run_uuid = ?`, info.EndTime, info.RunID); err != nil {
				return err
			}
		}
		if _, err := tx.exec(`UPDATE runs SET status = ? WHERE run_uuid = ?`, info.Status, info.RunID); err != nil {
			return err
		}
		if name := r.msg.str("run_name"); name != "" {
			info.RunName = name
			return renameRun(tx, info.RunID, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]*runInfo{"run_info": info}, nil
}

// renameRun sets the name in the two places where MLflow keeps it.
func renameRun(tx *session, id, name string) error {
	if _, err := tx.exec(`UPDATE runs SET name = ? WHERE run_uuid = ?`, name, id); err != nil {
		return err
	}
	return putTag(tx, id, keyValue{runNameTag, name})
}

// runIDOf is the id of the run, which old clients call run_uuid.
func runIDOf(m *message) string {
	if id := m.str("run_id"); id != "" {
		return id
	}
	return m.str("run_uuid")
}

var runIDRequest = &descriptor{fields: []field{{name: "run_id"}, {name: "run_uuid"}}}

var onlyRunIDRequest = &descriptor{fields: []field{{name: "run_id"}}}

func (s *Store) deleteRun(ctx context.Context, r *request) (any, error) {
	return s.moveRun(ctx, r, stageDeleted)
}

func (s *Store) restoreRun(ctx context.Context, r *request) (any, error) {
	return s.moveRun(ctx, r, stageActive)
}

func (s *Store) moveRun(ctx context.Context, r *request, to string) (any, error) {
	if err := r.decode(onlyRunIDRequest, rules(param("run_id", mandatory, isString))); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		info, err := findRun(tx, r.msg.str("run_id"))
		if err != nil {
			return err
		}
		return moveRuns(tx, `run_uuid = ?`, info.RunID, to)
	})
}

// moveRuns sets the lifecycle stage of the runs for which the constant condition holds. A deleted run loses the
// assessments of traces that it made, as in the server.
func moveRuns(tx *session, condition, arg, to string) error {
	if to == stageActive {
		_, err := tx.exec(`UPDATE runs SET lifecycle_stage = 'active', deleted_time = NULL WHERE `+condition, arg)
		return err
	}
	assessed, err := tx.first(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'assessments'`, nil, new(int))
	if err != nil {
		return err
	}
	if assessed {
		if _, err := tx.exec(`DELETE FROM assessments WHERE EXISTS (SELECT 1 FROM runs WHERE instr(assessment_metadata,
			'"mlflow.assessment.sourceRunId": "' || run_uuid || '"') > 0 AND `+condition+`)`, arg); err != nil {
			return err
		}
	}
	_, err = tx.exec(`UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE `+condition, nowMillis(), arg)
	return err
}

func nowMillis() int64 { return time.Now().UnixMilli() }
