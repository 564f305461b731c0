package predictsvc

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// routeMetrics are the figures of one route, found once: looking them up by their labels takes longer than counting.
type routeMetrics struct {
	latency prometheus.Observer
	ok      prometheus.Counter
	other   *prometheus.CounterVec // by status
}

// route finds the figures of a route. There are as many as there are routes, so all are kept.
func (m *metrics) route(name string) *routeMetrics {
	if found, ok := m.routes.Load(name); ok {
		return found.(*routeMetrics)
	}
	made, _ := m.routes.LoadOrStore(name, &routeMetrics{
		latency: m.latency.WithLabelValues(name), ok: m.requests.WithLabelValues(name, strconv.Itoa(http.StatusOK)),
		other: m.requests.MustCurryWith(prometheus.Labels{"route": name}),
	})
	return made.(*routeMetrics)
}

// observe counts a request that was answered.
func (r *routeMetrics) observe(status int, took time.Duration) {
	r.latency.Observe(took.Seconds())
	if status == http.StatusOK {
		r.ok.Inc()
		return
	}
	r.other.WithLabelValues(strconv.Itoa(status)).Inc()
}
