package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"math"
)

var metricHistoryRequest = &descriptor{fields: []field{
	{name: "run_id"}, {name: "run_uuid"}, {name: "metric_key"}, {name: "page_token"}, {name: "max_results", kind: kindInt32},
}}

// metricHistory lists all values of a metric by timestamp, step and value. Of a run that does not exist there are none.
func (s *Store) metricHistory(ctx context.Context, r *request) (any, error) {
	if err := r.decode(metricHistoryRequest, rules(
		param("run_id", isString, mandatory), param("metric_key", isString, mandatory), param("page_token", isString))); err != nil {
		return nil, err
	}
	limit := int64(-2) // SQLite's LIMIT -1, no limit, after the one row more
	if r.msg.has("max_results") {
		if limit = r.msg.int("max_results"); limit <= 0 {
			return nil, invalidf("Invalid value %d for parameter 'max_results' supplied. It must be a positive integer.", limit)
		}
	}
	offset, err := parsePageToken(r.msg.str("page_token"))
	if err != nil {
		return nil, err
	}
	var found []metric
	err = s.read(ctx, func(tx *session) error {
		return tx.each(`SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ? AND key = ?
			ORDER BY timestamp, step, value LIMIT ? OFFSET ?`, []any{runIDOf(r.msg), r.msg.str("metric_key"), limit + 1, offset}, func(rows *sql.Rows) error {
			m, err := scanMetric(rows)
			found = append(found, m)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	next := ""
	if limit > 0 && int64(len(found)) > limit {
		found, next = found[:limit], pageToken(offset+limit)
	}
	return struct {
		Metrics []metric `json:"metrics,omitempty"`
		Token   string   `json:"next_page_token,omitempty"`
	}{found, next}, nil
}

const (
	maxIntervalRuns    = 100
	maxIntervalResults = 2500
)

var metricIntervalRequest = &descriptor{fields: []field{
	{name: "run_ids", repeated: true},
	{name: "metric_key"},
	{name: "start_step", kind: kindInt32},
	{name: "end_step", kind: kindInt32},
	{name: "max_results", kind: kindInt32},
}}

// metricInterval samples the history of one metric in several runs, for charts.
func (s *Store) metricInterval(ctx context.Context, r *request) (any, error) {
	if err := r.decode(metricIntervalRequest, rules(
		param("run_ids", mandatory, isArray, isArrayOfStrings, fewRuns), param("metric_key", mandatory, isString),
		param("start_step", isIntLike), param("end_step", isIntLike), param("max_results", isIntLike, sampleSize))); err != nil {
		return nil, err
	}
	sample, err := sampleOf(r)
	if err != nil {
		return nil, err
	}
	var found []metric
	err = s.read(ctx, func(tx *session) error {
		for _, id := range r.msg.strs("run_ids") {
			points, err := sample.of(tx, id)
			if err != nil {
				return err
			}
			found = append(found, points...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Metrics []metric `json:"metrics,omitempty"`
	}{found}, nil
}

var fewRuns = holds(func(value any) (string, bool, error) {
	list, ok := value.([]any)
	if !ok {
		return "", false, errServerFault
	}
	return fmt.Sprintf("GetMetricHistoryBulkInterval request must specify at most %d run_ids. Received %d run_ids.", maxIntervalRuns, len(list)),
		len(list) <= maxIntervalRuns, nil
})

var sampleSize = holds(func(value any) (string, bool, error) {
	n, ok := truncated(value)
	if !ok {
		return "", false, errServerFault
	}
	return fmt.Sprintf("max_results must be between 1 and %d.", maxIntervalResults), n >= 1 && n <= maxIntervalResults, nil
})

// sample says which points of a history are wanted.
type sample struct {
	key        string
	from, to   int64
	maxResults int
}

// sampleOf reads the numbers from the query only, as the server does.
func sampleOf(r *request) (sample, error) {
	smp := sample{key: r.msg.str("metric_key"), from: math.MinInt64, to: math.MaxInt64, maxResults: maxIntervalResults}
	numbers := map[string]int64{}
	for _, name := range []string{"max_results", "start_step", "end_step"} {
		if r.query.Has(name) {
			n, ok := pythonInt(r.query.Get(name))
			if !ok {
				return smp, errServerFault
			}
			numbers[name] = n
		}
	}
	if n, ok := numbers["max_results"]; ok {
		smp.maxResults = int(n)
	}
	from, hasFrom := numbers["start_step"]
	to, hasTo := numbers["end_step"]
	switch {
	case hasFrom != hasTo:
		return smp, invalidf("If either start step or end step are specified, both must be specified.")
	case hasFrom && from > to:
		return smp, invalidf("end_step must be greater than start_step. Found start_step=%d and end_step=%d.", from, to)
	case hasFrom:
		smp.from, smp.to = from, to
	}
	return smp, nil
}

// of cuts the values of a run, by step, into as many even buckets as there may be results and takes the first of
// each; the last value of all replaces the last taken one.
func (smp sample) of(tx *session, runID string) ([]metric, error) {
	const where = ` FROM metrics WHERE run_uuid = ? AND key = ? AND step >= ? AND step <= ?`
	args := []any{runID, smp.key, smp.from, smp.to}
	var found []metric
	collect := func(rows *sql.Rows) error {
		point, err := scanMetric(rows)
		point.RunID = runID
		found = append(found, point)
		return err
	}
	if err := tx.each(`SELECT key, value, timestamp, step, is_nan FROM (
		SELECT *, row_number() OVER (PARTITION BY bucket ORDER BY step, timestamp, value, is_nan) AS place FROM (
			SELECT *, ntile(?) OVER (ORDER BY step, timestamp, value, is_nan) AS bucket`+where+`))
		WHERE place = 1 ORDER BY step, timestamp, value, is_nan`, append([]any{smp.maxResults}, args...), collect); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, nil
	}
	taken := len(found)
	if err := tx.each(`SELECT key, value, timestamp, step, is_nan`+where+`
		ORDER BY step DESC, timestamp DESC, value DESC, is_nan DESC LIMIT 1`, args, collect); err != nil {
		return nil, err
	}
	if len(found) == taken {
		return found, nil
	}
	last := found[taken]
	found = found[:taken]
	switch end := found[taken-1]; {
	case samePoint(end, last):
	case taken >= smp.maxResults:
		found[taken-1] = last
	default:
		found = append(found, last)
	}
	return found, nil
}

func samePoint(a, b metric) bool {
	va, vb := float64(a.Value), float64(b.Value)
	return a.Step == b.Step && a.Timestamp == b.Timestamp && (va == vb || math.IsNaN(va) && math.IsNaN(vb))
}
