package predictsvc

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

// around does for every request what is not its own: id, count, time, span, log, and the answer to a panic.
func (s *Service) around(c *gin.Context) {
	started := time.Now()
	s.metrics.inFlight.Inc()
	id := requestID(c.Request.Header)
	c.Set(keyRequestID, id)
	header := c.Writer.Header()
	header[headerRequestID] = []string{id}
	if s.stopping.Load() {
		header["Connection"] = closeHeader // the next request of this client is for another instance
	}
	span := s.startSpan(c)
	defer func() {
		if p := recover(); p != nil {
			s.config.Logger.ErrorContext(c, "a request made the service panic", "request_id", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				s.refuse(c, refusef(http.StatusInternalServerError, "internal error; the service's log has the request id %s", id))
			}
		}
		s.metrics.inFlight.Dec()
		s.observe(c, id, span, time.Since(started))
	}()
	c.Next()
}

// closeHeader is shared; net/http only reads it.
var closeHeader = []string{"close"}

// observe counts and logs a request that was answered. One that went well is logged for those who debug only: there are thousands.
func (s *Service) observe(c *gin.Context, id string, span Span, took time.Duration) {
	route, status := c.FullPath(), c.Writer.Status()
	if route == "" {
		route = "other"
	}
	s.metrics.route(route).observe(status, took)
	span.End(status, lastError(c))
	level := slog.LevelDebug
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case status >= http.StatusBadRequest:
		level = slog.LevelInfo
	}
	if !s.config.Logger.Enabled(c, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", id), slog.String("method", c.Request.Method), slog.String("route", route), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	if trace := span.TraceID(); trace != "" {
		attrs = append(attrs, slog.String("trace_id", trace))
	}
	if reason := lastError(c); reason != "" {
		attrs = append(attrs, slog.String("error", reason))
	}
	s.config.Logger.LogAttrs(c, level, "request", attrs...)
}

// lastError is why a request was refused.
func lastError(c *gin.Context) string {
	if last := c.Errors.Last(); last != nil {
		return last.Error()
	}
	return ""
}
