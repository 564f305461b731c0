package embedded

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"
)

// The benchmarks' unit is one request, with its JSON on both sides.

func BenchmarkLogMetric(b *testing.B) {
	s := openStore(b)
	run := newRun(b, s)
	for i := 0; b.Loop(); i++ {
		post(b, s, "runs/log-metric", fmt.Sprintf(`{"run_id":%q,"key":"acc","value":0.5,"timestamp":%d,"step":%d}`, run, i, i))
	}
}

func BenchmarkLogBatch100(b *testing.B) {
	s := openStore(b)
	run := newRun(b, s)
	for i := 0; b.Loop(); i++ {
		post(b, s, "runs/log-batch", batchOf100(run, i))
	}
}

func batchOf100(run string, i int) m {
	metrics := make([]m, 100)
	for j := range metrics {
		metrics[j] = m{"key": fmt.Sprintf("m%d", j), "value": i, "timestamp": 1, "step": i}
	}
	return m{"run_id": run, "metrics": metrics}
}

func BenchmarkSearch1000Runs(b *testing.B) {
	s := openStore(b)
	for i := range 1000 {
		run := newRun(b, s)
		post(b, s, "runs/log-batch", m{"run_id": run, "metrics": []m{{"key": "acc", "value": i % 17, "timestamp": 1}}, "params": []m{{"key": "depth", "value": fmt.Sprint(i)}}})
	}
	for b.Loop() {
		post(b, s, "runs/search", m{"experiment_ids": []string{"0"}, "filter": "metrics.acc > 3", "order_by": []string{"metrics.acc DESC"}})
	}
}

// TestFasterThanPython times MLflow's Python client and the store on the same file, one after the other. The fastest call of each side
// counts: what else the machine does can only add to a time.
func TestFasterThanPython(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mlflow.db")
	s := openAt(t, path, dir)
	run := newRun(t, s)
	const n = 100
	var python struct{ Single, Batch float64 }
	if err := json.Unmarshal([]byte(runPython(t, dir, "interop.py", "batches", "sqlite:///"+path, run, fmt.Sprint(n))), &python); err != nil {
		t.Fatal(err)
	}
	single := fastest(n, func(i int) {
		post(t, s, "runs/log-metric", m{"run_id": run, "key": "single", "value": i, "timestamp": 2, "step": i})
	})
	batch := fastest(n, func(i int) { post(t, s, "runs/log-batch", batchOf100(run, n+i)) })
	t.Logf("log-metric %.0f times as fast as Python (%.2f against %.2f ms), log-batch of 100 %.0f times (%.2f against %.2f ms)",
		python.Single/single, single*1e3, python.Single*1e3, python.Batch/batch, batch*1e3, python.Batch*1e3)
	if python.Single < 3*single || python.Batch < 3*batch {
		t.Errorf("less than 3 times as fast")
	}
}

// fastest is the shortest of n calls, in seconds.
func fastest(n int, call func(i int)) float64 {
	shortest := math.Inf(1)
	for i := range n {
		begin := time.Now()
		call(i)
		shortest = min(shortest, time.Since(begin).Seconds())
	}
	return shortest
}
