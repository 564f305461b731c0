package mlflowclient_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// same compares floats bit for bit, NaN with NaN.
func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || (math.IsNaN(a) && math.IsNaN(b))
}

func TestMetricValues(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		values := []float64{
			0, 1, -1, 0.1, 1.0 / 3, math.Pi, 1e-300, -1e300, math.SmallestNonzeroFloat64, 123456789.123456789,
			math.NaN(), math.Inf(1), math.Inf(-1), math.Nextafter(math.MaxFloat64, 0), 1 << 53,
		}
		at := time.UnixMilli(1_700_000_000_000)
		batch := mlflowclient.Batch{}
		for i, v := range values {
			one, many := fmt.Sprintf("one %d", i), fmt.Sprintf("many %d", i)
			must(t, c.Runs.LogMetric(ctx, run.ID, mlflowclient.Metric{Key: one, Value: v, Timestamp: at, Step: int64(i)}))
			batch.Metrics = append(batch.Metrics, mlflowclient.Metric{Key: many, Value: v, Timestamp: at, Step: int64(-i)})
		}
		must(t, c.Runs.LogBatch(ctx, run.ID, batch))
		got := getRun(t, c, run.ID)
		for i, v := range values {
			for _, key := range []string{"one", "many"} {
				m := got.Metrics[fmt.Sprintf("%s %d", key, i)]
				history := collect(t, c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: m.Key}))
				if !same(m.Value, v) || !m.Timestamp.Equal(at) || len(history) != 1 || !same(history[0].Value, v) {
					t.Errorf("%v came back as %+v, history %+v", v, m, history)
				}
			}
		}
		if got.Metrics["one 3"].Step != 3 || got.Metrics["many 3"].Step != -3 {
			t.Errorf("steps %+v", got.Metrics)
		}
	})
}

func TestMetricHistory(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		var want []mlflowclient.Metric
		for i := range 25 {
			want = append(want, mlflowclient.Metric{Key: "m", Value: float64(i * i), Step: int64(i), Timestamp: time.UnixMilli(int64(1000 + i))})
		}
		must(t, c.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{Metrics: want}))
		must(t, c.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{Metrics: want[:10]})) // stored once
		for _, size := range []int{0, 1, 7, 25, 25_000} {
			got := collect(t, c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: "m", PageSize: size}))
			if len(got) != len(want) {
				t.Fatalf("pages of %d: %d points of %d", size, len(got), len(want))
			}
			slices.SortFunc(got, func(a, b *mlflowclient.Metric) int { return int(a.Step - b.Step) })
			for i, m := range got {
				if m.Value != want[i].Value || m.Step != want[i].Step || !m.Timestamp.Equal(want[i].Timestamp) {
					t.Errorf("pages of %d: point %d is %+v", size, i, m)
				}
			}
		}
		if got := collect(t, c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: "never logged"})); len(got) != 0 {
			t.Errorf("a metric that was never logged has %d points", len(got))
		}
		for _, err := range c.Metrics.History(ctx, mlflowclient.MetricHistory{RunID: run.ID, Key: "m", PageSize: 25_001}) {
			if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("a page over the limit: %v", err)
			}
		}
	})
}

func TestLatestMetric(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		type point struct{ step, ms, value int64 }
		tests := map[string]struct {
			points []point
			want   int64
		}{
			"highest step":            {[]point{{1, 9, 10}, {3, 1, 30}, {2, 9, 20}}, 30},
			"then latest time":        {[]point{{3, 5, 50}, {3, 7, 70}, {3, 6, 60}}, 70},
			"then highest value":      {[]point{{3, 5, 50}, {3, 5, 90}, {3, 5, 60}}, 90},
			"negative steps":          {[]point{{-5, 9, 1}, {-1, 1, 2}}, 2},
			"the first is the latest": {[]point{{7, 1, 1}, {1, 2, 2}}, 1},
		}
		run := newRun(t, c, mlflowclient.CreateRun{})
		for key, tt := range tests {
			for _, how := range []string{" one by one", " in a batch"} {
				var batch mlflowclient.Batch
				for _, p := range tt.points {
					batch.Metrics = append(batch.Metrics, mlflowclient.Metric{
						Key: key + how, Step: p.step, Timestamp: time.UnixMilli(p.ms), Value: float64(p.value),
					})
				}
				if how == " in a batch" {
					must(t, c.Runs.LogBatch(ctx, run.ID, batch))
					continue
				}
				for _, m := range batch.Metrics {
					must(t, c.Runs.LogMetric(ctx, run.ID, m))
				}
			}
		}
		got := getRun(t, c, run.ID)
		for key, tt := range tests {
			for _, how := range []string{" one by one", " in a batch"} {
				if m := got.Metrics[key+how]; m.Value != float64(tt.want) {
					t.Errorf("%s: %v, want %d", key+how, m.Value, tt.want)
				}
			}
		}
	})
}

func TestMetricDefaults(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		must(t, c.Runs.LogMetric(ctx, run.ID, mlflowclient.Metric{Key: "now"}))
		must(t, c.Runs.LogMetric(ctx, run.ID, mlflowclient.Metric{Key: "epoch", Timestamp: time.UnixMilli(0)}))
		got := getRun(t, c, run.ID)
		if since := time.Since(got.Metrics["now"].Timestamp); since < 0 || since > time.Minute {
			t.Errorf("a point without a time is of %v", got.Metrics["now"].Timestamp)
		}
		if m := got.Metrics["epoch"]; !m.Timestamp.Equal(time.UnixMilli(0)) {
			t.Errorf("a point of 1970 is of %v", m.Timestamp)
		}
	})
}

func TestMetricBulkInterval(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		experiment := newExperiment(t, c)
		a := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment})
		b := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment})
		for _, run := range []*mlflowclient.Run{a, b} {
			var batch mlflowclient.Batch
			for i := range 50 {
				batch.Metrics = append(batch.Metrics, mlflowclient.Metric{Key: "m", Value: float64(i), Step: int64(i), Timestamp: time.UnixMilli(int64(i))})
			}
			must(t, c.Runs.LogBatch(ctx, run.ID, batch))
		}
		all, err := c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{RunIDs: []string{a.ID, b.ID}, Key: "m"})
		must(t, err)
		count := map[string]int{}
		for _, m := range all {
			count[m.RunID]++
		}
		if len(all) != 100 || count[a.ID] != 50 || count[b.ID] != 50 {
			t.Errorf("%d points, %v", len(all), count)
		}
		from, to := int64(10), int64(19)
		part, err := c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{RunIDs: []string{a.ID}, Key: "m", StartStep: &from, EndStep: &to})
		must(t, err)
		if len(part) != 10 || part[0].Step != 10 || part[9].Step != 19 {
			t.Errorf("steps 10 to 19 are %d points", len(part))
		}
		few, err := c.Metrics.BulkInterval(ctx, mlflowclient.BulkInterval{RunIDs: []string{a.ID}, Key: "m", MaxResults: 5})
		must(t, err)
		if len(few) < 5 || len(few) > 10 || few[0].Step != 0 || few[len(few)-1].Step != 49 {
			t.Errorf("thinned out to %d points", len(few))
		}
	})
}
