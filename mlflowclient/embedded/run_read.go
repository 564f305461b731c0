package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"strconv"
)

// runColumns are the columns that scanRun reads.
const runColumns = `run_uuid, name, user_id, status, start_time, end_time, artifact_uri, lifecycle_stage, experiment_id`

func scanRun(rows *sql.Rows) (*runInfo, error) {
	var name, user, status, artifacts, stage, experimentID sql.NullString
	var start, end sql.NullInt64
	info := &runInfo{}
	if err := rows.Scan(&info.RunID, &name, &user, &status, &start, &end, &artifacts, &stage, &experimentID); err != nil {
		return nil, err
	}
	info.RunUUID, info.RunName, info.UserID, info.Status = info.RunID, name.String, user.String, status.String
	info.StartTime, info.EndTime, info.ArtifactURI = start.Int64, end.Int64, artifacts.String
	info.LifecycleStage, info.ExperimentID = stage.String, experimentID.String
	return info, nil
}

func findRun(tx *session, id string) (*runInfo, error) {
	var info *runInfo
	err := tx.each(`SELECT `+runColumns+` FROM runs WHERE run_uuid = ?`, []any{id}, func(rows *sql.Rows) (err error) {
		info, err = scanRun(rows)
		return err
	})
	if err == nil && info == nil {
		err = failf(codeNotFound, "Run with id=%s not found", id)
	}
	return info, err
}

// activeRun is findRun for a change that a deleted run refuses.
func activeRun(tx *session, id string) (*runInfo, error) {
	info, err := findRun(tx, id)
	if err == nil && info.LifecycleStage != stageActive {
		return nil, invalidf("The run %s must be in the 'active' state. Current state is %s.", id, info.LifecycleStage)
	}
	return info, err
}

func (s *Store) getRun(ctx context.Context, r *request) (any, error) {
	if err := r.decode(runIDRequest, rules(param("run_id", mandatory, isString))); err != nil {
		return nil, err
	}
	var found *run
	err := s.read(ctx, func(tx *session) error {
		info, err := findRun(tx, runIDOf(r.msg))
		if err != nil {
			return err
		}
		found = &run{Info: info}
		return loadRuns(tx, []*run{found}, true)
	})
	if err != nil {
		return nil, err
	}
	return map[string]*run{"run": found}, nil
}

// loadRuns fills everything beside the infos, with one query a table. Searches leave the input models out.
func loadRuns(tx *session, runs []*run, withModelInputs bool) error {
	places := make(map[string]*run, len(runs))
	ids := make([]string, len(runs))
	for i, r := range runs {
		r.Data, r.Inputs, r.Outputs = &runData{}, &runInputs{}, &runOutput{}
		places[r.Info.RunID], ids[i] = r, r.Info.RunID
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	args := []any{string(list)}
	err = tx.each(`SELECT key, value, timestamp, step, is_nan, run_uuid FROM latest_metrics WHERE run_uuid IN (SELECT value FROM json_each(?))`, args, func(rows *sql.Rows) error {
		var id string
		m, err := scanMetric(rows, &id)
		if r := places[id]; r != nil {
			r.Data.Metrics = append(r.Data.Metrics, m)
		}
		return err
	})
	if err != nil {
		return err
	}
	for query, list := range map[string]func(*runData) *[]keyValue{
		`SELECT key, value, run_uuid FROM params WHERE run_uuid IN (SELECT value FROM json_each(?))`: func(d *runData) *[]keyValue { return &d.Params },
		`SELECT key, value, run_uuid FROM tags WHERE run_uuid IN (SELECT value FROM json_each(?))`:   func(d *runData) *[]keyValue { return &d.Tags },
	} {
		err := tx.each(query, args, func(rows *sql.Rows) error {
			var id string
			pair, err := scanKeyValue(rows, &id)
			if r := places[id]; r != nil {
				pairs := list(r.Data)
				*pairs = append(*pairs, pair)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, r := range runs {
		nameFromTag(r)
	}
	return loadInputs(tx, places, args, withModelInputs)
}

// nameFromTag names the runs of MLflow 1.x, which have their name in the tag only.
func nameFromTag(r *run) {
	if r.Info.RunName != "" {
		return
	}
	for _, t := range r.Data.Tags {
		if t.Key == runNameTag {
			r.Info.RunName = t.Value
		}
	}
}

// metric is one value of a metric.
type metric struct {
	Key       string      `json:"key"`
	Value     metricValue `json:"value"`
	Timestamp int64       `json:"timestamp"`
	Step      int64       `json:"step"`
	RunID     string      `json:"run_id,omitempty"`
}

// metricValue writes NaN as a string, which is what protocol buffers do.
type metricValue float64

// MarshalJSON implements json.Marshaler.
func (v metricValue) MarshalJSON() ([]byte, error) {
	f := float64(v)
	switch {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	}
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

// scanMetric reads key, value, timestamp, step and is_nan, and what more the query has.
func scanMetric(rows *sql.Rows, more ...any) (metric, error) {
	var m metric
	var value float64
	var timestamp sql.NullInt64
	var isNaN bool
	err := rows.Scan(append([]any{&m.Key, &value, &timestamp, &m.Step, &isNaN}, more...)...)
	if isNaN {
		value = math.NaN()
	}
	m.Value, m.Timestamp = metricValue(value), timestamp.Int64
	return m, err
}
