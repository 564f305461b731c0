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
}

type predictionsInfo struct {
	Enabled   bool   `json:"enabled"`
	Waiting   int    `json:"waiting_rows"`
	Dropped   int    `json:"dropped_rows"`
	LastError string `json:"last_error,omitempty"`
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
	following := s.follower.state()
	report := healthReport{Status: "ok", Following: followReport{
		URI: s.config.ModelURI, CheckedAt: notZero(following.checkedAt), LastErrorAt: notZero(following.errAt),
	}}
	if following.err != nil {
		report.Status, report.Following.LastError = "degraded", following.err.Error()
	}
	if s.recorder != nil {
		rows, dropped, err := s.recorder.state()
		report.Log = predictionsInfo{Enabled: true, Waiting: rows, Dropped: dropped}
		if err != nil {
			report.Status, report.Log.LastError = "degraded", err.Error()
		}
	}
	m := s.follower.current.Load()
	if m == nil || s.stopping.Load() {
		report.Status = "unavailable"
	}
	if m != nil {
		report.Model = &modelReport{
			Name: m.name(), Version: m.Version, RunID: m.RunID, ModelID: m.ModelID, LoadedAt: m.loadedAt.UTC(), FromCache: m.fromCache,
		}
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
