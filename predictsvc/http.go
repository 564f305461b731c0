package predictsvc

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// Headers of requests and answers.
const (
	headerRequestID    = "X-Request-Id"
	headerModelName    = "X-Model-Name"
	headerModelVersion = "X-Model-Version"
	headerModelRunID   = "X-Model-Run-Id"
	headerModelAlias   = "X-Model-Alias"
)

// keyRequestID is where the middleware leaves the request's id for the handlers.
const keyRequestID = "request id"

// newEngine makes the routes.
func (s *Service) newEngine() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode) // without it gin writes its routes to standard output
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true
	e.Use(s.around)
	if err := s.installAccess(e); err != nil {
		return nil, err
	}
	e.POST("/predict", s.predict)
	e.POST("/invocations", s.invocations)
	e.POST("/feedback", s.feedback)
	if s.config.WebhookSecret != "" {
		e.POST(webhookPath, s.webhook)
	}
	s.installInfer(e)
	for path, handler := range map[string]gin.HandlerFunc{
		"/health": s.health, "/ready": s.health, "/live": s.live, "/ping": s.ping, "/version": s.version,
	} {
		e.GET(path, handler)
		e.HEAD(path, handler)
	}
	e.GET("/metrics", gin.WrapH(s.metrics.handler()))
	if err := s.installPages(e); err != nil {
		return nil, err
	}
	e.NoRoute(func(c *gin.Context) {
		s.refuse(c, refusef(http.StatusNotFound, "there is no %s here; POST /predict predicts, POST /invocations does so in MLflow's scoring protocol, "+
			"GET /v2 begins the Open Inference Protocol, GET /health and /metrics tell how it goes", c.Request.URL.Path))
	})
	e.NoMethod(func(c *gin.Context) {
		s.refuse(c, refusef(http.StatusMethodNotAllowed, "%s is not a method of %s; use %s", c.Request.Method, c.Request.URL.Path, c.Writer.Header().Get("Allow")))
	})
	return e, nil
}

// refuse answers with an error as JSON.
func (s *Service) refuse(c *gin.Context, err *requestError) {
	note(c, err)
	c.AbortWithStatusJSON(err.status, gin.H{"error": err.message})
}

// note does what comes of every error, however it is written.
func note(c *gin.Context, err *requestError) {
	_ = c.Error(err) // for the log
	if err.status == http.StatusServiceUnavailable {
		c.Header("Retry-After", "1")
	}
}

// requestID takes the client's id when it is fit to stand in a log and in a table, and makes one otherwise.
func requestID(header http.Header) string {
	if given := header.Get(headerRequestID); validRequestID(given) {
		return given
	}
	return uuid.Must(uuid.NewV7()).String()
}

const longestRequestID = 128

func validRequestID(id string) bool {
	if id == "" || len(id) > longestRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' && c != ':' && c != '/' && c != '+' && c != '=' {
			return false
		}
	}
	return true
}
