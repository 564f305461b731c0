package predictsvc

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// Headers of requests and answers.
const (
	headerRequestID    = "X-Request-Id"
	headerModelName    = "X-Model-Name"
	headerModelVersion = "X-Model-Version"
	headerModelRunID   = "X-Model-Run-Id"
)

// keyRequestID is where the middleware leaves the request's id for the handlers.
const keyRequestID = "request id"

// newEngine makes the routes.
func (s *Service) newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode) // without it gin writes its routes to standard output
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true
	e.Use(s.around)
	e.POST("/predict", s.predict)
	for _, path := range []string{"/health", "/ready"} {
		e.GET(path, s.health)
		e.HEAD(path, s.health)
	}
	e.GET("/metrics", gin.WrapH(s.metrics.handler()))
	e.NoRoute(func(c *gin.Context) {
		s.refuse(c, refusef(http.StatusNotFound, "there is no %s here; POST /predict predicts, GET /health and /metrics tell how it goes", c.Request.URL.Path))
	})
	e.NoMethod(func(c *gin.Context) {
		s.refuse(c, refusef(http.StatusMethodNotAllowed, "%s is not a method of %s; use %s", c.Request.Method, c.Request.URL.Path, c.Writer.Header().Get("Allow")))
	})
	return e
}

// around does for every request what is not its own: id, count, time, log, and the answer to a panic.
func (s *Service) around(c *gin.Context) {
	started := time.Now()
	s.metrics.inFlight.Inc()
	id := requestID(c.Request.Header)
	c.Set(keyRequestID, id)
	c.Writer.Header()[headerRequestID] = []string{id}
	defer func() {
		if p := recover(); p != nil {
			s.config.Logger.ErrorContext(c, "a request made the service panic", "request_id", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				s.refuse(c, refusef(http.StatusInternalServerError, "internal error; the service's log has the request id %s", id))
			}
		}
		s.metrics.inFlight.Dec()
		s.observe(c, id, time.Since(started))
	}()
	c.Next()
}

// observe counts and logs a request that was answered. One that went well is logged for those who debug only: there are thousands.
func (s *Service) observe(c *gin.Context, id string, took time.Duration) {
	route, status := c.FullPath(), c.Writer.Status()
	if route == "" {
		route = "other"
	}
	s.metrics.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	s.metrics.latency.WithLabelValues(route).Observe(took.Seconds())
	level := slog.LevelDebug
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case status >= http.StatusBadRequest:
		level = slog.LevelInfo
	}
	if s.config.Logger.Enabled(c, level) {
		s.config.Logger.LogAttrs(c, level, "request", slog.String("request_id", id), slog.String("method", c.Request.Method),
			slog.String("route", route), slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("error", c.Errors.String()))
	}
}

// refuse answers with an error as JSON.
func (s *Service) refuse(c *gin.Context, err *requestError) {
	_ = c.Error(err) // for the log
	if err.status == http.StatusServiceUnavailable {
		c.Header("Retry-After", "1")
	}
	c.AbortWithStatusJSON(err.status, gin.H{"error": err.message})
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
