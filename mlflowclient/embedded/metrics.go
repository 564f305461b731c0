package embedded

import (
	"context"
	"math"
)

// loggedMetric is a metric on its way in. The model fields are empty without a logged model.
type loggedMetric struct {
	key             string
	value           float64
	timestamp, step int64
	modelID         string
	datasetName     string
	datasetDigest   string
}

// stored gives the value as the database has it: NaN is 0 beside a mark, the infinities are the largest doubles.
func (m loggedMetric) stored() (value float64, isNaN bool) {
	switch {
	case math.IsNaN(m.value):
		return 0, true
	case math.IsInf(m.value, 0):
		return math.Copysign(math.MaxFloat64, m.value), false
	default:
		return m.value, false
	}
}

func metricFields(more ...field) *descriptor {
	return &descriptor{fields: append([]field{
		{name: "key"},
		{name: "value", kind: kindDouble},
		{name: "timestamp", kind: kindInt64},
		{name: "step", kind: kindInt64},
		{name: "model_id"},
		{name: "dataset_name"},
		{name: "dataset_digest"},
		{name: "run_id"},
	}, more...)}
}

var (
	metricMessage    = metricFields()
	logMetricRequest = metricFields(field{name: "run_uuid"})
)

func metricOf(m *message) loggedMetric {
	return loggedMetric{
		key: m.str("key"), value: m.float("value"), timestamp: m.int("timestamp"), step: m.int("step"),
		modelID: m.str("model_id"), datasetName: m.str("dataset_name"), datasetDigest: m.str("dataset_digest"),
	}
}

func (s *Store) logMetric(ctx context.Context, r *request) (any, error) {
	if err := r.decode(logMetricRequest, rules(
		param("run_id", mandatory, isString), param("key", mandatory, isString), param("value", mandatory, isFloatLike),
		param("timestamp", isIntLike, mandatory), param("step", isIntLike), param("model_id", isString),
		param("dataset_name", isString), param("dataset_digest", isString))); err != nil {
		return nil, err
	}
	m := metricOf(r.msg)
	if err := checkMetric("", m); err != nil {
		return nil, err
	}
	return empty{}, s.write(ctx, func(tx *session) error {
		info, err := activeRun(tx, runIDOf(r.msg))
		if err != nil {
			return err
		}
		return putMetrics(tx, info, []loggedMetric{m})
	})
}

func checkMetric(element string, m loggedMetric) error {
	if err := checkKey(within(element, "name"), m.key); err != nil {
		return err
	}
	if m.timestamp < 0 {
		return invalidf("Invalid value %d for parameter '%s' supplied: metric '%s' (value=%s). Timestamp must be a nonnegative long (64-bit integer) ",
			m.timestamp, within(element, "timestamp"), m.key, pythonFloatText(m.value))
	}
	return checkLength("Metric name", maxKeyLength, m.key)
}

// putMetrics adds the values to the history and moves the latest value of each key. A value that the history has
// already is kept once. Latest is the highest step, then the highest timestamp, then the highest value.
func putMetrics(tx *session, info *runInfo, metrics []loggedMetric) error {
	for _, m := range metrics {
		value, isNaN := m.stored()
		added, err := tx.exec(`INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)`,
			m.key, value, m.timestamp, info.RunID, m.step, isNaN)
		if err != nil {
			return err
		}
		if added == 0 {
			continue
		}
		_, err = tx.exec(`INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (key, run_uuid) DO UPDATE
			SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
			WHERE (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)`,
			m.key, value, m.timestamp, m.step, isNaN, info.RunID)
		if err != nil {
			return err
		}
	}
	return putModelMetrics(tx, info, metrics)
}

// putModelMetrics adds the values that belong to a logged model to the model's own metrics.
func putModelMetrics(tx *session, info *runInfo, metrics []loggedMetric) error {
	for _, m := range metrics {
		if m.modelID == "" {
			continue
		}
		value, _ := m.stored()
		if _, err := tx.exec(`INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value,
			experiment_id, run_id, dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, NULLIF(?, ''), NULLIF(?, ''))
			ON CONFLICT DO NOTHING`,
			m.modelID, m.key, m.timestamp, m.step, value, info.ExperimentID, info.RunID, m.datasetName, m.datasetDigest); err != nil {
			return err
		}
	}
	return nil
}
