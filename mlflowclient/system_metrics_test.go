package mlflowclient_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// graphicsCard puts a program on the path that answers as nvidia-smi does on a machine with one GPU.
func graphicsCard(t *testing.T, answer string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\n[ \"$1\" = --query-gpu=index,utilization.gpu,memory.used,memory.total,power.draw,enforced.power.limit ] || exit 9\n" + answer + "\n"
	must(t, os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte(script), 0o755))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// awaitMetric waits until a metric of a run has n points.
func awaitMetric(t *testing.T, c *mlflowclient.Client, runID, key string, n int) []*mlflowclient.Metric {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		page, err := c.Metrics.HistoryPage(ctx, mlflowclient.MetricHistory{RunID: runID, Key: key}, "")
		must(t, err)
		if len(page.Items) >= n {
			return page.Items
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// systemValues are the run's system metrics, by their names without the prefix.
func systemValues(run *mlflowclient.Run, prefix string) map[string]float64 {
	values := map[string]float64{}
	for key, m := range run.Metrics {
		if name, ok := strings.CutPrefix(key, prefix); ok {
			values[name] = m.Value
		}
	}
	return values
}

// TestSystemMetricsAsPython lets MLflow's own monitor watch the same machine, and the same GPU: the names must be the same, what stands
// still must be equal, and what moves must be of the same size.
func TestSystemMetricsAsPython(t *testing.T) {
	uri := stack.Get(t).MLflowURI
	python := stack.Python(t, "psutil")
	psutil, err := exec.CommandContext(t.Context(), python, "-c", "import os, psutil; print(os.path.dirname(os.path.dirname(psutil.__file__)))").Output()
	must(t, err)
	t.Setenv("PYTHONPATH", strings.TrimSpace(string(psutil)))
	for name, value := range map[string]string{"USED_MIB": "1000", "TOTAL_MIB": "24576", "BUSY": "37", "MILLIWATTS": "71500", "LIMIT_MILLIWATTS": "450000"} {
		t.Setenv("GPU_"+name, value)
	}
	graphicsCard(t, "echo '0, 37, 1000, 24576, 71.50, 450.00'")

	c := open(t, uri)
	theirs := newRun(t, c, mlflowclient.CreateRun{})
	var nothing struct{}
	runPython(t, &nothing, "system.py", uri, theirs.ID)

	ours, err := c.Start(t.Context(), mlflowclient.StartRun{ExperimentID: theirs.ExperimentID, SystemMetrics: &mlflowclient.SystemMetrics{
		Interval: 50 * time.Millisecond, Samples: 2, NodeID: "node 1",
	}})
	must(t, err)
	awaitMetric(t, c, ours.ID, "system/node 1/cpu_utilization_percentage", 2)
	must(t, ours.End(t.Context(), mlflowclient.StatusFinished))

	got, want := systemValues(getRun(t, c, ours.ID), "system/node 1/"), systemValues(getRun(t, c, theirs.ID), "system/node 1/")
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) || len(want) != 13 {
		t.Fatalf("ours %v\nPython's %v", got, want)
	}
	for name, value := range got {
		switch {
		case strings.HasPrefix(name, "gpu_"):
			if value != want[name] {
				t.Errorf("%s is %v, Python's %v", name, value, want[name])
			}
		case strings.HasSuffix(name, "_percentage"):
			if value < 0 || value > 100 || strings.HasPrefix(name, "disk") && math.Abs(value-want[name]) > 5 {
				t.Errorf("%s is %v, Python's %v", name, value, want[name])
			}
		case strings.HasPrefix(name, "network_"):
			if value < 0 || value > 1e5 {
				t.Errorf("%s is %v", name, value)
			}
		default:
			if ratio := value / want[name]; ratio < 0.4 || ratio > 2.5 {
				t.Errorf("%s is %v, Python's %v", name, value, want[name])
			}
		}
	}
}

func TestSystemMetricsFollowTheRun(t *testing.T) {
	graphicsCard(t, "exit 1") // a driver without a card
	c := embeddedEnd(t)
	var log bytes.Buffer
	cfg := &mlflowclient.SystemMetrics{Interval: 10 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	const key = "system/cpu_utilization_percentage"
	var id string
	must(t, c.Track(t.Context(), mlflowclient.StartRun{SystemMetrics: cfg}, func(_ context.Context, run *mlflowclient.ActiveRun) error {
		id = run.ID
		awaitMetric(t, c, id, key, 3)
		return nil
	}))
	first := awaitMetric(t, c, id, key, 3)
	for i, m := range first {
		if m.Step != int64(i) || m.Value < 0 || m.Value > 100 {
			t.Errorf("point %d is %+v", i, m)
		}
	}
	if run := getRun(t, c, id); len(systemValues(run, "system/gpu_")) != 0 || len(systemValues(run, "system/")) != 8 {
		t.Errorf("metrics %v", run.Metrics)
	}
	if strings.Count(log.String(), "GPU metrics end") != 1 {
		t.Errorf("log %s", log.String())
	}

	// Taken up again, the steps go on.
	again, err := c.Start(t.Context(), mlflowclient.StartRun{RunID: id, SystemMetrics: cfg})
	must(t, err)
	awaitMetric(t, c, id, key, len(first)+2)
	// Ended by somebody else, the run gets nothing more.
	_, err = c.Runs.Update(t.Context(), id, mlflowclient.UpdateRun{Status: mlflowclient.StatusKilled})
	must(t, err)
	rest, ended := awaitMetric(t, c, id, key, 0), time.Now()
	for {
		time.Sleep(50 * time.Millisecond) // in which five more would come
		after := awaitMetric(t, c, id, key, 0)
		if len(after) == len(rest) {
			break
		}
		if rest = after; time.Since(ended) > 10*time.Second { // the last was under way when the run ended
			t.Fatalf("%d points, and more follow", len(rest))
		}
	}
	if last := rest[len(rest)-1]; last.Step != int64(len(rest)-1) {
		t.Errorf("the last of %d points is %+v", len(rest), last)
	}
	must(t, again.End(t.Context(), mlflowclient.StatusFinished))
}

func TestWithSystemMetrics(t *testing.T) {
	for _, bad := range []mlflowclient.SystemMetrics{{Interval: -1}, {Samples: -1}, {NodeID: "a#b"}, {NodeID: "/a"}} {
		if c, err := mlflowclient.New(t.Context(), "http://h", mlflowclient.WithSystemMetrics(bad)); err == nil {
			t.Errorf("%+v passes", bad)
			_ = c.Close()
		}
	}
	dir := t.TempDir()
	c := open(t, "sqlite:///"+filepath.Join(dir, "mlflow.db"), mlflowclient.WithArtifactRoot(dir),
		mlflowclient.WithSystemMetrics(mlflowclient.SystemMetrics{Interval: 10 * time.Millisecond}))
	must(t, c.Track(t.Context(), mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		awaitMetric(t, c, run.ID, "system/disk_usage_percentage", 1)
		return run.Track(ctx, mlflowclient.StartRun{}, func(_ context.Context, child *mlflowclient.ActiveRun) error {
			awaitMetric(t, c, child.ID, "system/disk_usage_percentage", 1)
			return nil
		})
	}))
}
