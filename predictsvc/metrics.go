package predictsvc

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the service's own, in a registry of its own: two services in one process do not meet.
type metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	latency   *prometheus.HistogramVec
	routes    sync.Map // of *routeMetrics by route
	inFlight  prometheus.Gauge
	predicted prometheus.Counter

	modelInfo     *prometheus.GaugeVec
	modelLoaded   prometheus.Gauge
	reloads       *prometheus.CounterVec
	followFailing prometheus.Gauge

	logWritten prometheus.Counter
	logDropped *prometheus.CounterVec
	logFailing prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "predictor_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "predictor_http_request_duration_seconds", Help: "Time from a request's header to the end of its handler.",
			Buckets: []float64{.000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}, []string{"route"}),
		inFlight:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "predictor_http_requests_in_flight", Help: "Requests under way."}),
		predicted: prometheus.NewCounter(prometheus.CounterOpts{Name: "predictor_predictions_total", Help: "Rows answered with a prediction."}),
		modelInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "predictor_model_info", Help: "1 for the model that is served.",
		}, []string{"model", "version", "run_id"}),
		modelLoaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "predictor_model_loaded_timestamp_seconds", Help: "When the model that is served was loaded, in Unix time.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "predictor_model_loads_total", Help: "Models loaded (ok) and refused (failed); the first counts, too.",
		}, []string{"outcome"}),
		followFailing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "predictor_model_follow_failing", Help: "1 while the last look at the registry failed.",
		}),
		logWritten: prometheus.NewCounter(prometheus.CounterOpts{Name: "predictor_log_written_total", Help: "Predictions written to Postgres."}),
		logDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "predictor_log_dropped_total", Help: "Predictions answered that will never be in Postgres, by reason.",
		}, []string{"reason"}),
		logFailing: prometheus.NewGauge(prometheus.GaugeOpts{Name: "predictor_log_failing", Help: "1 while Postgres does not take predictions."}),
	}
	m.registry.MustRegister(m.requests, m.latency, m.inFlight, m.predicted, m.modelInfo, m.modelLoaded, m.reloads, m.followFailing,
		m.logWritten, m.logDropped, m.logFailing,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range []string{"ok", "failed"} { // so that a rate over them has a beginning
		m.reloads.WithLabelValues(outcome)
	}
	for _, reason := range []string{"queue full", "shutdown", "invalid"} {
		m.logDropped.WithLabelValues(reason)
	}
	return m
}

// queueRows registers the length of the log's queue.
func (m *metrics) queueRows(length func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "predictor_log_queue_rows", Help: "Predictions that wait to be written to Postgres.",
	}, length))
}

// serving names the model that is served.
func (m *metrics) serving(to *model) {
	m.modelInfo.Reset()
	m.modelInfo.WithLabelValues(to.name(), to.Version, to.RunID).Set(1)
	m.modelLoaded.Set(float64(to.loadedAt.UnixMilli()) / 1000)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
