package mlflowclient_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// BenchmarkLogMetric logs metrics one at a time to the real server of two workers: by Python's client, by ours with the
// kernel's delayed acknowledgements, by ours as it is, and by eight goroutines, which share requests. All take turns
// within one iteration, so that the ratios hold whatever else the machine does:
//
//	go test -run XXX -bench LogMetric -benchtime 5x ./mlflowclient
func BenchmarkLogMetric(b *testing.B) {
	uri := stack.Get(b).MLflowURI
	quickClient, delayed := open(b, uri), open(b, uri, mlflowclient.WithDelayedACK())
	run := newRun(b, quickClient, mlflowclient.CreateRun{})
	python := startPython(b, uri, run.ID)

	const n = 40
	log := func(c *mlflowclient.Client, workers int) float64 {
		began := time.Now()
		var wg sync.WaitGroup
		for worker := range workers {
			wg.Go(func() {
				for i := range n {
					m := mlflowclient.Metric{Key: "go", Value: float64(i) / 2, Step: int64(worker*n + i)}
					if err := c.Runs.LogMetric(b.Context(), run.ID, m); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		return time.Since(began).Seconds() / float64(workers)
	}
	log(quickClient, 1)
	log(delayed, 1)
	b.ResetTimer()

	var ofPython, ofDelayed, ofQuick, ofEight float64
	rounds := 0.0
	for b.Loop() {
		ofPython += python(n)
		ofDelayed += log(delayed, 1)
		ofQuick += log(quickClient, 1)
		ofEight += log(quickClient, 8)
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	for unit, seconds := range map[string]float64{"python": ofPython, "delayed": ofDelayed, "quickack": ofQuick, "8workers": ofEight} {
		b.ReportMetric(n*rounds/seconds, unit+"/s")
	}
	b.ReportMetric(ofPython/ofQuick, "xPython")
	b.ReportMetric(ofPython/ofEight, "8workers-xPython")
	b.ReportMetric(ofDelayed/ofQuick, "xDelayed")
}

// startPython starts testdata/logmetric.py and returns a function that lets it log n metrics and gives the seconds.
func startPython(b *testing.B, uri, runID string) func(n int) float64 {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), stack.Python(b, "mlflow"), "testdata/logmetric.py", uri, runID)
	cmd.Env = append(os.Environ(), "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // its answers were read; how it ends says nothing
	})
	lines := bufio.NewScanner(out)
	return func(n int) float64 {
		if _, err := fmt.Fprintln(in, n); err != nil {
			b.Fatal(err)
		}
		if !lines.Scan() {
			b.Fatal("logmetric.py has ended")
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(lines.Text()), 64)
		if err != nil {
			b.Fatal(err)
		}
		return seconds
	}
}

// BenchmarkLogMetricEmbedded is the same on a database file.
func BenchmarkLogMetricEmbedded(b *testing.B) {
	c := open(b, "sqlite:///"+b.TempDir()+"/mlflow.db", mlflowclient.WithArtifactRoot(b.TempDir()))
	run := newRun(b, c, mlflowclient.CreateRun{})
	step := int64(0)
	for b.Loop() {
		step++
		if err := c.Runs.LogMetric(b.Context(), run.ID, mlflowclient.Metric{Key: "m", Value: float64(step), Step: step}); err != nil {
			b.Fatal(err)
		}
	}
}
