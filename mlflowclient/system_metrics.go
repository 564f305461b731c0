package mlflowclient

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// systemPrefix is what MLflow's user interface shows as "System metrics", over time.
const systemPrefix = "system/"

// SystemMetrics says how the machine is watched while a run lasts: with the names and units of MLflow's Python client,
//
//	system/cpu_utilization_percentage
//	system/system_memory_usage_megabytes, …_percentage
//	system/disk_usage_percentage, disk_usage_megabytes, disk_available_megabytes   of the root file system
//	system/network_receive_megabytes, network_transmit_megabytes                   since the run began
//	system/gpu_0_utilization_percentage, …_memory_usage_megabytes, …_memory_usage_percentage,
//	       …_power_usage_watts, …_power_usage_percentage                           of NVIDIA's GPUs
//
// A megabyte has 1,000,000 bytes. What a GPU does is asked of the program nvidia-smi, which comes with the driver; without it there
// are no GPU metrics. As in Python nothing is logged before the first Interval is over.
type SystemMetrics struct {
	// Interval is the time between samples; 0 means ten seconds.
	Interval time.Duration
	// Samples are averaged (but for the network's, which are sums) and logged together; 0 means 1.
	Samples int
	// NodeID, unless empty, comes behind "system/", so that the nodes of one run can be told apart.
	NodeID string
	// Logger, unless nil, hears of samples that could not be taken or logged. They never fail the run.
	Logger *slog.Logger
}

func (m *SystemMetrics) validate() error {
	if m.Interval < 0 || m.Samples < 0 {
		return invalid("system metrics: an interval of %v or %d samples", m.Interval, m.Samples)
	}
	if m.NodeID != "" {
		return checkKey("metric", systemPrefix+m.NodeID+"/x")
	}
	return nil
}

func (m SystemMetrics) withDefaults() SystemMetrics {
	if m.Interval == 0 {
		m.Interval = 10 * time.Second
	}
	if m.Samples == 0 {
		m.Samples = 1
	}
	if m.Logger == nil {
		m.Logger = slog.New(slog.DiscardHandler)
	}
	return m
}

// monitor samples until it is stopped, or its run is no longer running.
type monitor struct {
	cfg    SystemMetrics
	runs   *RunService
	runID  string
	step   int64
	probe  probe
	cancel context.CancelFunc
	ended  chan struct{}
}

func startMonitor(ctx context.Context, runs *RunService, runID string, cfg SystemMetrics, step int64) *monitor {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m := &monitor{cfg: cfg.withDefaults(), runs: runs, runID: runID, step: step, cancel: cancel, ended: make(chan struct{})}
	go m.watch(ctx)
	return m
}

// stop ends the sampling; what was sampled since the last point is dropped, as in Python. A monitor that is not there has stopped.
func (m *monitor) stop() {
	if m == nil {
		return
	}
	m.cancel()
	<-m.ended
}

func (m *monitor) watch(ctx context.Context) {
	defer close(m.ended)
	defer m.cancel()
	if err := m.probe.begin(ctx); err != nil {
		m.warn(ctx, "the system cannot be watched", err)
	}
	ticks := time.NewTicker(m.cfg.Interval)
	defer ticks.Stop()
	samples := make([]map[string]float64, 0, m.cfg.Samples)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		sample, err := m.probe.sample(ctx)
		if err != nil {
			m.warn(ctx, "a part of the system could not be sampled", err)
		}
		if samples = append(samples, sample); len(samples) < m.cfg.Samples {
			continue
		}
		if m.publish(ctx, aggregate(samples)) {
			return
		}
		samples = samples[:0]
	}
}

// publish logs a point, and says whether the run has ended. A point that cannot be logged is dropped.
func (m *monitor) publish(ctx context.Context, values map[string]float64) (over bool) {
	run, err := m.runs.Get(ctx, m.runID)
	if err != nil {
		m.warn(ctx, "system metrics could not be logged", err)
		return false
	}
	if run.Status != StatusRunning || run.Stage == StageDeleted {
		return true
	}
	prefix := systemPrefix
	if m.cfg.NodeID != "" {
		prefix += m.cfg.NodeID + "/"
	}
	now := time.Now()
	var batch Batch
	for _, key := range slices.Sorted(maps.Keys(values)) {
		batch.Metrics = append(batch.Metrics, Metric{Key: prefix + key, Value: values[key], Timestamp: now, Step: m.step})
	}
	if err := m.runs.LogBatch(ctx, m.runID, batch); err != nil {
		m.warn(ctx, "system metrics could not be logged", err)
		return false
	}
	m.step++
	return false
}

// warn is silent about what stop has broken off.
func (m *monitor) warn(ctx context.Context, message string, err error) {
	if ctx.Err() == nil {
		m.cfg.Logger.WarnContext(ctx, message, "run", m.runID, "error", err)
	}
}

// aggregate is the mean of each value over the samples that have it, to one decimal, which is Python's; of the network, which only counts up,
// it is the last value.
func aggregate(samples []map[string]float64) map[string]float64 {
	all := map[string][]float64{}
	for _, sample := range samples {
		for key, value := range sample {
			all[key] = append(all[key], value)
		}
	}
	out := make(map[string]float64, len(all))
	for key, values := range all {
		if strings.HasPrefix(key, "network_") {
			out[key] = values[len(values)-1]
			continue
		}
		sum := 0.0
		for _, value := range values {
			sum += value
		}
		out[key] = math.RoundToEven(sum/float64(len(values))*10) / 10
	}
	return out
}
