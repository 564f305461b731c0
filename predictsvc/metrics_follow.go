package predictsvc

import "github.com/prometheus/client_golang/prometheus"

// followMetrics tell how following a model goes.
type followMetrics struct {
	modelInfo     *prometheus.GaugeVec
	modelLoaded   prometheus.Gauge
	reloads       *prometheus.CounterVec
	followFailing prometheus.Gauge
}

// newFollowMetrics registers them by names that begin with prefix; role says what the model is for.
func newFollowMetrics(registry *prometheus.Registry, prefix, role string) followMetrics {
	m := followMetrics{
		modelInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: prefix + "_info", Help: "1 for the model that is " + role + ".",
		}, []string{"model", "version", "run_id"}),
		modelLoaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: prefix + "_loaded_timestamp_seconds", Help: "When the model that is " + role + " was loaded, in Unix time.",
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "_loads_total", Help: "Models loaded to be " + role + " (ok) and refused (failed); the first counts, too.",
		}, []string{"outcome"}),
		followFailing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: prefix + "_follow_failing", Help: "1 while the last look at the registry failed.",
		}),
	}
	registry.MustRegister(m.modelInfo, m.modelLoaded, m.reloads, m.followFailing)
	for _, outcome := range []string{"ok", "failed"} { // so that a rate over them has a beginning
		m.reloads.WithLabelValues(outcome)
	}
	return m
}

// serving names the model.
func (m *followMetrics) serving(to *model) {
	m.modelInfo.Reset()
	m.modelInfo.WithLabelValues(to.name(), to.Version, to.RunID).Set(1)
	m.modelLoaded.Set(float64(to.loadedAt.UnixMilli()) / 1000)
}
