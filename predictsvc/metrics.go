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

	followMetrics

	logWritten   prometheus.Counter
	logDropped   *prometheus.CounterVec
	logFailing   prometheus.Gauge
	spoolFailing prometheus.Gauge
	feedback     prometheus.Counter
	webhooks     *prometheus.CounterVec
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
		inFlight:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "predictor_http_requests_in_flight", Help: "Requests under way."}),
		predicted:  prometheus.NewCounter(prometheus.CounterOpts{Name: "predictor_predictions_total", Help: "Rows answered with a prediction."}),
		logWritten: prometheus.NewCounter(prometheus.CounterOpts{Name: "predictor_log_written_total", Help: "Predictions written to Postgres."}),
		logDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "predictor_log_dropped_total", Help: "Predictions answered that will never be in Postgres, by reason.",
		}, []string{"reason"}),
		logFailing: prometheus.NewGauge(prometheus.GaugeOpts{Name: "predictor_log_failing", Help: "1 while Postgres does not take predictions."}),
		spoolFailing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "predictor_log_spool_failing", Help: "1 while the disk does not take predictions.",
		}),
		feedback: prometheus.NewCounter(prometheus.CounterOpts{Name: "predictor_feedback_total", Help: "True labels accepted."}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "predictor_webhook_calls_total", Help: "Calls of MLflow's webhook, by outcome: followed, of no concern (ignored), not genuine or not understood (refused).",
		}, []string{"outcome"}),
	}
	m.followMetrics = newFollowMetrics(m.registry, "predictor_model", "served")
	m.registry.MustRegister(m.requests, m.latency, m.inFlight, m.predicted,
		m.logWritten, m.logDropped, m.logFailing, m.spoolFailing, m.feedback, m.webhooks,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, reason := range []string{"memory full", "spool full", "shutdown", "invalid"} { // so that a rate over them has a beginning
		m.logDropped.WithLabelValues(reason)
	}
	for _, outcome := range []string{"followed", "ignored", "refused"} {
		m.webhooks.WithLabelValues(outcome)
	}
	return m
}

// logSize registers how much waits for Postgres.
func (m *metrics) logSize(rows, bytes func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "predictor_log_queue_rows", Help: "Rows that wait to be written to Postgres, in memory and in the spool.",
	}, rows), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "predictor_log_spool_bytes", Help: "Bytes of the spool on disk.",
	}, bytes))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
