package prefectclient

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// workerMetrics is what a worker tells of itself.
type workerMetrics struct {
	registry           *prometheus.Registry
	active             prometheus.Gauge
	runs               *prometheus.CounterVec
	claimsLost         prometheus.Counter
	pollFailures       prometheus.Counter
	subprocessFailures prometheus.Counter
	delay              prometheus.Histogram
	lastPoll           atomic.Int64 // Unix nanoseconds
}

func newWorkerMetrics(config WorkerConfig) *workerMetrics {
	m := &workerMetrics{registry: prometheus.NewRegistry()}
	labels := prometheus.Labels{"worker": config.Name, "pool": config.Pool}
	m.active = prometheus.NewGauge(prometheus.GaugeOpts{Name: "prefect_worker_flow_runs_active", Help: "Flow runs that this worker runs now.", ConstLabels: labels})
	m.runs = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "prefect_worker_flow_runs_total", Help: "Flow runs that this worker has run, whatever their end, by flow.", ConstLabels: labels,
	}, []string{"flow"})
	m.subprocessFailures = prometheus.NewCounter(prometheus.CounterOpts{Name: "prefect_worker_subprocess_failures_total", Help: "Subprocesses that could not be started or did not end by themselves.", ConstLabels: labels})
	m.claimsLost = prometheus.NewCounter(prometheus.CounterOpts{Name: "prefect_worker_claims_lost_total", Help: "Flow runs that another worker had claimed, or that were not to be started.", ConstLabels: labels})
	m.pollFailures = prometheus.NewCounter(prometheus.CounterOpts{Name: "prefect_worker_poll_failures_total", Help: "Failed questions for flow runs.", ConstLabels: labels})
	m.delay = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "prefect_worker_start_delay_seconds", Help: "Time between a flow run's expected start and its claim.", ConstLabels: labels,
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
	})
	lastPoll := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "prefect_worker_last_poll_timestamp_seconds", Help: "When the server last answered the question for flow runs.", ConstLabels: labels}, func() float64 {
		return float64(m.lastPoll.Load()) / 1e9
	})
	m.registry.MustRegister(m.active, m.runs, m.subprocessFailures, m.claimsLost, m.pollFailures, m.delay, lastPoll)
	return m
}

func (m *workerMetrics) polled() { m.lastPoll.Store(time.Now().UnixNano()) }

// Handler answers for a worker, for a server of the caller's: /metrics in Prometheus' form; /health with 200 while the
// server hands out flow runs, and with 503 when it has not for three poll intervals and 30 seconds.
func (w *Worker) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /health", func(rw http.ResponseWriter, _ *http.Request) {
		last := w.metrics.lastPoll.Load()
		age := time.Since(time.Unix(0, last)).Truncate(time.Millisecond)
		switch {
		case last == 0:
			http.Error(rw, "the worker has not reached the Prefect server yet", http.StatusServiceUnavailable)
		case age > 3*w.config.PollInterval+30*time.Second:
			http.Error(rw, fmt.Sprintf("the Prefect server has not answered for %v", age), http.StatusServiceUnavailable)
		default:
			fmt.Fprintf(rw, "the Prefect server answered %v ago\n", age)
		}
	})
	return mux
}
