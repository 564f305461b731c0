package mlflowclient

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// maxHistory is the server's limit on one page of a metric's history.
const maxHistory = 25_000

// Metric is one point of a metric.
type Metric struct {
	// Key is at most 250 letters, digits, spaces and _ - . : / long; "a/b" makes sections in the user interface.
	Key string
	// Value may be NaN or an infinity. The server keeps an infinity as the largest finite number of its sign, so that
	// number, too, is read back as the infinity.
	Value float64
	// Timestamp has milliseconds. Zero is now when logging.
	Timestamp time.Time
	Step      int64
	// ModelID, DatasetName and DatasetDigest tie the point to a logged model and a data set; all may be empty.
	ModelID       string
	DatasetName   string
	DatasetDigest string
	// RunID is set where points of several runs come together; it is not sent.
	RunID string
}

type metricJSON struct {
	Key           string   `json:"key"`
	Value         number   `json:"value"`
	Timestamp     *integer `json:"timestamp"`
	Step          integer  `json:"step"`
	ModelID       string   `json:"model_id,omitempty"`
	DatasetName   string   `json:"dataset_name,omitempty"`
	DatasetDigest string   `json:"dataset_digest,omitempty"`
	RunID         string   `json:"run_id,omitempty"`
}

// wire leaves the run's id out: the call names the run.
func (m Metric) wire(now time.Time) metricJSON {
	if m.Timestamp.IsZero() {
		m.Timestamp = now
	}
	ms := integer(m.Timestamp.UnixMilli())
	return metricJSON{
		Key: m.Key, Value: number(m.Value), Timestamp: &ms, Step: integer(m.Step),
		ModelID: m.ModelID, DatasetName: m.DatasetName, DatasetDigest: m.DatasetDigest,
	}
}

func (m *metricJSON) value() Metric {
	return Metric{
		Key: m.Key, Value: float64(m.Value), Timestamp: fromMillis(m.Timestamp), Step: int64(m.Step),
		ModelID: m.ModelID, DatasetName: m.DatasetName, DatasetDigest: m.DatasetDigest, RunID: m.RunID,
	}
}

// MetricService is [Client.Metrics]; points are logged by [Client.Runs].
type MetricService struct{ api *api }

// MetricHistory names a metric of a run.
type MetricHistory struct {
	RunID string
	Key   string
	// PageSize is the number of points a request asks for; 0 means 25000, the most there is.
	PageSize int
}

// BulkInterval names a metric of several runs, for charts.
type BulkInterval struct {
	// RunIDs are at most 100 runs.
	RunIDs []string
	Key    string
	// StartStep and EndStep, both or none, bound the steps, inclusively.
	StartStep, EndStep *int64
	// MaxResults is the number of points a run is thinned out to, 1 to 2500; 0 means 2500.
	MaxResults int
}

// History walks over all points of a metric. A metric that was never logged has none.
func (s *MetricService) History(ctx context.Context, q MetricHistory) iter.Seq2[*Metric, error] {
	return iterate(func(token string) (*Page[Metric], error) { return s.HistoryPage(ctx, q, token) })
}

// HistoryPage returns one page of a metric's points; an empty token gives the first.
func (s *MetricService) HistoryPage(ctx context.Context, q MetricHistory, token string) (*Page[Metric], error) {
	size := q.PageSize
	if size == 0 {
		size = maxHistory
	}
	if size < 0 || size > maxHistory {
		return nil, invalid("a page of %d points: 1 to %d are possible", size, maxHistory)
	}
	in := url.Values{"run_id": {q.RunID}, "metric_key": {q.Key}, "max_results": {strconv.Itoa(size)}}
	if token != "" {
		in.Set("page_token", token)
	}
	var out struct {
		Metrics   []metricJSON `json:"metrics"`
		NextToken string       `json:"next_page_token"`
	}
	if err := s.api.call(ctx, reads("metrics/get-history"), in, &out); err != nil {
		return nil, err
	}
	return &Page[Metric]{Items: metricValues(out.Metrics), NextToken: out.NextToken}, nil
}

// BulkInterval returns points of one metric of several runs, thinned out evenly over the steps; each has its RunID.
func (s *MetricService) BulkInterval(ctx context.Context, q BulkInterval) ([]*Metric, error) {
	if q.MaxResults == 0 {
		q.MaxResults = 2500
	}
	in := url.Values{"run_ids": q.RunIDs, "metric_key": {q.Key}, "max_results": {strconv.Itoa(q.MaxResults)}}
	if q.StartStep != nil {
		in.Set("start_step", strconv.FormatInt(*q.StartStep, 10))
	}
	if q.EndStep != nil {
		in.Set("end_step", strconv.FormatInt(*q.EndStep, 10))
	}
	var out struct {
		Metrics []metricJSON `json:"metrics"`
	}
	if err := s.api.call(ctx, reads("metrics/get-history-bulk-interval"), in, &out); err != nil {
		return nil, err
	}
	return metricValues(out.Metrics), nil
}

func metricValues(in []metricJSON) []*Metric {
	out := make([]*Metric, len(in))
	for i := range in {
		m := in[i].value()
		out[i] = &m
	}
	return out
}
