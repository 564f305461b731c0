package predictsvc

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// healthReport is the answer of /health.
type healthReport struct {
	// Status is ok, degraded (a prediction is answered, but the registry or Postgres is not reached) or unavailable.
	Status    string          `json:"status"`
	Model     *modelReport    `json:"model"`
	Following followReport    `json:"following"`
	Log       predictionsInfo `json:"prediction_log"`
	Shadow    *shadowReport   `json:"shadow,omitempty"`
}

type modelReport struct {
	Name      string    `json:"name"`
	Version   string    `json:"version"`
	RunID     string    `json:"run_id"`
	ModelID   string    `json:"model_id"`
	LoadedAt  time.Time `json:"loaded_at"`
	FromCache bool      `json:"started_from_cache"`
}

type followReport struct {
	URI         string     `json:"uri"`
	CheckedAt   *time.Time `json:"checked_at"`
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at,omitempty"`
	// Loading is the version that is fetched and tried beside the one that is served.
	Loading *loadingReport `json:"loading,omitempty"`
}

type loadingReport struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
}

type predictionsInfo struct {
	Enabled bool `json:"enabled"`
	// Waiting rows are not in Postgres yet; Spooled are those of them that a killed process would not lose.
	Waiting    int    `json:"waiting_rows"`
	Spooled    int    `json:"spooled_rows"`
	SpoolBytes int64  `json:"spool_bytes"`
	Dropped    int    `json:"dropped_rows"`
	Damaged    int64  `json:"damaged_spool_bytes,omitempty"`
	LastError  string `json:"last_error,omitempty"`
}

// health answers GET /health and /ready: 200 when predictions are answered, 503 otherwise.
func (s *Service) health(c *gin.Context) {
	report := s.report()
	status := http.StatusOK
	if report.Status == "unavailable" {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", "1")
	}
	c.JSON(status, report)
}

// live answers GET /live: 200 while the process can answer at all. Whoever starts it anew when this fails must not do so because MLflow is
// down, or because the service is on its way to its end.
func (s *Service) live(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "live"}) }

func (s *Service) report() healthReport {
	report := healthReport{Status: "ok", Following: s.follower.report()}
	if report.Following.LastError != "" {
		report.Status = "degraded"
	}
	if s.recorder != nil {
		state := s.recorder.state()
		report.Log = predictionsInfo{
			Enabled: true, Waiting: state.waiting, Spooled: state.spooled, SpoolBytes: state.spoolBytes, Dropped: state.dropped, Damaged: state.damaged,
		}
		if state.err != nil {
			report.Status, report.Log.LastError = "degraded", state.err.Error()
		}
	}
	if s.shadow != nil {
		report.Shadow = s.shadow.report()
	}
	m := s.follower.current.Load()
	if m == nil || s.stopping.Load() {
		report.Status = "unavailable"
	}
	report.Model = m.report()
	return report
}

// report is nil without a model.
func (m *model) report() *modelReport {
	if m == nil {
		return nil
	}
	return &modelReport{
		Name: m.name(), Version: m.Version, RunID: m.RunID, ModelID: m.ModelID, LoadedAt: m.loadedAt.UTC(), FromCache: m.fromCache,
	}
}

func (f *follower) report() followReport {
	state := f.state()
	report := followReport{URI: f.uri, CheckedAt: notZero(state.checkedAt), LastErrorAt: notZero(state.errAt)}
	if state.err != nil {
		report.LastError = state.err.Error()
	}
	if state.loading != (source{}) {
		report.Loading = &loadingReport{Name: state.loading.name(), Version: state.loading.Version, Since: state.loadingSince.UTC()}
	}
	return report
}

func notZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
